/*
 * Filling a policy: for the loader (core/policy_*.c) only. What is changed after policy_seal()
 * is sealed again. int results are 0 or -ENOMEM.
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

/* The same for addresses, which the policy owns from policy_own_address() on (also after a failure of that). */
int policy_own_address(struct policy *policy, struct address_pattern *address);
int policy_add_address_rules(struct policy *policy, uint64_t categories, enum action action, struct pattern *pattern,
	struct address_pattern *address, struct rule_origin origin);

/* The same for one that was a rule before: action, pattern, address, origin and what it means are as they were. */
int policy_add_like(struct policy *policy, uint64_t categories, const struct rule *rule);

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
