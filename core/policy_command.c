/*
 * The table of the rule language's commands: which exist, which operator they take, which
 * are known but not supported yet. What they do is in core/policy_rule.c,
 * core/policy_setting.c, core/policy_transition.c, core/policy_variables.c, core/policy_rlimit.c and
 * core/policy_file.c.
 */
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/util.h"

/* From inside a running sandbox: too late, possible, or without any sense. */
enum policy_later { LATER_NEVER, LATER_CHANGES, LATER_WRONG };

struct policy_command {
	const char *name;      /* with a slash or a line at its end: a family */
	const char *operators; /* NULL: known, but not supported yet */
	void (*apply)(struct policy_statement *statement);
	enum policy_later later;
};

/* Offset in the text of the part of the name that starts with part. */
size_t policy_name_offset(const struct policy_statement *statement, const char *part)
{
	return strspn(statement->text, " \t") + (size_t)(part - statement->name);
}

size_t policy_value_offset(const struct policy_statement *statement, size_t at)
{
	return statement->value_at + policy_vars_origin(&statement->value, at);
}

bool policy_value_plain(const struct policy_statement *statement, char *buffer, size_t size)
{
	size_t offset = 0;
	const char *error = "expected a shorter value";
	long length = pattern_unquote(policy_value(statement), buffer, size, &offset, &error);

	if (length < 0)
		policy_statement_fail(statement, policy_value_offset(statement, offset), "%s", error);
	else if (length == 0)
		policy_statement_fail(statement, statement->value_at, "expected a name after '%s'", statement->name);
	return length > 0;
}

static void policy_apply_include(struct policy_statement *statement)
{
	char plain[4096];

	if (policy_value_plain(statement, plain, sizeof(plain)))
		policy_load_include(statement, plain);
}

static void policy_apply_include_profile(struct policy_statement *statement)
{
	char plain[4096];

	if (policy_value_plain(statement, plain, sizeof(plain)))
		policy_load_include_profile(statement, plain);
}

static const struct policy_command policy_commands[] = {
	{ "include", " ", policy_apply_include, LATER_WRONG },
	{ "include_profile", " ", policy_apply_include_profile, LATER_WRONG },
	{ "sandbox/", ":", policy_apply_sandbox, LATER_CHANGES },
	{ "default/", ":", policy_apply_default, LATER_CHANGES },
	{ "abi/", ":", policy_apply_abi, LATER_NEVER },
	{ "log/refused", ":", policy_apply_switch, LATER_CHANGES },
	{ "log/file", ":", policy_apply_log_file, LATER_NEVER },
	{ "exit/wait_all", ":", policy_apply_switch, LATER_NEVER },
	{ "limit/calls", ":", policy_apply_limit_calls, LATER_NEVER },
	{ "limit/workers", ":", policy_apply_limit_workers, LATER_NEVER },
	{ "lock", ":", policy_apply_lock, LATER_CHANGES },
	{ "trace/ptrace", ":", policy_apply_switch, LATER_NEVER },
	{ "trace/allow_unsafe_", ":", policy_apply_unsafe, LATER_NEVER },
	{ "trace/", NULL, NULL, LATER_NEVER },
	{ "allow_unsafe/", ":", policy_apply_unsafe, LATER_NEVER },
	{ "exec/mmap", ":", policy_apply_switch, LATER_CHANGES },
	{ "exec/anonymous", ":", policy_apply_switch, LATER_CHANGES },
	{ "net/accept", ":", policy_apply_switch, LATER_CHANGES },
	{ "ghost", "!", policy_apply_ghost, LATER_CHANGES },
	{ "setuid", "+-^", policy_apply_setuid, LATER_CHANGES },
	{ "setgid", "+-^", policy_apply_setgid, LATER_CHANGES },
	{ "rlimit/", ":", policy_apply_rlimit, LATER_NEVER },
	{ "mask", "+-^", policy_apply_mask, LATER_CHANGES },
	{ "append", "+-^", policy_apply_append, LATER_CHANGES },
	{ "filename/strict", ":", policy_apply_switch, LATER_CHANGES },
	{ "block", "+-^", policy_apply_block, LATER_CHANGES },
	{ "passenv", "+-^", policy_apply_passenv, LATER_WRONG },
	{ "setenv", "!", policy_apply_setenv, LATER_WRONG },
	{ "unsetenv", "!", policy_apply_unsetenv, LATER_WRONG },
	{ "clearenv", "!", policy_apply_clearenv, LATER_WRONG },
};

static const struct policy_command *policy_command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_commands); i++) {
		const char *known = policy_commands[i].name;
		bool family = strchr("/_", known[strlen(known) - 1]);

		if (family ? str_starts(name, known) : str_equal(name, known))
			return &policy_commands[i];
	}
	return NULL;
}

static const char *policy_operator_list(const char *operators)
{
	switch (*operators) {
	case '+':
		return "'+', '-' or '^'";
	case '!':
		return "'!'";
	case ' ':
		return "a name";
	default:
		return "':'";
	}
}

static bool policy_operator_valid(const struct policy_statement *statement, const char *operators)
{
	size_t end = strspn(statement->text, " \t") + strlen(statement->name);

	if (statement->op != '\0' && strchr(operators, statement->op))
		return true;
	if (statement->op == '?')
		policy_statement_fail(statement, end, "'%s?' asks: only a running sandbox answers", statement->name);
	else
		policy_statement_fail(
			statement, end, "expected %s after '%s'", policy_operator_list(operators), statement->name);
	return false;
}

static size_t policy_known_names(char (*names)[POLICY_WORD_MAX], const char **words, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(policy_commands) && count < room; i++, count++) {
		snprintf(names[count], POLICY_WORD_MAX, "%s", policy_commands[i].name);
		if (strchr("/_", names[count][strlen(names[count]) - 1]))
			names[count][strlen(names[count]) - 1] = '\0';
		words[count] = names[count];
	}
	for (unsigned i = 0; i < ACTION_COUNT && count < room; i++)
		words[count++] = action_name((enum action)i);
	return count;
}

/* The whole name is compared first (log/refusd), then the word before the slash (sandox/read). */
static void policy_fail_unknown(const struct policy_statement *statement)
{
	char names[ARRAY_SIZE(policy_commands)][POLICY_WORD_MAX];
	const char *words[ARRAY_SIZE(policy_commands) + ACTION_COUNT];
	size_t count = policy_known_names(names, words, ARRAY_SIZE(words));
	char head[POLICY_WORD_MAX];
	struct policy_hint hint;

	str_cut(head, sizeof(head), statement->name, strcspn(statement->name, "/"));
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(words[i], statement->name))
			continue;
		policy_statement_fail(statement,
			policy_name_offset(statement, statement->name) + strlen(statement->name),
			"expected '/' and what it is about after '%s'", statement->name);
		return;
	}
	policy_hint_nearest(&hint, statement->name, words, count);
	if (hint.text[0] == '\0')
		policy_hint_nearest(&hint, head, words, count);
	policy_statement_fail(statement, policy_name_offset(statement, statement->name),
		"unknown command '%s', expected a command such as sandbox, default, allow, deny or include%s",
		statement->name, hint.text);
}

static void policy_command_rule(struct policy_statement *statement)
{
	char head[POLICY_WORD_MAX];
	int action;

	str_cut(head, sizeof(head), statement->name, strcspn(statement->name, "/"));
	action = action_parse(head);
	if (action < 0 || !strchr(statement->name, '/'))
		policy_fail_unknown(statement);
	else if (policy_operator_valid(statement, "+-^"))
		policy_apply_rule(statement, (enum action)action);
}

/* False after an error, for a command that a running sandbox does not take. */
static bool policy_command_in_time(const struct policy_statement *statement, const struct policy_command *command)
{
	struct policy_loader *loader = statement->loader;

	if (!loader->running || command->later == LATER_CHANGES)
		return true;
	loader->unchangeable = command->later == LATER_NEVER;
	policy_statement_fail(statement, policy_name_offset(statement, statement->name),
		"command '%s' is not one for a running sandbox", statement->name);
	return false;
}

void policy_command_apply(struct policy_statement *statement)
{
	const struct policy_command *command = policy_command_find(statement->name);

	if (statement->loader->running && statement->op == '?')
		policy_query_apply(statement);
	else if (!command)
		policy_command_rule(statement);
	else if (!command->operators)
		policy_statement_fail(statement, policy_name_offset(statement, statement->name),
			"command '%s' is not supported yet by this version", statement->name);
	else if (policy_operator_valid(statement, command->operators) && policy_command_in_time(statement, command))
		command->apply(statement);
}
