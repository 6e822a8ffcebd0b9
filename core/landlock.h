/*
 * Landlock domains. The supervisor's own one is entered before the launcher is forked, so
 * that payloads inherit it and what we do for them is checked by the kernel a second time.
 */
#ifndef KENNEL_CORE_LANDLOCK_H
#define KENNEL_CORE_LANDLOCK_H

#include <stdbool.h>

struct grants;
struct policy;

/* The version of the kernel's Landlock, 0 where there is none. */
int landlock_abi(void);

/* True when the policy refuses by default to move names, and so may hold a ceiling over all of them. */
bool landlock_wanted(const struct policy *policy);

/*
 * Confines this process and what it forks: each kind of name is made, removed and moved between
 * directories only in hierarchies that hold all that the rules of its category, or of rename,
 * allow. Signals may be kept inside, too (ABI 6). Needs no_new_privs. 0 or -errno.
 */
int landlock_confine(const struct policy *policy, bool scope_signals);

/*
 * A ruleset (our descriptor) for the payload. With a policy (NULL: not so) only what it allows to execute can be
 * executed: one of which plan_exec_fits() says so. With grants (NULL: not so) only what they name can be read,
 * and listed: those that grants_fit(). It may keep signals inside, too (ABI 6): each domain costs every open a little.
 * -errno.
 */
int landlock_payload_ruleset(const struct policy *policy, const struct grants *grants, bool scope_signals);

/* For the child before exec: a domain of this ruleset. Needs no_new_privs. 0 or -errno. */
int landlock_enter(int ruleset);

/* A domain of its own that keeps signals inside (ABI 6). 0 or -errno. */
int landlock_scope_signals(void);

#endif
