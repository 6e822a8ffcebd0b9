/*
 * Whether one policy is another with rights taken away: what lock:drop lets through. Pure.
 */
#ifndef KENNEL_CORE_POLICY_COMPARE_H
#define KENNEL_CORE_POLICY_COMPARE_H

#include "core/policy.h"

/*
 * True when no name gets more by the second, and nothing that was logged falls silent. By the look of the rules, not
 * by what they match: some changes that take rights away are not recognised.
 */
bool policy_compare_drops(const struct policy *before, const struct policy *after);

#endif
