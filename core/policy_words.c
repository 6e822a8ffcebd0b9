/*
 * Decisions on words. Everything here follows the order of rules: the last that matches decides.
 */
#include "core/policy_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ioctl_names.h"
#include "core/pattern.h"
#include "core/util.h"

static bool policy_rule_is_path(const struct rule *rule)
{
	return pattern_text(rule->pattern)[0] == '/';
}

/* Matches every word there is. */
static bool policy_rule_is_all(const struct rule *rule)
{
	return str_equal(pattern_text(rule->pattern), "*") || pattern_cover(rule->pattern, "/") == PATTERN_COVERS_ALL;
}

bool policy_word_rule(const struct rule *rule)
{
	return !policy_rule_is_path(rule) || policy_rule_is_all(rule);
}

bool policy_word_request(const char *text, uint32_t *request_out)
{
	bool hexadecimal = str_starts(text, "0x");
	const char *digits = hexadecimal ? text + 2 : text;
	size_t length = strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
	unsigned long long number = length > 0 && length <= 10 ? strtoull(digits, NULL, hexadecimal ? 16 : 10) : 0;

	if (length == 0 || length > 10 || digits[length] != '\0' || number > UINT32_MAX)
		return false;
	*request_out = (uint32_t)number;
	return true;
}

static bool policy_rule_names_request(const struct rule *rule, uint32_t request)
{
	const struct ioctl_name *names;
	uint32_t number;
	size_t count;

	if (policy_word_request(pattern_text(rule->pattern), &number))
		return number == request;
	names = ioctl_names(&count);
	for (size_t i = 0; i < count; i++)
		if (names[i].request == request && pattern_match(rule->pattern, names[i].name))
			return true;
	return false;
}

/* What decides on one word: the match of a rule, and what the word is. */
typedef bool policy_match_fn(const struct rule *rule, const void *word);

static struct decision policy_decide_by(
	const struct policy *policy, enum category category, policy_match_fn *match, const void *word)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	for (size_t i = count; i-- > 0;)
		if (match(&rules[i], word))
			return (struct decision){ .action = rules[i].action, .rule = &rules[i] };
	return (struct decision){ .action = policy_default(policy, category) };
}

bool policy_word_is_filesystem(const struct rule *rule, const char *name)
{
	return policy_rule_is_all(rule) || (!policy_rule_is_path(rule) && pattern_match(rule->pattern, name));
}

static bool policy_match_filesystem(const struct rule *rule, const void *word)
{
	return policy_word_is_filesystem(rule, word);
}

struct decision policy_decide_filesystem(const struct policy *policy, const char *name)
{
	return policy_decide_by(policy, CAT_FS, policy_match_filesystem, name);
}

bool policy_word_is_request(const struct rule *rule, uint32_t request)
{
	return policy_rule_is_all(rule) || (!policy_rule_is_path(rule) && policy_rule_names_request(rule, request));
}

static bool policy_match_request(const struct rule *rule, const void *word)
{
	return policy_word_is_request(rule, *(const uint32_t *)word);
}

struct decision policy_decide_request(const struct policy *policy, uint32_t request)
{
	return policy_decide_by(policy, CAT_IOCTL, policy_match_request, &request);
}

static bool policy_match_all(const struct rule *rule, const void *word)
{
	(void)word;
	return policy_rule_is_all(rule);
}

struct decision policy_decide_requests(const struct policy *policy)
{
	return policy_decide_by(policy, CAT_IOCTL, policy_match_all, NULL);
}

struct decision policy_decide_device(const struct policy *policy, const char *name)
{
	struct decision decision = policy_decide(policy, CAT_IOCTL, name);
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_IOCTL, &count);

	if (decision.rule && policy_rule_is_path(decision.rule))
		return decision;
	if (!decision.rule && policy_is_on(policy, CAT_IOCTL))
		return (struct decision){ .action = ACTION_ALLOW };
	/* The last that matches is a word, such as "**", and not about paths; or the category is off. */
	for (size_t i = count; i-- > 0;)
		if (policy_rule_is_path(&rules[i]) && pattern_match(rules[i].pattern, name))
			return (struct decision){ .action = rules[i].action, .rule = &rules[i] };
	return (struct decision){ .action = ACTION_ALLOW };
}

const struct rule *policy_refuses_device(const struct policy *policy, const char *directory)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_IOCTL, &count);

	for (size_t i = policy_is_on(policy, CAT_IOCTL) ? count : 0; i-- > 0;) {
		enum pattern_cover cover = PATTERN_COVERS_NONE;

		if (policy_rule_is_path(&rules[i]))
			cover = pattern_cover(rules[i].pattern, directory);
		if (cover != PATTERN_COVERS_NONE && action_refuses(rules[i].action))
			return &rules[i];
		if (cover == PATTERN_COVERS_ALL)
			return NULL;
	}
	return NULL;
}

bool policy_names_devices(const struct policy *policy)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_IOCTL, &count);

	for (size_t i = 0; i < count; i++)
		if (policy_rule_is_path(&rules[i]))
			return true;
	return false;
}

/* What a wildcard covers as well was hardly meant. */
bool policy_gives_request(const struct policy *policy, uint32_t request)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_IOCTL, &count);

	for (size_t i = count; i-- > 0;) {
		if (!policy_word_is_request(&rules[i], request))
			continue;
		if (action_refuses(rules[i].action))
			return false;
		if (!strpbrk(pattern_text(rules[i].pattern), "*?[{"))
			return true;
	}
	return false;
}
