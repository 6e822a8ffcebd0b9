/*
 * Finding rules without effect. A later rule covers an earlier one when it reads the same, or when it
 * covers the directory that holds every match of it.
 */
#include "core/policy_warnings.h"

#include <limits.h>

#include "core/pattern.h"
#include "core/policy_net.h"
#include "core/policy_print.h"
#include "core/policy_words.h"
#include "core/util.h"

static bool policy_warning_is_path(const struct rule *rule)
{
	return pattern_text(rule->pattern)[0] == '/';
}

/* Every name that the rule matches, the later one matches too. */
static bool policy_warning_covers(const struct rule *later, const struct rule *rule, const char *root)
{
	/* One for everything is about addresses, too, which no path covers. */
	if (rule->everything && !later->everything && POLICY_NET_BITS & CAT_BIT(rule->category))
		return false;
	if (str_equal(pattern_text(later->pattern), pattern_text(rule->pattern)))
		return true;
	if (!policy_warning_is_path(later))
		return false;
	if (!policy_warning_is_path(rule))
		return (CAT_BIT(rule->category) & POLICY_WORD_BITS) && policy_word_rule(later);
	return pattern_cover(later->pattern, root) == PATTERN_COVERS_ALL;
}

static const struct rule *policy_warning_cover(const struct policy *policy, const struct rule *rule)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, rule->category, &count);
	char root[PATH_MAX];

	if (count > POLICY_WARNINGS_RULES)
		return NULL;
	pattern_literal_root(rule->pattern, root, sizeof(root));
	for (const struct rule *later = rule + 1; later < rules + count; later++)
		if (policy_warning_covers(later, rule, root))
			return later;
	return NULL;
}

/* All rules of the command that made this one, its first. */
static void policy_warning_command(
	const struct policy *policy, const struct rule *rule, policy_warning_fn *warn, void *context)
{
	const struct rule *by = NULL;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		const struct rule *sibling = policy_print_sibling(policy, (enum category)i, rule);
		const struct rule *cover;

		if (sibling && i < rule->category)
			return; /* told there */
		/* What a path says of filesystems is nothing, unless it is every path. */
		if (!sibling || !policy_is_on(policy, (enum category)i) || (i == CAT_FS && !policy_word_rule(sibling)))
			continue;
		cover = policy_warning_cover(policy, sibling);
		if (!cover)
			return;
		by = by ? by : cover;
	}
	warn(context, rule, by);
}

void policy_warnings(const struct policy *policy, policy_warning_fn *warn, void *context)
{
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		size_t count;
		const struct rule *rules = policy_rules(policy, (enum category)i, &count);

		/* That a profile is overridden is what profiles are for. */
		for (size_t at = 0; at < count; at++)
			if (!str_starts(rules[at].origin.file, "-p "))
				policy_warning_command(policy, &rules[at], warn, context);
	}
}

struct policy_warning_stream {
	const struct policy *policy;
	FILE *stream;
	const char *separator;
};

static void policy_warning_text(void *context, const struct rule *rule, const struct rule *by)
{
	struct policy_warning_stream *to = context;

	fprintf(to->stream, "%s:%u: warning: ", rule->origin.file, rule->origin.line);
	policy_print_rule(to->policy, rule, to->stream);
	if (!by) {
		fputs(" never decides: its categories are off\n", to->stream);
		return;
	}
	fputs(" never decides: ", to->stream);
	policy_print_rule(to->policy, by, to->stream);
	fprintf(to->stream, " (%s:%u) comes later and covers it\n", by->origin.file, by->origin.line);
}

void policy_warnings_print(const struct policy *policy, FILE *stream)
{
	struct policy_warning_stream to = { policy, stream, "" };

	policy_warnings(policy, policy_warning_text, &to);
}

static void policy_warning_json(void *context, const struct rule *rule, const struct rule *by)
{
	struct policy_warning_stream *to = context;

	fputs(to->separator, to->stream);
	to->separator = ",";
	fputs("{\"message\":\"never decides\",\"rule\":", to->stream);
	policy_print_rule_json(to->policy, rule, to->stream);
	fputs(",\"covered_by\":", to->stream);
	policy_print_rule_json(to->policy, by, to->stream);
	fputc('}', to->stream);
}

void policy_warnings_print_json(const struct policy *policy, FILE *stream)
{
	struct policy_warning_stream to = { policy, stream, "" };

	fputc('[', stream);
	policy_warnings(policy, policy_warning_json, &to);
	fputc(']', stream);
}
