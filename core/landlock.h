/*
 * Landlock domains. The supervisor's own one is entered before the launcher is forked, so
 * that payloads inherit it and what we do for them is checked by the kernel a second time.
 */
#ifndef KENNEL_CORE_LANDLOCK_H
#define KENNEL_CORE_LANDLOCK_H

#include <stdbool.h>

struct policy;

/* The version of the kernel's Landlock, 0 where there is none. */
int landlock_abi(void);

/* True when the policy refuses making and removing names outside what it allows to write. */
bool landlock_wanted(const struct policy *policy);

/*
 * Confines this process and what it forks: directories, symlinks, FIFOs, devices and
 * removals, moves between directories only below what the policy allows to create. Needs
 * no_new_privs. 0 or -errno.
 */
int landlock_confine(const struct policy *policy);

/* A domain of its own that keeps signals inside (ABI 6). 0 or -errno. */
int landlock_scope_signals(void);

#endif
