/*
 * NAME? from inside a running sandbox: is it on? Changes nothing but the loader's answer.
 */
#include "arch/arch.h"
#include "core/policy_load.h"
#include "core/unsafe.h"
#include "core/util.h"

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
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	const bool *setting = policy_setting_switch(settings, statement->name);
	int unsafe = policy_unsafe(statement->name);
	const struct abi *abi = policy_abi(statement->name);

	if (abi)
		policy_query_answer(statement->loader, abi == abi_native() || settings->abis & ABI_BIT(abi));
	else if (setting)
		policy_query_answer(statement->loader, *setting);
	else if (unsafe >= 0)
		policy_query_answer(statement->loader, unsafe_given(settings, (enum unsafe)unsafe));
	else if (str_equal(statement->name, "ghost"))
		policy_query_answer(statement->loader, settings->ghost);
	else if (str_equal(statement->name, "lock"))
		policy_query_answer(statement->loader, settings->lock != POLICY_LOCK_OFF);
	else
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
