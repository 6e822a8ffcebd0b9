/*
 * The order across categories is that of sequence numbers. Changes nothing.
 */
#include "core/policy_cursor.h"

static const struct rule *policy_cursor_peek(const struct policy_cursor *cursor, unsigned category)
{
	size_t count;
	const struct rule *rules = policy_rules(cursor->policy, (enum category)category, &count);

	return cursor->next[category] < count ? &rules[cursor->next[category]] : NULL;
}

const struct rule *policy_cursor_next(struct policy_cursor *cursor, uint64_t *categories_out)
{
	const struct rule *first = NULL;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		const struct rule *rule = policy_cursor_peek(cursor, i);

		if (rule && (!first || rule->sequence < first->sequence))
			first = rule;
	}
	*categories_out = 0;
	for (unsigned i = 0; first && i < CAT_COUNT; i++) {
		const struct rule *rule = policy_cursor_peek(cursor, i);

		if (!rule || rule->sequence != first->sequence)
			continue;
		*categories_out |= CAT_BIT(i);
		cursor->next[i]++;
	}
	return first;
}
