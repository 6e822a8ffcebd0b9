/*
 * Comparing the decisions of two policies over all names, category by category. What has no paths
 * (filesystems, requests) is compared as the words that it is about.
 */
#include "core/policy_diff.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/ioctl_names.h"
#include "core/pattern.h"
#include "core/pattern_product.h"
#include "core/policy_diff_net.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/util.h"

/* Files in memory have names in these alone; nobody makes a directory in one. */
#define MEMORY_BITS \
	(CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_EXEC) | CAT_BIT(CAT_TRUNCATE) | \
		CAT_BIT(CAT_STAT) | CAT_BIT(CAT_CHOWN) | CAT_BIT(CAT_CHGRP) | CAT_BIT(CAT_CHMOD) | \
		CAT_BIT(CAT_CHATTR) | CAT_BIT(CAT_UTIME))

#define DIFF_MATCHES_MAX 20000000u

/* The rules of one side that are compared, and what decides where none matches. */
struct diff_side {
	const struct policy *policy;
	const struct rule **rules;
	const struct pattern **patterns; /* of the rules */
	size_t count;
	enum action otherwise;
};

struct diff {
	enum category category;
	uint64_t categories; /* all that have the same rules on both sides */
	struct diff_side a, b;
	const struct policy_diff_report *report;
};

typedef bool diff_choose_fn(const struct rule *rule);

static bool diff_choose_all(const struct rule *rule)
{
	(void)rule;
	return true;
}

static bool diff_choose_paths(const struct rule *rule)
{
	return pattern_text(rule->pattern)[0] == '/';
}

static bool diff_choose_names(const struct rule *rule)
{
	return !rule->address;
}

static bool diff_choose_abstract(const struct rule *rule)
{
	return !rule->address && (rule->everything || !diff_choose_paths(rule));
}

static void diff_side_release(struct diff_side *side)
{
	free(side->rules);
	free(side->patterns);
}

/* any: the pattern of every name there is, in place of that of every path. */
static int diff_side_fill(struct diff_side *side, const struct policy *policy, enum category category,
	diff_choose_fn *choose, const struct pattern *any)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);
	bool on = policy_is_on(policy, category);

	*side = (struct diff_side){ .policy = policy,
		.otherwise = on ? policy_default(policy, category) : ACTION_ALLOW };
	side->rules = calloc(count + 1, sizeof(*side->rules));
	side->patterns = calloc(count + 1, sizeof(*side->patterns));
	if (!side->rules || !side->patterns)
		return -ENOMEM;
	for (size_t i = 0; on && i < count; i++) {
		if (!choose(&rules[i]))
			continue;
		side->patterns[side->count] =
			any && (rules[i].everything || diff_choose_paths(&rules[i])) ? any : rules[i].pattern;
		side->rules[side->count++] = &rules[i];
	}
	return 0;
}

static struct decision diff_decision(const struct diff_side *side, size_t winner)
{
	if (winner == side->count)
		return (struct decision){ .action = side->otherwise };
	return (struct decision){ .action = side->rules[winner]->action, .rule = side->rules[winner] };
}

static void diff_tell(const struct diff *diff, struct decision a, struct decision b, const char *name)
{
	const struct policy_difference difference = { diff->categories, diff->category, name, a, b };

	if (a.action != b.action)
		diff->report->difference(diff->report->context, &difference);
}

static void diff_pair(void *context, size_t a, size_t b, const char *name)
{
	const struct diff *diff = context;

	diff_tell(diff, diff_decision(&diff->a, a), diff_decision(&diff->b, b), name);
}

/* The same rules in the same order decide the same, however many there are. */
static bool diff_sides_equal(const struct diff *diff)
{
	if (diff->a.count != diff->b.count || diff->a.otherwise != diff->b.otherwise)
		return false;
	for (size_t i = 0; i < diff->a.count; i++)
		if (diff->a.rules[i]->action != diff->b.rules[i]->action ||
			!str_equal(pattern_text(diff->a.patterns[i]), pattern_text(diff->b.patterns[i])))
			return false;
	return true;
}

static size_t diff_winner(const struct diff_side *side, const char *name)
{
	for (size_t i = side->count; i-- > 0;)
		if (pattern_match(side->patterns[i], name))
			return i;
	return side->count;
}

/* Too much to be looked at as a whole: a name for each alternative of each pattern, as far as time allows. */
static void diff_witnesses(const struct diff *diff, const struct diff_side *side)
{
	size_t left = DIFF_MATCHES_MAX / (diff->a.count + diff->b.count + 1);

	for (size_t i = 0; i < side->count; i++) {
		for (size_t j = 0; j < pattern_branches(side->patterns[i]) && left > 0; j++, left--) {
			char name[PATH_MAX];

			if (!pattern_witness(side->patterns[i], j, name, sizeof(name)))
				continue;
			diff_tell(diff, diff_decision(&diff->a, diff_winner(&diff->a, name)),
				diff_decision(&diff->b, diff_winner(&diff->b, name)), name);
		}
	}
}

static int diff_names(struct diff *diff, enum pattern_names names)
{
	const struct pattern_row a = { diff->a.patterns, diff->a.count };
	const struct pattern_row b = { diff->b.patterns, diff->b.count };
	int error;

	if (diff_sides_equal(diff))
		return 0;
	error = pattern_product(&a, &b, names, diff_pair, diff);
	if (error != -E2BIG)
		return error;
	diff_witnesses(diff, &diff->a);
	diff_witnesses(diff, &diff->b);
	diff->report->inexact(diff->report->context, diff->categories);
	return 0;
}

/* Both sides with the rules that choose names, compared over these names. */
static int diff_category(const struct policy *a, const struct policy *b, struct diff *diff, diff_choose_fn *choose,
	const struct pattern *any, enum pattern_names names)
{
	int error = diff_side_fill(&diff->a, a, diff->category, choose, any);

	if (error == 0)
		error = diff_side_fill(&diff->b, b, diff->category, choose, any);
	/* Opening a device is refused by no default. */
	if (diff->category == CAT_IOCTL)
		diff->a.otherwise = diff->b.otherwise = ACTION_ALLOW;
	if (error == 0)
		error = diff_names(diff, names);
	diff_side_release(&diff->a);
	diff_side_release(&diff->b);
	return error;
}

/* Names that are no paths: a rule for every path is one for every one of them. */
static int diff_no_paths(const struct policy *a, const struct policy *b, struct diff *diff, diff_choose_fn *choose,
	enum pattern_names names)
{
	struct pattern *any = NULL;
	const char *text;
	size_t offset;
	int error = pattern_new("**", &any, &offset, &text);

	if (error == 0)
		error = diff_category(a, b, diff, choose, any, names);
	pattern_free(any);
	return error;
}

static struct decision diff_request_decision(const struct policy *policy, const uint32_t *request)
{
	if (!policy_is_on(policy, CAT_IOCTL))
		return (struct decision){ .action = ACTION_ALLOW };
	return request ? policy_decide_request(policy, *request) : policy_decide_requests(policy);
}

/* Pairs of decisions that were told: one request stands for all with the same. */
struct diff_told {
	struct decision (*pairs)[2];
	size_t count;
};

static bool diff_same(struct decision one, struct decision other)
{
	return one.rule == other.rule && one.action == other.action;
}

static void diff_request(const struct policy *a, const struct policy *b, const struct diff *diff,
	struct diff_told *told, const uint32_t *request, const char *name)
{
	struct decision pair[2] = { diff_request_decision(a, request), diff_request_decision(b, request) };

	for (size_t i = 0; i < told->count; i++)
		if (diff_same(told->pairs[i][0], pair[0]) && diff_same(told->pairs[i][1], pair[1]))
			return;
	memcpy(told->pairs[told->count++], pair, sizeof(pair));
	diff_tell(diff, pair[0], pair[1], name);
}

/* Numbers that rules name and that have no name of their own. */
static void diff_request_numbers(const struct policy *a, const struct policy *b, const struct diff *diff,
	struct diff_told *told, const struct policy *of)
{
	size_t count;
	const struct rule *rules = policy_rules(of, CAT_IOCTL, &count);
	uint32_t request;

	for (size_t i = 0; i < count; i++)
		if (policy_word_request(pattern_text(rules[i].pattern), &request) && !ioctl_name(request))
			diff_request(a, b, diff, told, &request, pattern_text(rules[i].pattern));
}

/* Every request that has a name or that a rule numbers, and all the others together. */
static int diff_requests(const struct policy *a, const struct policy *b, const struct diff *diff)
{
	size_t count;
	size_t a_count;
	size_t b_count;
	const struct ioctl_name *names = ioctl_names(&count);
	struct diff_told told = { NULL, 0 };

	policy_rules(a, CAT_IOCTL, &a_count);
	policy_rules(b, CAT_IOCTL, &b_count);
	told.pairs = calloc(count + a_count + b_count + 1, sizeof(*told.pairs));
	if (!told.pairs)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (str_equal(ioctl_name(names[i].request), names[i].name))
			diff_request(a, b, diff, &told, &names[i].request, names[i].name);
	diff_request_numbers(a, b, diff, &told, a);
	diff_request_numbers(a, b, diff, &told, b);
	diff_request(a, b, diff, &told, NULL, "any other request");
	free(told.pairs);
	return 0;
}

static enum pattern_names diff_category_names(enum category category)
{
	/* The root is crossed by every path, and judged by none. */
	if (category == CAT_WALK)
		return PATTERN_NAMES_BELOW;
	return MEMORY_BITS & CAT_BIT(category) ? PATTERN_NAMES_FILES : PATTERN_NAMES_PATHS;
}

static int diff_one(const struct policy *a, const struct policy *b, struct diff *diff)
{
	int error = 0;

	if (diff->category == CAT_FS)
		return diff_no_paths(a, b, diff, policy_word_rule, PATTERN_NAMES_WORDS);
	if (diff->category == CAT_IOCTL)
		error = diff_requests(a, b, diff);
	if (error)
		return error;
	return diff_category(a, b, diff, diff->category == CAT_IOCTL ? diff_choose_paths : diff_choose_all, NULL,
		diff_category_names(diff->category));
}

/* The same commands made the rules of both categories, and nothing else tells the two apart. */
static bool diff_alike(const struct policy *policy, enum category one, enum category other)
{
	size_t count;
	size_t other_count;
	const struct rule *rules = policy_rules(policy, one, &count);
	const struct rule *others = policy_rules(policy, other, &other_count);

	if (count != other_count || policy_is_on(policy, one) != policy_is_on(policy, other) ||
		policy_default(policy, one) != policy_default(policy, other))
		return false;
	for (size_t i = 0; i < count; i++)
		if (rules[i].sequence != others[i].sequence)
			return false;
	return true;
}

/* This category, and those after it that need not be looked at by themselves. */
static uint64_t diff_group(const struct policy *a, const struct policy *b, enum category category)
{
	uint64_t group = CAT_BIT(category);

	for (unsigned i = category + 1; i < CAT_COUNT && !(POLICY_WORD_BITS & group); i++)
		if (!((POLICY_WORD_BITS | POLICY_NET_BITS) & CAT_BIT(i)) &&
			diff_category_names(category) == diff_category_names((enum category)i) &&
			diff_alike(a, category, (enum category)i) && diff_alike(b, category, (enum category)i))
			group |= CAT_BIT(i);
	return group & category_enforced();
}

/* Host names mean the same to both, whatever that is. */
static bool diff_reads_alike(const struct policy *a, const struct policy *b, enum category category)
{
	size_t a_count;
	size_t b_count;
	const struct rule *a_rules = policy_rules(a, category, &a_count);
	const struct rule *b_rules = policy_rules(b, category, &b_count);

	if (policy_is_on(a, category) != policy_is_on(b, category) ||
		policy_default(a, category) != policy_default(b, category) || a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (a_rules[i].action != b_rules[i].action || a_rules[i].everything != b_rules[i].everything ||
			!str_equal(pattern_text(a_rules[i].pattern), pattern_text(b_rules[i].pattern)))
			return false;
	return true;
}

static void diff_told(void *context, struct decision a, struct decision b, const char *name)
{
	diff_tell(context, a, b, name);
}

/* UNIX sockets by name, then addresses. */
static int diff_sockets(const struct policy *a, const struct policy *b, struct diff *diff)
{
	const struct address unnamed = { .kind = ADDRESS_UNNAMED };
	int error = diff_category(a, b, diff, diff_choose_names, NULL, PATTERN_NAMES_BELOW);

	if (error == 0)
		error = diff_no_paths(a, b, diff, diff_choose_abstract, PATTERN_NAMES_ABSTRACT);
	if (error)
		return error;
	diff_tell(diff, policy_decide_address(a, diff->category, &unnamed),
		policy_decide_address(b, diff->category, &unnamed), "!unnamed");
	if (diff->category == CAT_NET_SENDFD)
		return 0;
	error = policy_diff_addresses(a, b, diff->category, diff_told, diff);
	if (error == -E2BIG)
		diff->report->inexact(diff->report->context, diff->categories);
	return error == -E2BIG ? 0 : error;
}

static int diff_net(const struct policy *a, const struct policy *b, struct diff *diff)
{
	if (diff_reads_alike(a, b, diff->category))
		return 0;
	if (diff->category != CAT_NET_LINK)
		return diff_sockets(a, b, diff);
	policy_diff_families(a, b, diff_told, diff);
	return 0;
}

int policy_diff(const struct policy *a, const struct policy *b, const struct policy_diff_report *report)
{
	uint64_t left = category_enforced();
	int error = 0;

	for (unsigned i = 0; i < CAT_COUNT && error == 0; i++) {
		struct diff diff = { .category = (enum category)i, .report = report };

		if (!(left & CAT_BIT(i)))
			continue;
		diff.categories = CAT_BIT(i) & POLICY_NET_BITS ? CAT_BIT(i) : diff_group(a, b, diff.category);
		left &= ~diff.categories;
		error = CAT_BIT(i) & POLICY_NET_BITS ? diff_net(a, b, &diff) : diff_one(a, b, &diff);
	}
	return error;
}
