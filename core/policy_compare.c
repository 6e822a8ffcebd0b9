/*
 * Compares switches, defaults, rules and settings one by one. Nothing here guesses: what is not listed as harmless
 * must be equal.
 */
#include "core/policy_compare.h"

#include "core/pattern.h"
#include "core/policy_files.h"
#include "core/util.h"

static bool policy_compare_rule(const struct rule *a, const struct rule *b)
{
	return a->action == b->action && a->everything == b->everything &&
	       str_equal(pattern_text(a->pattern), pattern_text(b->pattern));
}

/* Gone are only rules that allowed in silence; new, at the end, only such that refuse aloud. */
static bool policy_compare_rules(const struct policy *before, const struct policy *after, enum category category)
{
	size_t old_count, new_count, at = 0;
	const struct rule *old_rules = policy_rules(before, category, &old_count);
	const struct rule *new_rules = policy_rules(after, category, &new_count);

	for (size_t i = 0; i < old_count; i++) {
		if (at < new_count && policy_compare_rule(&old_rules[i], &new_rules[at]))
			at++;
		else if (old_rules[i].action != ACTION_ALLOW)
			return false;
	}
	for (; at < new_count; at++)
		if (!action_refuses(new_rules[at].action) || !action_logs(new_rules[at].action))
			return false;
	return true;
}

static bool policy_compare_categories(const struct policy *before, const struct policy *after)
{
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		enum category category = (enum category)i;

		if (policy_is_on(before, category) && !policy_is_on(after, category))
			return false;
		/* Actions are in the order of what they do to the caller. */
		if (policy_default(after, category) < policy_default(before, category))
			return false;
		if (!policy_compare_rules(before, after, category))
			return false;
	}
	return true;
}

/* The last that matches decides: what is new shows nothing, or lets files only grow. */
static bool policy_compare_files(const struct policy_settings *before, const struct policy_settings *after)
{
	if (after->file_count < before->file_count)
		return false;
	for (size_t i = 0; i < before->file_count; i++)
		if (before->files[i].kind != after->files[i].kind ||
			!str_equal(before->files[i].text, after->files[i].text))
			return false;
	for (size_t i = before->file_count; i < after->file_count; i++)
		if (after->files[i].kind == POLICY_FILE_MASK && !str_equal(after->files[i].target, "/dev/null"))
			return false;
	return true;
}

static bool policy_compare_transitions(const struct policy_settings *before, const struct policy_settings *after)
{
	if (before->transition_count != after->transition_count)
		return false;
	for (size_t i = 0; i < before->transition_count; i++)
		if (before->transitions[i].kind != after->transitions[i].kind ||
			before->transitions[i].from != after->transitions[i].from ||
			before->transitions[i].to != after->transitions[i].to)
			return false;
	return true;
}

bool policy_compare_drops(const struct policy *before, const struct policy *after)
{
	const struct policy_settings *old = policy_settings(before);
	const struct policy_settings *new = policy_settings(after);

	return policy_compare_categories(before, after) && policy_compare_files(old, new) &&
	       policy_compare_transitions(old, new) && netset_extends(&new->blocked, &old->blocked) &&
	       old->log_refused <= new->log_refused && old->exec_mmap <= new->exec_mmap &&
	       old->judge_peers <= new->judge_peers && old->exec_anonymous >= new->exec_anonymous &&
	       old->ghost <= new->ghost && old->strict_names <= new->strict_names && old->lock >= new->lock;
}
