/*
 * NAME? from inside a running sandbox: is it on? Changes nothing but the loader's answer.
 */
#include "core/policy_load.h"
#include "core/util.h"

struct policy_switch_row {
	const char *name;
	bool on;
};

static void policy_query_answer(struct policy_loader *loader, bool answer)
{
	loader->asked = true;
	loader->answer = answer;
}

/* Every one of them. */
static void policy_query_categories(struct policy_statement *statement)
{
	uint64_t categories = policy_categories(statement);
	bool all = categories != 0;

	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (categories & CAT_BIT(i))
			all &= policy_is_on(statement->loader->policy, (enum category)i);
	if (categories)
		policy_query_answer(statement->loader, all);
}

static void policy_query_switch(struct policy_statement *statement)
{
	const struct policy_settings *settings = policy_settings(statement->loader->policy);
	const struct policy_switch_row rows[] = {
		{ "log/refused", settings->log_refused },
		{ "exit/wait_all", settings->wait_all },
		{ "abi/i386", settings->abi_i386 },
		{ "trace/ptrace", settings->trace_ptrace },
		{ "exec/mmap", settings->exec_mmap },
		{ "net/accept", settings->judge_peers },
		{ "exec/anonymous", settings->exec_anonymous },
		{ "filename/strict", settings->strict_names },
		{ "allow_unsafe/ptrace", settings->unsafe_ptrace },
		{ "allow_unsafe/env", settings->unsafe_env },
		{ "ghost", settings->ghost },
		{ "lock", settings->lock != POLICY_LOCK_OFF },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_equal(rows[i].name, statement->name))
			continue;
		policy_query_answer(statement->loader, rows[i].on);
		return;
	}
	policy_statement_fail(statement, policy_name_offset(statement, statement->name),
		"'%s?' has no answer, expected a switch such as sandbox/read", statement->name);
}

void policy_query_apply(struct policy_statement *statement)
{
	if (*policy_value(statement) != '\0')
		policy_statement_fail(statement, statement->value_at, "expected nothing after '%s?'", statement->name);
	else if (str_starts(statement->name, "sandbox/"))
		policy_query_categories(statement);
	else
		policy_query_switch(statement);
}
