/*
 * Rules of a loaded policy that can never decide. Sound, not complete: what is named has no effect,
 * what is not named may have none either. Pure.
 */
#ifndef KENNEL_CORE_POLICY_WARNINGS_H
#define KENNEL_CORE_POLICY_WARNINGS_H

#include <stdio.h>

#include "core/policy.h"

/* Of a category with more rules nothing is said, so that a check takes a bounded time. */
#define POLICY_WARNINGS_RULES 512u

/* by: the later rule that covers it wholly; NULL: all its categories are off. */
typedef void policy_warning_fn(void *context, const struct rule *rule, const struct rule *by);

/* Once for each command of which no rule can decide, those of profiles left out. */
void policy_warnings(const struct policy *policy, policy_warning_fn *warn, void *context);

/* A line each, FILE:LINE: first. */
void policy_warnings_print(const struct policy *policy, FILE *stream);

/* An array, without a newline. */
void policy_warnings_print_json(const struct policy *policy, FILE *stream);

#endif
