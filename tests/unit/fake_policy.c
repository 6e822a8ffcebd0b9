/*
 * Fakes behind tests/unit/fake_policy.h. Criterion runs each test in a process of its
 * own, so that the table starts empty every time.
 */
#include "tests/unit/fake_policy.h"

#include "core/util.h"

#define READ_WRITE (CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_WALK) | CAT_BIT(CAT_CREATE))

const struct handler fake_open = { .name = "open", .flags = H_READS_MEM, .categories = READ_WRITE };
const struct handler fake_stat = {
	.name = "stat",
	.flags = H_READS_MEM,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
};
const struct handler fake_names = { .name = "rename", .flags = H_READS_MEM | H_HOLDS_NAMES };
const struct handler fake_bind = { .name = "bind", .categories = CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WALK) };
const struct handler fake_limit = { .name = "rlimit", .categories = CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WRITE) };
const struct handler fake_identity = { .name = "identity", .flags = H_REGISTERS };
const struct handler fake_exec = {
	.name = "exec",
	.flags = H_TRACE | H_EXIT,
	.categories = CAT_BIT(CAT_EXEC) | CAT_BIT(CAT_WALK),
};
const struct handler fake_chdir = {
	.name = "chdir",
	.flags = H_TRACE | H_EXIT,
	.categories = CAT_BIT(CAT_CHDIR) | CAT_BIT(CAT_WALK),
};
const struct handler fake_memory = { .name = "mmap", .flags = H_TRACE, .categories = CAT_BIT(CAT_EXEC) };
const struct handler fake_groups = { .name = "setgroups", .flags = H_TRACE };

static const struct policy_settings fresh = {
	.trace_ptrace = true, .exec_mmap = true, .exec_anonymous = true, .judge_peers = true
};
static const struct handler *table[SC_COUNT];
static const struct handler *traced[SC_COUNT];

void fake_handle(enum sysno sysno, const struct handler *handler)
{
	table[sysno] = handler;
}

void fake_trace(enum sysno sysno, const struct handler *handler)
{
	traced[sysno] = handler;
}

void fake_handle_usual(void)
{
	static const enum sysno opens[] = { SC_open, SC_openat, SC_openat2, SC_creat };
	static const enum sysno stats[] = { SC_stat, SC_newfstatat, SC_statx, SC_stat64, SC_fstatat64 };
	static const enum sysno names[] = { SC_rename, SC_renameat, SC_renameat2, SC_link, SC_linkat };
	static const enum sysno ids[] = { SC_setuid, SC_setuid32, SC_setgroups, SC_setgroups32, SC_capset, SC_prctl };
	static const enum sysno memory[] = { SC_mmap, SC_mmap2, SC_old_mmap, SC_mprotect, SC_pkey_mprotect };

	for (unsigned i = 0; i < ARRAY_SIZE(opens); i++)
		fake_handle(opens[i], &fake_open);
	for (unsigned i = 0; i < ARRAY_SIZE(stats); i++)
		fake_handle(stats[i], &fake_stat);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		fake_handle(names[i], &fake_names);
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		fake_handle(ids[i], &fake_identity);
	fake_handle(SC_bind, &fake_bind);
	fake_handle(SC_socketcall, &fake_bind);
	fake_handle(SC_execve, &fake_exec);
	fake_handle(SC_execveat, &fake_exec);
	fake_handle(SC_chdir, &fake_chdir);
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		fake_handle(memory[i], &fake_memory);
	fake_trace(SC_setgroups, &fake_groups);
	fake_trace(SC_setgroups32, &fake_groups);
}

const struct handler *handler_find(enum sysno sysno)
{
	return table[sysno];
}

const struct handler *handler_traced(enum sysno sysno)
{
	return traced[sysno] ? traced[sysno] : table[sysno];
}

uint64_t policy_active_bits(const struct policy *policy)
{
	return policy->active;
}

bool policy_is_on(const struct policy *policy, enum category category)
{
	return (policy->active | policy->inactive) & CAT_BIT(category);
}

enum action policy_default(const struct policy *policy, enum category category)
{
	return policy->defaults[category];
}

const struct rule *policy_rules(const struct policy *policy, enum category category, size_t *count_out)
{
	*count_out = policy->counts[category];
	return policy->rules[category];
}

struct decision policy_decide(const struct policy *policy, enum category category, const char *name)
{
	(void)name;
	if (!(policy->active & CAT_BIT(category)))
		return (struct decision){ .action = ACTION_ALLOW };
	return (struct decision){ .action = policy->defaults[category] };
}

/* Addresses and families are decided by the default. */
const struct rule_index *policy_rule_index(const struct policy *policy, enum category category)
{
	(void)policy;
	(void)category;
	return NULL;
}

const struct policy_settings *policy_settings(const struct policy *policy)
{
	return policy->settings ? policy->settings : &fresh;
}

bool policy_names_transitions(const struct policy *policy, enum id_kind kind)
{
	const struct policy_settings *settings = policy_settings(policy);

	return settings->transition_count > 0 && settings->transitions[0].kind == kind;
}
