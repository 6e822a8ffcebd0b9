/*
 * From a plan to BPF, through libseccomp, one context for each ABI; and seccomp(2) itself.
 * Allows by default. What does not depend on the plan is core/guard.c's.
 */
#ifndef KENNEL_CORE_FILTER_H
#define KENNEL_CORE_FILTER_H

#include <linux/filter.h>

struct abi;
struct plan;

/*
 * The program for the plan on these ABIs; the caller frees it with filter_free(). 0 or
 * -errno; with an empty plan 0 and out->len == 0: nothing to load.
 */
int filter_build(const struct plan *plan, const struct abi *const *abis, unsigned count, struct sock_fprog *out);
void filter_free(struct sock_fprog *program);

/*
 * seccomp(SECCOMP_SET_MODE_FILTER) on this thread: 0 or a listener, or -errno. For the
 * child before exec: async-signal-safe.
 */
int filter_load(const struct sock_fprog *program, unsigned flags);

#endif
