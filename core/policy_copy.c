/*
 * Builds the copy as the loader builds a policy, so that nothing here knows what a policy is made of. The time it
 * takes grows with the number of rules; no call but a command from inside waits for it.
 */
#include "core/policy_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/address_pattern.h"
#include "core/policy_build.h"
#include "core/policy_cursor.h"
#include "core/policy_files.h"
#include "core/policy_variables.h"
#include "core/util.h"

static int policy_copy_string(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

/* What was a pattern once is one again: only memory can be missing. */
static int policy_copy_pattern(const struct pattern *from, struct pattern **to)
{
	const char *error;
	size_t offset;

	*to = NULL;
	return from ? pattern_new(pattern_text(from), to, &offset, &error) : 0;
}

static int policy_copy_origin(struct policy *copy, struct rule_origin *origin)
{
	if (origin->file)
		origin->file = policy_own_string(copy, origin->file);
	return origin->file ? 0 : -ENOMEM;
}

static int policy_copy_address(struct policy *copy, const struct address_pattern *from, struct address_pattern **to)
{
	*to = from ? address_pattern_copy(from) : NULL;
	if (!from)
		return 0;
	return *to ? policy_own_address(copy, *to) : -ENOMEM;
}

static int policy_copy_rules(struct policy *copy, const struct policy *policy)
{
	struct policy_cursor cursor = { .policy = policy };
	const struct rule *rule;
	uint64_t categories;

	while ((rule = policy_cursor_next(&cursor, &categories)) != NULL) {
		struct rule same = *rule;
		int error = policy_copy_pattern(rule->pattern, &same.pattern);

		error = error ? error : policy_copy_origin(copy, &same.origin);
		error = error ? error : policy_copy_address(copy, rule->address, &same.address);
		if (error) {
			pattern_free(same.pattern);
			return error;
		}
		if (policy_add_like(copy, categories, &same))
			return -ENOMEM;
	}
	return 0;
}

static int policy_copy_file(struct policy *copy, const struct policy_file *from, struct policy_file *to)
{
	int error;

	*to = (struct policy_file){ .kind = from->kind, .origin = from->origin };
	error = policy_copy_origin(copy, &to->origin);
	error = error ? error : policy_copy_pattern(from->pattern, &to->pattern);
	error = error ? error : policy_copy_string(from->text, &to->text);
	return error ? error : policy_copy_string(from->target, &to->target);
}

static int policy_copy_variable(struct policy *copy, const struct policy_variable *from, struct policy_variable *to)
{
	int error;

	*to = (struct policy_variable){ .kind = from->kind, .origin = from->origin };
	error = policy_copy_origin(copy, &to->origin);
	error = error ? error : policy_copy_pattern(from->pattern, &to->pattern);
	error = error ? error : policy_copy_string(from->name, &to->name);
	return error ? error : policy_copy_string(from->value, &to->value);
}

/* Lists count what is filled, so that a copy that fails half-way can be freed. */
static int policy_copy_lists(struct policy *copy, const struct policy_settings *from, struct policy_settings *to)
{
	int error = 0;

	to->files = calloc(from->file_count + 1, sizeof(*to->files));
	to->variables = calloc(from->variable_count + 1, sizeof(*to->variables));
	if (!to->files || !to->variables)
		return -ENOMEM;
	for (size_t i = 0; i < from->file_count && !error; i++)
		error = policy_copy_file(copy, &from->files[i], &to->files[to->file_count++]);
	for (size_t i = 0; i < from->variable_count && !error; i++)
		error = policy_copy_variable(copy, &from->variables[i], &to->variables[to->variable_count++]);
	return error;
}

static int policy_copy_settings(struct policy *copy, const struct policy *policy)
{
	const struct policy_settings *from = policy_settings(policy);
	struct policy_settings *to = policy_settings_edit(copy);
	int error;

	*to = *from;
	to->log_file = NULL;
	to->transitions = NULL;
	to->files = NULL;
	to->variables = NULL;
	to->blocked = (struct netset){ .sealed = false };
	memset(to->file_matchers, 0, sizeof(to->file_matchers)); /* compiled anew when it is sealed */
	to->transition_count = to->file_count = to->variable_count = 0;
	error = policy_copy_string(from->log_file, &to->log_file);
	error = error ? error : netset_copy(&to->blocked, &from->blocked);
	for (size_t i = 0; i < from->transition_count && !error; i++) {
		struct policy_transition transition = from->transitions[i];

		error = policy_copy_origin(copy, &transition.origin);
		error = error ? error : policy_add_transition(copy, &transition);
	}
	for (unsigned i = 0; i < POLICY_LIMITS_MAX && !error; i++)
		if (to->limits[i].set)
			error = policy_copy_origin(copy, &to->limits[i].origin);
	return error ? error : policy_copy_lists(copy, from, to);
}

struct policy *policy_copy(const struct policy *policy)
{
	struct policy *copy = policy_new();

	if (!copy)
		return NULL;
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		policy_switch(copy, CAT_BIT(i), policy_is_on(policy, (enum category)i));
		policy_set_default(copy, CAT_BIT(i), policy_default(policy, (enum category)i));
	}
	if (!policy_is_empty(policy))
		policy_mark_configured(copy);
	if (policy_copy_settings(copy, policy) == 0 && policy_copy_rules(copy, policy) == 0)
		return copy;
	policy_free(copy);
	return NULL;
}
