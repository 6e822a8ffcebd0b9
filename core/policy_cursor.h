/*
 * The rules of all categories in the order in which commands made them; rules that one command made are one again.
 */
#ifndef KENNEL_CORE_POLICY_CURSOR_H
#define KENNEL_CORE_POLICY_CURSOR_H

#include "core/policy.h"

/* Starts with everything but the policy zero. */
struct policy_cursor {
	const struct policy *policy;
	size_t next[CAT_COUNT];
};

/* The rule that the next command made, NULL at the end; all its categories as bits. */
const struct rule *policy_cursor_next(struct policy_cursor *cursor, uint64_t *categories_out);

#endif
