/*
 * The commands that are no rules: abi, log, exit, limit, trace, exec, ghost, lock; and the
 * words and numbers they take. Changes only the loader's policy.
 */
#include <stddef.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/unsafe.h"
#include "core/util.h"

int policy_boolean(const struct policy_statement *statement)
{
	static const char *const words[] = { "off", "on", "false", "true", "0", "1", "no", "yes" };
	struct policy_hint hint;
	const char *value = policy_value(statement);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_equal(words[i], value))
			return (int)(i % 2);
	policy_statement_fail(statement, statement->value_at, "unknown value '%s', expected on or off%s", value,
		policy_hint_nearest(&hint, value, POLICY_WORDS(words)));
	return -1;
}

static void policy_number(const struct policy_statement *statement, unsigned maximum, unsigned *number_out)
{
	const char *value = policy_value(statement);
	size_t digits = strspn(value, "0123456789");
	unsigned long number = digits > 0 && digits < 10 ? strtoul(value, NULL, 10) : 0;

	if (digits == 0 || value[digits] != '\0' || number < 1 || number > maximum)
		policy_statement_fail(statement, statement->value_at,
			"unknown value '%s', expected a number from 1 to %u", value, maximum);
	else
		*number_out = (unsigned)number;
}

/* The switches by their names; what is given back has a table of its own. */
static const struct policy_switch {
	const char *name;
	size_t offset;
} policy_switches[] = {
	{ "log/refused", offsetof(struct policy_settings, log_refused) },
	{ "exit/wait_all", offsetof(struct policy_settings, wait_all) },
	{ "trace/ptrace", offsetof(struct policy_settings, trace_ptrace) },
	{ "exec/mmap", offsetof(struct policy_settings, exec_mmap) },
	{ "exec/anonymous", offsetof(struct policy_settings, exec_anonymous) },
	{ "net/accept", offsetof(struct policy_settings, judge_peers) },
	{ "filename/strict", offsetof(struct policy_settings, strict_names) },
};

bool *policy_setting_switch(struct policy_settings *settings, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_switches); i++)
		if (str_equal(policy_switches[i].name, name))
			return (bool *)((char *)settings + policy_switches[i].offset);
	return NULL;
}

void policy_apply_switch(struct policy_statement *statement)
{
	bool *setting = policy_setting_switch(policy_settings_edit(statement->loader->policy), statement->name);

	*setting = policy_boolean(statement) == 1;
}

/* Both spellings end in the name: allow_unsafe/NAME, trace/allow_unsafe_NAME. */
int policy_unsafe(const char *name)
{
	static const char *const spellings[] = { "allow_unsafe/", "trace/allow_unsafe_" };

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
		for (int unsafe = 0; str_starts(name, spellings[i]) && unsafe < UNSAFE_COUNT; unsafe++)
			if (str_equal(name + strlen(spellings[i]), unsafe_name((enum unsafe)unsafe)))
				return unsafe;
	return -1;
}

static void policy_fail_unsafe(const struct policy_statement *statement)
{
	const char *name = strstr(statement->name, "unsafe") + strlen("unsafe/");
	const char *words[UNSAFE_COUNT];
	struct policy_hint hint;

	for (int unsafe = 0; unsafe < UNSAFE_COUNT; unsafe++)
		words[unsafe] = unsafe_name((enum unsafe)unsafe);
	if (unsafe_never(name))
		policy_statement_fail(statement, policy_name_offset(statement, name),
			"'%s' cannot be given back, no rule would hold: %s", name, unsafe_never(name));
	else
		policy_statement_fail(statement, policy_name_offset(statement, name),
			"unknown name '%s', expected something to give back such as perf or ptrace%s", name,
			policy_hint_nearest(&hint, name, POLICY_WORDS(words)));
}

void policy_apply_unsafe(struct policy_statement *statement)
{
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	int unsafe = policy_unsafe(statement->name);

	if (unsafe < 0)
		policy_fail_unsafe(statement);
	else if (policy_boolean(statement) == 1)
		settings->unsafe |= UNSAFE_BIT(unsafe);
	else
		settings->unsafe &= ~UNSAFE_BIT(unsafe);
}

void policy_apply_log_file(struct policy_statement *statement)
{
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	char plain[4096];

	if (!policy_value_plain(statement, plain, sizeof(plain)))
		return;
	free(settings->log_file);
	settings->log_file = strdup(plain);
	if (!settings->log_file)
		policy_fail_memory(statement->loader);
}

void policy_apply_limit_calls(struct policy_statement *statement)
{
	policy_number(statement, 65536, &policy_settings_edit(statement->loader->policy)->limit_calls);
}

void policy_apply_limit_workers(struct policy_statement *statement)
{
	policy_number(statement, 4096, &policy_settings_edit(statement->loader->policy)->limit_workers);
}

void policy_apply_ghost(struct policy_statement *statement)
{
	if (*policy_value(statement) != '\0')
		policy_statement_fail(statement, statement->value_at, "expected nothing after 'ghost!'");
	else
		policy_settings_edit(statement->loader->policy)->ghost = true;
}

const struct abi *policy_abi(const char *name)
{
	return str_starts(name, "abi/") ? abi_by_name(name + strlen("abi/")) : NULL;
}

/* The words are those for this machine. */
static void policy_fail_abi(const struct policy_statement *statement, const char *name)
{
	const char *words[ABIS_MAX];
	char list[256] = "";
	size_t length = 0;
	struct policy_hint hint;

	for (unsigned i = 0; i < abi_list_count; i++) {
		words[i] = abi_list[i]->name;
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
			i == 0                   ? ""
			: i + 1 < abi_list_count ? ", "
						 : " or ",
			words[i]);
	}
	policy_statement_fail(statement, policy_name_offset(statement, name), "unknown ABI '%s', expected %s%s", name,
		list, policy_hint_nearest(&hint, name, words, abi_list_count));
}

void policy_apply_abi(struct policy_statement *statement)
{
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	const struct abi *abi = policy_abi(statement->name);
	int on = policy_boolean(statement);

	if (!abi)
		policy_fail_abi(statement, statement->name + strlen("abi/"));
	else if (abi == abi_native() && on == 0)
		policy_statement_fail(
			statement, statement->value_at, "%s is the native ABI, expected on", statement->name);
	else if (abi != abi_native() && on == 1)
		settings->abis |= (uint16_t)ABI_BIT(abi);
	else if (abi != abi_native())
		settings->abis &= (uint16_t)~ABI_BIT(abi);
}

void policy_apply_lock(struct policy_statement *statement)
{
	const char *words[POLICY_LOCK_COUNT];
	const char *value = policy_value(statement);
	struct policy_hint hint;

	for (int lock = 0; lock < POLICY_LOCK_COUNT; lock++) {
		words[lock] = policy_lock_name((enum policy_lock)lock);
		if (!str_equal(words[lock], value))
			continue;
		policy_settings_edit(statement->loader->policy)->lock = (enum policy_lock)lock;
		return;
	}
	if (str_equal(value, "ipc"))
		policy_statement_fail(statement, statement->value_at, "lock:ipc is not supported yet by this version");
	else
		policy_statement_fail(statement, statement->value_at,
			"unknown lock state '%s', expected on, read, drop, exec or off%s", value,
			policy_hint_nearest(&hint, value, POLICY_WORDS(words)));
}
