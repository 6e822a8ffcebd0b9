/*
 * The part of core/policy_diff.c that is about IP addresses and families of netlink. Pure.
 */
#ifndef KENNEL_CORE_POLICY_DIFF_NET_H
#define KENNEL_CORE_POLICY_DIFF_NET_H

#include "core/policy.h"

/* For each pair of rules that decide differently, with a name for which they do. */
typedef void policy_diff_tell_fn(void *context, struct decision a, struct decision b, const char *name);

/*
 * 0 when every pair was told; -E2BIG: there are too many networks and ports, or names of hosts that nobody has
 * looked up, and some may be missing; -ENOMEM.
 */
int policy_diff_addresses(const struct policy *a, const struct policy *b, enum category category,
	policy_diff_tell_fn *tell, void *context);

void policy_diff_families(const struct policy *a, const struct policy *b, policy_diff_tell_fn *tell, void *context);

#endif
