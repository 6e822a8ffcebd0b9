/*
 * Filling a policy: for the loader (core/policy_*.c) only. After policy_seal() nothing is
 * changed any more. int results are 0 or -ENOMEM.
 */
#ifndef KENNEL_CORE_POLICY_BUILD_H
#define KENNEL_CORE_POLICY_BUILD_H

#include "core/pattern.h"
#include "core/policy.h"

/* A copy that lives as long as the policy; the same string is kept once. NULL: no memory. */
const char *policy_own_string(struct policy *policy, const char *string);

/* One rule in each of the categories. The policy takes the pattern, also on failure. */
int policy_add_rules(struct policy *policy, uint64_t categories, enum action action, struct pattern *pattern,
	struct rule_origin origin);

/* The last (or every) rule of this action whose pattern was written as text, in each category. */
void policy_remove_rules(struct policy *policy, uint64_t categories, enum action action, const char *text, bool every);

int policy_add_transition(struct policy *policy, const struct policy_transition *transition);

/* The last (or every) transition that is equal but for its origin. */
void policy_remove_transitions(struct policy *policy, const struct policy_transition *like, bool every);

void policy_switch(struct policy *policy, uint64_t categories, bool on);
void policy_set_default(struct policy *policy, uint64_t categories, enum action action);
struct policy_settings *policy_settings_edit(struct policy *policy);

/* From now on the policy is not empty. */
void policy_mark_configured(struct policy *policy);

/* Works out once what policy_active() answers for ever after, and compiles the rules for policy_decide(). */
int policy_seal(struct policy *policy);

#endif
