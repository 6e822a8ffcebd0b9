/*
 * The loaded policy: ordered rules, switches and defaults for each category, and the
 * decision on a name. No I/O; decisions do not allocate. How a policy comes to be is the
 * business of core/policy_parse.c and its neighbours, through core/policy_build.h.
 */
#include "core/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "core/address_pattern.h"
#include "core/array.h"
#include "core/matcher.h"
#include "core/policy_build.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/policy_variables.h"
#include "core/policy_words.h"
#include "core/rule_index.h"
#include "core/util.h"

#define POLICY_MAGIC 0x504f4c43U
#define POLICY_LIMIT_CALLS 1024
#define POLICY_LIMIT_WORKERS 256
#define POLICY_FEW 8u                    /* rules of which the plain list is quicker */
#define POLICY_AUTOMATA_CELLS (8u << 20) /* of four bytes, of all categories together */
#define POLICY_AUTOMATA_WORK (32u << 20)

struct policy_category {
	bool on;
	enum action by_default;
	struct rule *rules;
	size_t count;
	size_t capacity;
	struct rule_index *index; /* of these rules, once sealed, if many; shared by categories with the same ones */
};

struct policy {
	uint32_t magic;
	bool configured;
	bool sealed;
	uint64_t active_bits; /* valid once sealed */
	unsigned sequence;
	struct policy_category categories[CAT_COUNT];
	struct policy_settings settings;
	struct pattern **patterns; /* owned; rules of several categories share one */
	size_t pattern_count;
	size_t pattern_capacity;
	struct address_pattern **addresses; /* owned, in the same way */
	size_t address_count;
	size_t address_capacity;
	char **strings; /* owned: names of files that rules point to */
	size_t string_count;
	size_t string_capacity;
	struct rule_index *indexes[CAT_COUNT]; /* owned */
	size_t index_count;
	struct automaton_budget budget; /* what is left of it for matchers made later */
};

struct policy *policy_new(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->magic = POLICY_MAGIC;
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		policy->categories[i].on = (category_enforced() & CAT_BIT(i)) != 0;
		policy->categories[i].by_default = ACTION_DENY;
	}
	policy->settings.log_refused = true;
	policy->settings.trace_ptrace = true;
	policy->settings.exec_mmap = true;
	policy->settings.judge_peers = true;
	policy->settings.exec_anonymous = true;
	policy->settings.limit_calls = POLICY_LIMIT_CALLS;
	policy->settings.limit_workers = POLICY_LIMIT_WORKERS;
	return policy;
}

/* What was compiled is of the rules as they were. */
static void policy_unseal(struct policy *policy)
{
	for (unsigned i = 0; i < CAT_COUNT; i++)
		policy->categories[i].index = NULL;
	for (size_t i = 0; i < policy->index_count; i++)
		rule_index_free(policy->indexes[i]);
	policy->index_count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(policy->settings.file_matchers); i++) {
		matcher_free(policy->settings.file_matchers[i]);
		policy->settings.file_matchers[i] = NULL;
	}
	policy->sealed = false;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	MAGIC_CHECK(policy, POLICY_MAGIC);
	policy_unseal(policy);
	for (unsigned i = 0; i < CAT_COUNT; i++)
		free(policy->categories[i].rules);
	for (size_t i = 0; i < policy->pattern_count; i++)
		pattern_free(policy->patterns[i]);
	for (size_t i = 0; i < policy->address_count; i++)
		address_pattern_free(policy->addresses[i]);
	for (size_t i = 0; i < policy->string_count; i++)
		free(policy->strings[i]);
	free(policy->patterns);
	free(policy->addresses);
	free(policy->strings);
	free(policy->settings.log_file);
	free(policy->settings.transitions);
	for (size_t i = 0; i < policy->settings.file_count; i++)
		policy_file_free(&policy->settings.files[i]);
	free(policy->settings.files);
	for (size_t i = 0; i < policy->settings.variable_count; i++)
		policy_variable_free(&policy->settings.variables[i]);
	free(policy->settings.variables);
	netset_free(&policy->settings.blocked);
	policy->magic = 0;
	free(policy);
}

bool policy_is_on(const struct policy *policy, enum category category)
{
	return policy->categories[category].on;
}

enum action policy_default(const struct policy *policy, enum category category)
{
	return policy->categories[category].by_default;
}

const struct rule *policy_rules(const struct policy *policy, enum category category, size_t *count_out)
{
	*count_out = policy->categories[category].count;
	return policy->categories[category].rules;
}

const struct rule_index *policy_rule_index(const struct policy *policy, enum category category)
{
	return policy->categories[category].index;
}

/* One more than the index of the last rule that matches; 0: none. */
static size_t policy_last(const struct policy_category *row, const char *name, size_t length)
{
	size_t last = row->count;

	if (row->index)
		return rule_index_name(row->index, name, length);
	while (last > 0 && !pattern_match_length(row->rules[last - 1].pattern, name, length))
		last--;
	return last;
}

struct decision policy_decide(const struct policy *policy, enum category category, const char *name)
{
	const struct policy_category *row = &policy->categories[category];
	size_t last;

	if (!row->on)
		return (struct decision){ .action = ACTION_ALLOW };
	last = policy_last(row, name, strlen(name));
	if (last == 0)
		return (struct decision){ .action = row->by_default };
	return (struct decision){ .action = row->rules[last - 1].action, .rule = &row->rules[last - 1] };
}

/* Only a rule for everything leaves nothing to decide about addresses, or about families. */
static bool policy_net_can_do_else(const struct policy_category *row)
{
	for (size_t i = row->count; i-- > 0;) {
		const struct rule *rule = &row->rules[i];

		if (rule->action != ACTION_ALLOW)
			return true;
		if (rule->everything)
			return false;
	}
	return row->by_default != ACTION_ALLOW;
}

/*
 * Names that are no paths exist for create and exec alone (memfds, made and executed), so
 * that allowing every path leaves nothing to decide for the others.
 */
static bool policy_can_do_else_than_allow(const struct policy *policy, enum category category)
{
	const struct policy_category *row = &policy->categories[category];
	bool paths_allowed = false;
	bool memfds_allowed = category != CAT_CREATE && category != CAT_EXEC;
	bool secret_allowed = category != CAT_CREATE; /* nothing executes it */

	if (policy_files_categories(policy) & CAT_BIT(category))
		return true;
	if (category == CAT_NET_CONNECT && netset_count(&policy->settings.blocked) > 0)
		return true;
	if (!row->on)
		return false;
	if (CAT_BIT(category) & POLICY_NET_BITS)
		return policy_net_can_do_else(row);
	if (category == CAT_EXEC && !policy->settings.exec_anonymous)
		return true; /* memory is refused, whatever the rules say of files */
	for (size_t i = row->count; i-- > 0;) {
		const struct rule *rule = &row->rules[i];

		/* A path that is denied is no filesystem. */
		if (category == CAT_FS && !policy_word_rule(rule))
			continue;
		if (rule->action != ACTION_ALLOW)
			return true;
		paths_allowed |= pattern_cover(rule->pattern, "/") == PATTERN_COVERS_ALL;
		memfds_allowed |= pattern_cover(rule->pattern, "!memfd:") == PATTERN_COVERS_ALL;
		secret_allowed |= pattern_match(rule->pattern, "!memfd_secret:");
		if (paths_allowed && memfds_allowed && secret_allowed)
			return false;
	}
	return row->by_default != ACTION_ALLOW;
}

bool policy_active(const struct policy *policy, enum category category)
{
	if (policy->sealed)
		return (policy->active_bits & CAT_BIT(category)) != 0;
	return policy_can_do_else_than_allow(policy, category);
}

uint64_t policy_active_bits(const struct policy *policy)
{
	uint64_t bits = 0;

	if (policy->sealed)
		return policy->active_bits;
	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (policy_can_do_else_than_allow(policy, (enum category)i))
			bits |= CAT_BIT(i);
	return bits;
}

static void policy_range_add(struct policy_range *range, enum action action)
{
	range->may_allow |= !action_refuses(action);
	range->may_refuse |= action_refuses(action);
}

static struct policy_range policy_range_below(const struct policy_category *row, const char *directory)
{
	struct policy_range range = { false, false };

	for (size_t i = row->count; i-- > 0;) {
		enum pattern_cover cover = pattern_cover(row->rules[i].pattern, directory);

		if (cover != PATTERN_COVERS_NONE)
			policy_range_add(&range, row->rules[i].action);
		if (cover == PATTERN_COVERS_ALL || (range.may_allow && range.may_refuse))
			return range;
	}
	policy_range_add(&range, row->by_default);
	return range;
}

struct policy_range policy_range(const struct policy *policy, enum category category, const char *directory)
{
	const struct policy_category *row = &policy->categories[category];

	return row->on ? policy_range_below(row, directory) : (struct policy_range){ .may_allow = true };
}

/* No rule that can decide tells a name below one from the same name below the other. */
static bool policy_same_below(const struct policy_category *row, const char *from, const char *to)
{
	for (size_t i = row->count; i-- > 0;) {
		const struct pattern *pattern = row->rules[i].pattern;

		if (pattern_cover(pattern, from) == PATTERN_COVERS_ALL &&
			pattern_cover(pattern, to) == PATTERN_COVERS_ALL)
			return true;
		if (!pattern_same_below(pattern, from, to))
			return false;
	}
	return true;
}

static bool policy_directory_allows_no_more(const struct policy_category *row, const char *from, const char *to)
{
	if (!policy_range_below(row, to).may_allow || !policy_range_below(row, from).may_refuse)
		return true;
	return policy_same_below(row, from, to);
}

/* A device that no rule of ioctl names may be opened: its default is about requests. */
static bool policy_device_gains(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	if (is_directory && policy_refuses_device(policy, from))
		return !policy_same_below(&policy->categories[CAT_IOCTL], from, to);
	return action_refuses(policy_decide_device(policy, from).action) &&
	       !action_refuses(policy_decide_device(policy, to).action);
}

static bool policy_category_gains(
	const struct policy *policy, enum category category, const char *from, const char *to, bool is_directory)
{
	if (!action_refuses(policy_decide(policy, category, to).action) &&
		action_refuses(policy_decide(policy, category, from).action))
		return true;
	return is_directory && !policy_directory_allows_no_more(&policy->categories[category], from, to);
}

uint64_t policy_name_gains(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	uint64_t active = policy_active_bits(policy) & ~CAT_BIT(CAT_FS), gains = 0;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		bool more = active & CAT_BIT(i);

		if (more && i == CAT_IOCTL)
			more = policy_device_gains(policy, from, to, is_directory);
		else if (more)
			more = policy_category_gains(policy, (enum category)i, from, to, is_directory);
		gains |= more ? CAT_BIT(i) : 0;
	}
	return gains;
}

bool policy_name_allows_no_more(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	return policy_files_hold(policy, from, to, is_directory) &&
	       policy_name_gains(policy, from, to, is_directory) == 0;
}

const struct policy_settings *policy_settings(const struct policy *policy)
{
	return &policy->settings;
}

bool policy_names_transitions(const struct policy *policy, enum id_kind kind)
{
	for (size_t i = 0; i < policy->settings.transition_count; i++)
		if (policy->settings.transitions[i].kind == kind)
			return true;
	return false;
}

bool policy_allows_transition(const struct policy *policy, enum id_kind kind, uint32_t from, uint32_t to)
{
	if (from == to || !policy_names_transitions(policy, kind))
		return true;
	for (size_t i = 0; i < policy->settings.transition_count; i++) {
		const struct policy_transition *transition = &policy->settings.transitions[i];

		if (transition->kind == kind && transition->from == from && transition->to == to)
			return true;
	}
	return false;
}

bool policy_is_empty(const struct policy *policy)
{
	return !policy->configured;
}

const char *policy_own_string(struct policy *policy, const char *string)
{
	char *copy;

	/* From the newest: a file's rules come one after the other. */
	for (size_t i = policy->string_count; i-- > 0;)
		if (str_equal(policy->strings[i], string))
			return policy->strings[i];
	if (array_grow(&policy->strings, policy->string_count, &policy->string_capacity, sizeof(char *)))
		return NULL;
	copy = strdup(string);
	if (copy)
		policy->strings[policy->string_count++] = copy;
	return copy;
}

static int policy_own_pattern(struct policy *policy, struct pattern *pattern)
{
	int result = array_grow(
		&policy->patterns, policy->pattern_count, &policy->pattern_capacity, sizeof(struct pattern *));

	if (result) {
		pattern_free(pattern);
		return result;
	}
	policy->patterns[policy->pattern_count++] = pattern;
	return 0;
}

/* "allow/all+/" and three stars, or the same with its categories by name: exec is a matter of its own. */
static bool policy_means_everything(uint64_t categories, const struct pattern *pattern)
{
	return pattern_cover(pattern, "/") == PATTERN_COVERS_ALL &&
	       ((categories | CAT_BIT(CAT_EXEC)) & category_enforced()) == category_enforced();
}

int policy_own_address(struct policy *policy, struct address_pattern *address)
{
	int result = array_grow(&policy->addresses, policy->address_count, &policy->address_capacity, sizeof(address));

	if (result)
		address_pattern_free(address);
	else
		policy->addresses[policy->address_count++] = address;
	return result;
}

int policy_add_rules(struct policy *policy, uint64_t categories, enum action action, struct pattern *pattern,
	struct rule_origin origin)
{
	return policy_add_address_rules(policy, categories, action, pattern, NULL, origin);
}

int policy_add_address_rules(struct policy *policy, uint64_t categories, enum action action, struct pattern *pattern,
	struct address_pattern *address, struct rule_origin origin)
{
	const struct rule rule = { .action = action,
		.pattern = pattern,
		.address = address,
		.origin = origin,
		.everything = policy_means_everything(categories, pattern) };

	return policy_add_like(policy, categories, &rule);
}

int policy_add_like(struct policy *policy, uint64_t categories, const struct rule *rule)
{
	int result = policy_own_pattern(policy, rule->pattern);

	if (result)
		return result;
	policy->sequence++;
	for (unsigned i = 0; i < CAT_COUNT && result == 0; i++) {
		struct policy_category *row = &policy->categories[i];

		if (!(categories & CAT_BIT(i)))
			continue;
		result = array_grow(&row->rules, row->count, &row->capacity, sizeof(struct rule));
		if (result)
			continue;
		row->rules[row->count] = *rule;
		row->rules[row->count].category = (enum category)i;
		row->rules[row->count++].sequence = policy->sequence;
	}
	return result;
}

static void policy_remove_from(struct policy_category *row, enum action action, const char *text, bool every)
{
	for (size_t i = row->count; i-- > 0;) {
		if (row->rules[i].action != action || !str_equal(pattern_text(row->rules[i].pattern), text))
			continue;
		memmove(&row->rules[i], &row->rules[i + 1], (row->count - i - 1) * sizeof(row->rules[0]));
		row->count--;
		if (!every)
			return;
	}
}

void policy_remove_rules(struct policy *policy, uint64_t categories, enum action action, const char *text, bool every)
{
	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (categories & CAT_BIT(i))
			policy_remove_from(&policy->categories[i], action, text, every);
}

void policy_switch(struct policy *policy, uint64_t categories, bool on)
{
	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (categories & CAT_BIT(i))
			policy->categories[i].on = on;
}

void policy_set_default(struct policy *policy, uint64_t categories, enum action action)
{
	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (categories & CAT_BIT(i))
			policy->categories[i].by_default = action;
}

int policy_add_transition(struct policy *policy, const struct policy_transition *transition)
{
	struct policy_settings *settings = &policy->settings;
	size_t count = settings->transition_count;

	/* Full at every power of two: then it doubles. */
	if ((count & (count - 1)) == 0) {
		struct policy_transition *larger =
			reallocarray(settings->transitions, count ? count * 2 : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		settings->transitions = larger;
	}
	settings->transitions[settings->transition_count++] = *transition;
	return 0;
}

void policy_remove_transitions(struct policy *policy, const struct policy_transition *like, bool every)
{
	struct policy_settings *settings = &policy->settings;

	for (size_t i = settings->transition_count; i-- > 0;) {
		struct policy_transition *found = &settings->transitions[i];

		if (found->kind != like->kind || found->from != like->from || found->to != like->to)
			continue;
		settings->transition_count--;
		memmove(found, found + 1, (settings->transition_count - i) * sizeof(*found));
		if (!every)
			return;
	}
}

struct policy_settings *policy_settings_edit(struct policy *policy)
{
	return &policy->settings;
}

void policy_mark_configured(struct policy *policy)
{
	policy->configured = true;
}

/* That of a category before this one that has the same rules; actions make no difference to it. */
static struct rule_index *policy_same_index(const struct policy *policy, unsigned category)
{
	const struct policy_category *row = &policy->categories[category];

	for (unsigned i = 0; i < category; i++) {
		const struct policy_category *other = &policy->categories[i];
		size_t same = 0;

		if (!other->index || other->count != row->count)
			continue;
		while (same < row->count && other->rules[same].pattern == row->rules[same].pattern)
			same++;
		if (same == row->count)
			return other->index;
	}
	return NULL;
}

static int policy_compile_category(struct policy *policy, unsigned category)
{
	struct policy_category *row = &policy->categories[category];
	int result;

	array_fit(&row->rules, row->count, &row->capacity, sizeof(struct rule));
	if (!row->on || row->count <= POLICY_FEW)
		return 0;
	row->index = policy_same_index(policy, category);
	if (row->index)
		return 0;
	result = rule_index_new(row->rules, row->count, &policy->budget, &row->index);
	if (result == 0)
		policy->indexes[policy->index_count++] = row->index;
	return result;
}

int policy_seal(struct policy *policy)
{
	policy_unseal(policy);
	policy->budget = (struct automaton_budget){ .cells = POLICY_AUTOMATA_CELLS, .work = POLICY_AUTOMATA_WORK };
	netset_seal(&policy->settings.blocked);
	policy->active_bits = policy_active_bits(policy);
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		int result = policy_compile_category(policy, i);

		if (result)
			return result;
	}
	policy->sealed = true;
	return policy_files_compile(&policy->settings, &policy->budget);
}
