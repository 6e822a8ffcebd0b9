/*
 * The commands passenv, setenv, unsetenv and clearenv. Changes only the loader's policy; what they come to is
 * worked out when the payload is started.
 */
#include "core/policy_variables.h"

#include <errno.h>
#include <stdlib.h>

#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/util.h"

void policy_variable_free(struct policy_variable *variable)
{
	pattern_free(variable->pattern);
	free(variable->name);
	free(variable->value);
}

/* Takes what the variable holds, also on failure. */
static void policy_variable_add(struct policy_statement *statement, struct policy_variable *variable)
{
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	struct policy_variable *larger =
		reallocarray(settings->variables, settings->variable_count + 1, sizeof(*larger));

	if (larger)
		settings->variables = larger;
	variable->origin = policy_origin(statement);
	if (!larger || !variable->origin.file) {
		policy_variable_free(variable);
		policy_fail_memory(statement->loader);
		return;
	}
	settings->variables[settings->variable_count++] = *variable;
}

static void policy_variable_remove(struct policy_settings *settings, const char *text, bool every)
{
	for (size_t i = settings->variable_count; i-- > 0;) {
		struct policy_variable *found = &settings->variables[i];

		if (found->kind != VARIABLE_PASS || !str_equal(found->name, text))
			continue;
		policy_variable_free(found);
		settings->variable_count--;
		memmove(found, found + 1, (settings->variable_count - i) * sizeof(*found));
		if (!every)
			return;
	}
}

void policy_apply_passenv(struct policy_statement *statement)
{
	struct policy_variable variable = { .kind = VARIABLE_PASS };
	const char *value = policy_value(statement);
	const char *error = "expected the name of a variable, or a pattern of names";
	size_t offset = 0;
	int result = *value == '\0' || strchr(value, '=') ? -EINVAL : 0;

	if (!result)
		result = pattern_new(value, &variable.pattern, &offset, &error);
	if (result == -EINVAL) {
		policy_statement_fail(statement, policy_value_offset(statement, offset), "%s", error);
		return;
	}
	if (result || statement->op != '+') {
		pattern_free(variable.pattern);
		if (result)
			policy_fail_memory(statement->loader);
		else
			policy_variable_remove(
				policy_settings_edit(statement->loader->policy), value, statement->op == '^');
		return;
	}
	variable.name = strdup(value);
	if (variable.name) {
		policy_variable_add(statement, &variable);
		return;
	}
	policy_variable_free(&variable);
	policy_fail_memory(statement->loader);
}

/* VAR or VAR=VALUE; false after an error. */
static bool policy_variable_parse(struct policy_statement *statement, struct policy_variable *variable)
{
	char plain[POLICY_LINE_MAX];
	char *equals;

	if (!policy_value_plain(statement, plain, sizeof(plain)))
		return false;
	equals = strchr(plain, '=');
	if (equals == plain || !equals != (variable->kind == VARIABLE_UNSET)) {
		policy_statement_fail(statement, statement->value_at, "expected %s after '%s!', found '%s'",
			variable->kind == VARIABLE_SET ? "VAR=VALUE" : "the name of a variable", statement->name,
			plain);
		return false;
	}
	if (equals) {
		*equals = '\0';
		variable->value = strdup(equals + 1);
	}
	variable->name = strdup(plain);
	if (variable->name && (variable->value || !equals))
		return true;
	policy_variable_free(variable);
	policy_fail_memory(statement->loader);
	return false;
}

void policy_apply_setenv(struct policy_statement *statement)
{
	struct policy_variable variable = { .kind = VARIABLE_SET };

	if (policy_variable_parse(statement, &variable))
		policy_variable_add(statement, &variable);
}

void policy_apply_unsetenv(struct policy_statement *statement)
{
	struct policy_variable variable = { .kind = VARIABLE_UNSET };

	if (policy_variable_parse(statement, &variable))
		policy_variable_add(statement, &variable);
}

void policy_apply_clearenv(struct policy_statement *statement)
{
	struct policy_variable variable = { .kind = VARIABLE_CLEAR };

	if (*policy_value(statement) != '\0')
		policy_statement_fail(statement, statement->value_at, "expected nothing after 'clearenv!'");
	else
		policy_variable_add(statement, &variable);
}
