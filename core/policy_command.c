/*
 * The table of the rule language's commands: which exist, which operator they take, which
 * are known but not supported yet. What they do is in core/policy_rule.c,
 * core/policy_setting.c, core/policy_transition.c, core/policy_variables.c, core/policy_rlimit.c and
 * core/policy_file.c.
 */
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/util.h"

struct policy_command {
	const char *name;      /* with a slash at its end: a family */
	const char *operators; /* NULL: known, but not supported yet */
	void (*apply)(struct policy_statement *statement);
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
	{ "include", " ", policy_apply_include },
	{ "include_profile", " ", policy_apply_include_profile },
	{ "sandbox/", ":", policy_apply_sandbox },
	{ "default/", ":", policy_apply_default },
	{ "abi/", ":", policy_apply_abi },
	{ "log/refused", ":", policy_apply_log_refused },
	{ "log/file", ":", policy_apply_log_file },
	{ "exit/wait_all", ":", policy_apply_wait_all },
	{ "limit/calls", ":", policy_apply_limit_calls },
	{ "limit/workers", ":", policy_apply_limit_workers },
	{ "lock", ":", policy_apply_lock },
	{ "trace/ptrace", ":", policy_apply_trace_ptrace },
	{ "trace/allow_unsafe_ptrace", ":", policy_apply_unsafe_ptrace },
	{ "trace/allow_unsafe_symlinks", ":", policy_apply_unsafe_symlinks },
	{ "trace/allow_unsafe_hardlinks", ":", policy_apply_unsafe_hardlinks },
	{ "trace/allow_unsafe_env", ":", policy_apply_unsafe_env },
	{ "trace/", NULL, NULL },
	{ "allow_unsafe/ptrace", ":", policy_apply_unsafe_ptrace },
	{ "allow_unsafe/symlinks", ":", policy_apply_unsafe_symlinks },
	{ "allow_unsafe/hardlinks", ":", policy_apply_unsafe_hardlinks },
	{ "allow_unsafe/env", ":", policy_apply_unsafe_env },
	{ "allow_unsafe/", NULL, NULL },
	{ "exec/mmap", ":", policy_apply_exec_mmap },
	{ "exec/anonymous", ":", policy_apply_exec_anonymous },
	{ "ghost", "!", policy_apply_ghost },
	{ "setuid", "+-^", policy_apply_setuid },
	{ "setgid", "+-^", policy_apply_setgid },
	{ "rlimit/", ":", policy_apply_rlimit },
	{ "mask", "+-^", policy_apply_mask },
	{ "append", "+-^", policy_apply_append },
	{ "filename/strict", ":", policy_apply_strict_names },
	{ "block", NULL, NULL },
	{ "passenv", "+-^", policy_apply_passenv },
	{ "setenv", "!", policy_apply_setenv },
	{ "unsetenv", "!", policy_apply_unsetenv },
	{ "clearenv", "!", policy_apply_clearenv },
};

static const struct policy_command *policy_command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_commands); i++) {
		const char *known = policy_commands[i].name;
		bool family = known[strlen(known) - 1] == '/';

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
		if (names[count][strlen(names[count]) - 1] == '/')
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

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(statement->name, "/"), statement->name);
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

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(statement->name, "/"), statement->name);
	action = action_parse(head);
	if (action < 0 || !strchr(statement->name, '/'))
		policy_fail_unknown(statement);
	else if (policy_operator_valid(statement, "+-^"))
		policy_apply_rule(statement, (enum action)action);
}

void policy_command_apply(struct policy_statement *statement)
{
	const struct policy_command *command = policy_command_find(statement->name);

	if (!command)
		policy_command_rule(statement);
	else if (!command->operators)
		policy_statement_fail(statement, policy_name_offset(statement, statement->name),
			"command '%s' is not supported yet by this version", statement->name);
	else if (policy_operator_valid(statement, command->operators))
		command->apply(statement);
}
