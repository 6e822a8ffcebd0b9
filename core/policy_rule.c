/*
 * The commands that switch categories, set defaults, and add or remove rules. Changes only
 * the loader's policy.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/address_pattern.h"
#include "core/ioctl_names.h"
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/policy_net.h"
#include "core/policy_net_rule.h"
#include "core/policy_weight.h"
#include "core/policy_words.h"
#include "core/util.h"

#define POLICY_REQUESTS_MAX 1024

static void policy_fail_category(const struct policy_statement *statement, size_t offset, const char *word)
{
	const char *words[CAT_COUNT + 32];
	struct policy_hint hint;
	size_t count = 0;

	for (unsigned i = 0; i < CAT_COUNT; i++)
		words[count++] = category_name((enum category)i);
	for (size_t i = 0; category_set_name(i) && count < ARRAY_SIZE(words); i++)
		words[count++] = category_set_name(i);
	policy_statement_fail(statement, offset, "unknown category '%s', expected a category or set%s", word,
		policy_hint_nearest(&hint, word, words, count));
}

/* The enforced categories of one word of a list; 0 after an error. */
static uint64_t policy_category_word(const struct policy_statement *statement, size_t offset, const char *word)
{
	uint64_t bits = category_parse(word);

	if (*word == '\0')
		policy_statement_fail(statement, offset, "expected a category or set");
	else if (bits == 0)
		policy_fail_category(statement, offset, word);
	else if (bits & category_enforced())
		return bits & category_enforced();
	else if (category_word_is_set(word))
		policy_statement_fail(statement, offset,
			"set '%s' holds no category that this version enforces: not enforced yet by this version",
			word);
	else
		policy_statement_fail(statement, offset, "category '%s' is not enforced yet by this version", word);
	return 0;
}

/* A comma list that stands at this offset of the statement. 0 when any word of it is wrong. */
static uint64_t policy_category_list(const struct policy_statement *statement, const char *at, size_t offset)
{
	uint64_t all = 0;
	bool failed = false;

	for (;;) {
		char word[POLICY_WORD_MAX];
		size_t length = strcspn(at, ",");
		uint64_t bits;

		str_cut(word, sizeof(word), at, length);
		bits = policy_category_word(statement, offset, word);
		failed |= bits == 0;
		all |= bits;
		if (at[length] == '\0')
			return failed ? 0 : all;
		at += length + 1;
		offset += length + 1;
	}
}

uint64_t policy_categories(const struct policy_statement *statement)
{
	const char *at = strchr(statement->name, '/') + 1;

	return policy_category_list(statement, at, policy_name_offset(statement, at));
}

uint64_t policy_load_categories(struct policy_loader *loader, const char *option, const char *list)
{
	struct policy_place place = { .file = option, .line = 1 };
	struct policy_statement statement = { .loader = loader, .place = &place, .text = list };

	return policy_category_list(&statement, list, 0);
}

void policy_apply_sandbox(struct policy_statement *statement)
{
	uint64_t categories = policy_categories(statement);
	int on = policy_boolean(statement);

	if (categories && on >= 0)
		policy_switch(statement->loader->policy, categories, on);
}

void policy_apply_default(struct policy_statement *statement)
{
	uint64_t categories = policy_categories(statement);
	const char *value = policy_value(statement);
	int action = action_parse(value);
	const char *words[ACTION_COUNT];
	struct policy_hint hint;

	for (unsigned i = 0; i < ACTION_COUNT; i++)
		words[i] = action_name((enum action)i);
	if (action < 0)
		policy_statement_fail(statement, statement->value_at,
			"unknown action '%s', expected an action such as allow or deny%s", value,
			policy_hint_nearest(&hint, value, POLICY_WORDS(words)));
	else if (categories)
		policy_set_default(statement->loader->policy, categories, (enum action)action);
}

/*
 * A name on which rules decide has no empty, '.' or '..' component and no slash at its end:
 * a pattern with one can never match, and a deny that never matches must not load.
 */
static bool policy_rule_dead(const char *value, size_t *offset_out)
{
	static const char *const inside[] = { "//", "/./", "/../" };
	static const char *const at_end[] = { "/", "/.", "/.." };
	size_t length = strlen(value);

	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		const char *found = strstr(value, inside[i]);

		*offset_out = found ? (size_t)(found - value) : 0;
		if (found)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(at_end); i++) {
		size_t end = strlen(at_end[i]);

		*offset_out = length > end ? length - end : 0;
		if (length > 1 && length >= end && str_equal(value + length - end, at_end[i]))
			return true;
	}
	return false;
}

bool policy_path_pattern(const struct policy_statement *statement, const char *value)
{
	bool special = value[0] == '!' || str_starts(value, "\\!");
	size_t offset;

	if (value[0] == '\0') {
		policy_statement_fail(statement, statement->value_at, "expected a pattern after '%s%c'",
			statement->name, statement->op);
		return false;
	}
	if (!special && !strchr("/*{", value[0])) {
		policy_statement_fail(
			statement, policy_value_offset(statement, 0), "expected an absolute path, found '%s'", value);
		return false;
	}
	if (!special && policy_rule_dead(value, &offset)) {
		policy_statement_fail(statement, policy_value_offset(statement, offset),
			"expected a path without '//', '.', '..' and a slash at its end: this never matches");
		return false;
	}
	return true;
}

/* A word of ioctl must be a number, or match some known name. */
static bool policy_rule_request(const struct policy_statement *statement, const struct pattern *pattern)
{
	const char *value = policy_value(statement);
	const char *words[POLICY_REQUESTS_MAX];
	struct policy_hint hint;
	uint32_t number;
	size_t count;
	const struct ioctl_name *names = ioctl_names(&count);

	if (policy_word_request(value, &number))
		return true;
	for (size_t i = 0; i < count && i < ARRAY_SIZE(words); i++) {
		words[i] = names[i].name;
		if (pattern_match(pattern, words[i]))
			return true;
	}
	policy_statement_fail(statement, statement->value_at,
		"unknown ioctl request '%s', expected a name such as TCGETS, a number or a path%s", value,
		policy_hint_nearest(&hint, value, words, count < ARRAY_SIZE(words) ? count : ARRAY_SIZE(words)));
	return false;
}

static bool policy_rule_is_word(const struct policy_statement *statement, uint64_t categories)
{
	return categories && !(categories & ~POLICY_WORD_BITS) && policy_value(statement)[0] != '/' &&
	       policy_value(statement)[0] != '\0';
}

/* Anything that is no path: its categories have looked at it. */
static bool policy_rule_is_net(const struct policy_statement *statement, uint64_t categories)
{
	return categories && !(categories & ~POLICY_NET_BITS) && !strchr("/", policy_value(statement)[0]);
}

static struct pattern *policy_rule_pattern(const struct policy_statement *statement, uint64_t categories)
{
	struct pattern *pattern = NULL;
	size_t offset = 0;
	const char *error = NULL;
	int result;

	bool word = policy_rule_is_word(statement, categories) || policy_rule_is_net(statement, categories);

	if (!word && !policy_path_pattern(statement, policy_value(statement)))
		return NULL;
	result = pattern_new(policy_value(statement), &pattern, &offset, &error);
	if (result == -ENOMEM)
		policy_fail_memory(statement->loader);
	else if (result)
		policy_statement_fail(statement, policy_value_offset(statement, offset), "%s", error);
	if (result == 0 && word && categories & CAT_BIT(CAT_IOCTL) && !policy_rule_request(statement, pattern)) {
		pattern_free(pattern);
		return NULL;
	}
	return result ? NULL : pattern;
}

/* A pattern once, a rule for each category; what is removed must be looked for among all. */
static bool policy_rule_charge(
	const struct policy_statement *statement, const struct pattern *pattern, uint64_t categories)
{
	size_t weight = POLICY_WEIGHT_RULE;
	size_t looked_at = 0;

	weight += pattern_weight(pattern) * (2 + (size_t)__builtin_popcountll(categories)) / 2;
	if (policy_rule_is_word(statement, categories))
		weight += POLICY_WEIGHT_WORD;
	for (unsigned i = 0; i < CAT_COUNT && statement->op != '+'; i++) {
		size_t count = 0;

		if (categories & CAT_BIT(i))
			policy_rules(statement->loader->policy, (enum category)i, &count);
		looked_at += count;
	}
	return policy_charge(statement, weight + looked_at / POLICY_WEIGHT_REMOVAL);
}

void policy_apply_rule(struct policy_statement *statement, enum action action)
{
	struct policy *policy = statement->loader->policy;
	struct address_pattern *address = NULL;
	uint64_t named = policy_categories(statement);
	uint64_t categories = named ? policy_rule_address(statement, named, &address) : 0;
	struct pattern *pattern = categories || !named ? policy_rule_pattern(statement, categories) : NULL;
	struct rule_origin origin = policy_origin(statement);

	if (!categories || !pattern || !origin.file || !policy_rule_charge(statement, pattern, categories)) {
		pattern_free(pattern);
		address_pattern_free(address);
		return;
	}
	if (statement->op != '+') {
		policy_remove_rules(policy, categories, action, policy_value(statement), statement->op == '^');
		pattern_free(pattern);
		address_pattern_free(address);
		return;
	}
	if (address && policy_own_address(policy, address)) {
		pattern_free(pattern);
		policy_fail_memory(statement->loader);
	} else if (policy_add_address_rules(policy, categories, action, pattern, address, origin))
		policy_fail_memory(statement->loader);
}
