/*
 * Which capabilities the payload keeps, and how they are given up. Whoever starts without any keeps none and pays
 * nothing. core/identity.c changes those of the supervisor later, within what is left.
 */
#ifndef KENNEL_CORE_CAPABILITY_H
#define KENNEL_CORE_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

struct policy;

#define CAPABILITY_BIT(number) (UINT64_C(1) << (number))

struct capability_sets {
	uint64_t effective, permitted, inheritable;
};

/* Of the calling thread: 0 or -errno. */
int capability_get(struct capability_sets *sets_out);
int capability_set(const struct capability_sets *sets);

/* Those that the payload of this policy keeps if it has them; all bits where the policy refuses nothing. */
uint64_t capability_kept(const struct policy *policy);

/*
 * Those that the supervisor keeps besides, permitted and not effective: to reach a payload that changed its ids, and to
 * say of a message who sent it.
 */
uint64_t capability_own(const struct policy *policy);

/*
 * The bounding set loses all others. What a capability permits is needed for that: it is done before that is given up.
 * Without it (-EPERM), no_new_privs has to do. 0 or -errno.
 */
int capability_unbind(uint64_t kept);

/*
 * The calling process gives up all others for good: effective and inheritable are only what is kept, permitted and
 * bounding also what is its own. We have no_new_privs: what is not permitted never comes back. 0 or -errno.
 */
int capability_drop(uint64_t kept, uint64_t own);

/* Is it permitted here? */
bool capability_permitted(unsigned number);

#endif
