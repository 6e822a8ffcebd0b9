/* Which opens stay in the kernel, by their flags: those that no rule is asked about, and those that are Landlock's. */
#include <criterion/criterion.h>
#include <fcntl.h>

#include "arch/arch.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(plan_opens, .timeout = 60);

static const struct plan_host plain = { .landlock_abi = 7, .scopes_signals = true, .ptrace = true };
static const struct plan_host reads = {
	.landlock_abi = 7,
	.scopes_signals = true,
	.ptrace = true,
	.landlock_reads = CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR),
};
static const struct plan_host devices = {
	.landlock_abi = 7,
	.scopes_signals = true,
	.ptrace = true,
	.landlock_reads = CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR) | CAT_BIT(CAT_IOCTL),
};
static const struct plan_host reads_alone = {
	.landlock_abi = 5, .ptrace = true, .landlock_reads = CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR)
};
static const struct plan_host half = {
	.landlock_abi = 7, .scopes_signals = true, .ptrace = true, .landlock_reads = CAT_BIT(CAT_READ)
};
static const struct plan_host unscoped = { .landlock_abi = 5, .ptrace = true };

static enum plan_action opens_action(
	const char *const *commands, const struct plan_host *host, enum sysno sysno, uint64_t flags, const char *abi)
{
	struct policy *policy = fixture_policy(commands);
	struct plan *plan = plan_new(policy, host);
	unsigned arg = sysno == SC_open ? 1 : 2;
	uint64_t args[6] = { 0 };
	const struct plan_entry *entry;
	enum plan_action action;

	args[arg] = flags;
	entry = plan_decide(plan, abi_by_name(abi), sysno, args);
	action = entry ? entry->action : PLAN_KERNEL;
	plan_free(plan);
	policy_free(policy);
	return action;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define READ_RULES WORDS("sandbox/all:off", "sandbox/read,readdir,write,create:on", "log/refused:off")
#define assert_open(commands, host, flags, expected) \
	do { \
		cr_expect_eq(opens_action(commands, host, SC_open, (flags), "x86_64"), expected, "%s", #flags); \
		cr_expect_eq(opens_action(commands, host, SC_openat, (flags), "x86_64"), expected, "%s", #flags); \
		cr_expect_eq(opens_action(commands, host, SC_openat, (flags), "i386"), expected, "%s", #flags); \
	} while (0)

Test(plan_opens, are_all_notified_where_what_is_decided_says_enosys)
{
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on"), &reads, O_RDONLY, PLAN_KERNEL);
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on", "ghost!"), &reads, O_RDONLY, PLAN_NOTIFY);
}

Test(plan_opens, that_only_read_are_landlocks_where_it_decides_as_the_rules)
{
	assert_open(READ_RULES, &reads, O_RDONLY, PLAN_LANDLOCK);
	assert_open(READ_RULES, &reads, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, PLAN_LANDLOCK);
	assert_open(READ_RULES, &reads, O_PATH, PLAN_KERNEL);
	assert_open(READ_RULES, &reads, O_PATH | O_RDWR, PLAN_KERNEL);
}

Test(plan_opens, that_write_make_or_cut_are_not)
{
	static const int flags[] = { O_WRONLY, O_RDWR, 3, O_CREAT, O_TRUNC, 3 | O_TRUNC, O_CREAT | O_EXCL,
		O_TMPFILE | O_WRONLY, O_TMPFILE | O_RDWR, O_TMPFILE };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		assert_open(READ_RULES, &reads, (uint64_t)(unsigned)flags[i], PLAN_NOTIFY);
}

Test(plan_opens, are_judged_by_the_low_half_of_the_register)
{
	assert_open(READ_RULES, &reads, UINT64_C(0xffffffff00000000), PLAN_LANDLOCK);
	assert_open(READ_RULES, &reads, UINT64_C(0xffffffff00000001), PLAN_NOTIFY);
}

Test(plan_opens, whose_flags_lie_in_memory_or_that_always_write_are_the_supervisors)
{
	cr_expect_eq(opens_action(READ_RULES, &reads, SC_openat2, 0, "x86_64"), PLAN_NOTIFY);
	cr_expect_eq(opens_action(READ_RULES, &reads, SC_creat, 0, "x86_64"), PLAN_NOTIFY);
}

Test(plan_opens, are_the_supervisors_where_landlock_decides_only_a_part)
{
	assert_open(READ_RULES, &plain, O_RDONLY, PLAN_NOTIFY);
	assert_open(READ_RULES, &half, O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/read,fs:on", "log/refused:off"), &reads, O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/read,walk:on", "log/refused:off"), &reads, O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/read,stat:on", "log/refused:off"), &reads, O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/read,ioctl:on", "log/refused:off", "deny/ioctl+/dev/x"), &reads,
		O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/read,ioctl:on", "log/refused:off", "deny/ioctl+/dev/x"), &devices,
		O_RDONLY, PLAN_LANDLOCK);
}

Test(plan_opens, for_reading_stay_in_the_kernel_where_only_writing_is_judged)
{
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on"), &plain, O_RDONLY, PLAN_KERNEL);
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on"), &plain, O_WRONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on"), &plain, O_TRUNC, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/create:on"), &plain, O_RDONLY, PLAN_KERNEL);
}

Test(plan_opens, stay_with_the_supervisor_where_no_domain_hides_it)
{
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on"), &unscoped, O_RDONLY, PLAN_NOTIFY);
	assert_open(READ_RULES, &reads_alone, O_RDONLY, PLAN_LANDLOCK);
}

Test(plan_opens, of_the_state_are_the_supervisors)
{
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on", "lock:read"), &plain, O_RDONLY, PLAN_NOTIFY);
	assert_open(WORDS("sandbox/all:off", "sandbox/write:on", "lock:off"), &plain, O_RDONLY, PLAN_NOTIFY);
}

Test(plan_opens, by_landlock_are_shown_for_programs_too)
{
	struct policy *policy = fixture_policy(READ_RULES);
	struct plan *plan = plan_new(policy, &reads);

	cr_assert_eq(plan_find(plan, SC_execve)->action, PLAN_LANDLOCK);
	plan_free(plan);
	policy_free(policy);
}

/* Looking at a descriptor is no open, but the same register says whether a string is there. */
static enum plan_action opens_look(const char *const *commands, enum sysno sysno, uint64_t string, const char *abi)
{
	struct policy *policy = fixture_policy(commands);
	struct plan *plan = plan_new(policy, &plain);
	const uint64_t args[6] = { 3, string, 0x1000, AT_EMPTY_PATH };
	const struct plan_entry *entry = plan_decide(plan, abi_by_name(abi), sysno, args);
	enum plan_action action = entry ? entry->action : PLAN_KERNEL;

	plan_free(plan);
	policy_free(policy);
	return action;
}

Test(plan_opens, looks_without_a_string_are_the_kernels_where_no_rule_is_asked_about_them)
{
	static const struct {
		enum sysno sysno;
		const char *abi;
	} calls[] = { { SC_newfstatat, "x86_64" }, { SC_statx, "x86_64" }, { SC_statx, "i386" },
		{ SC_fstatat64, "i386" } };
	const char *const *walk = WORDS("sandbox/all:off", "sandbox/walk:on", "deny/walk+/x");
	const char *const *asked = WORDS("sandbox/all:off", "lock:read");
	const char *const *stat = WORDS("sandbox/all:off", "sandbox/walk,stat:on", "deny/walk,stat+/x");
	const char *const *ghost = WORDS("sandbox/all:off", "sandbox/walk:on", "deny/walk+/x", "ghost!");

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		cr_expect_eq(opens_look(walk, calls[i].sysno, 0, calls[i].abi), PLAN_KERNEL);
		cr_expect_eq(opens_look(walk, calls[i].sysno, 0x2000, calls[i].abi), PLAN_NOTIFY);
		cr_expect_eq(opens_look(asked, calls[i].sysno, 0, calls[i].abi), PLAN_KERNEL);
		cr_expect_eq(opens_look(asked, calls[i].sysno, 0x2000, calls[i].abi), PLAN_NOTIFY);
		cr_expect_eq(opens_look(stat, calls[i].sysno, 0, calls[i].abi), PLAN_NOTIFY);
		cr_expect_eq(opens_look(ghost, calls[i].sysno, 0, calls[i].abi), PLAN_NOTIFY);
	}
	/* A 64-bit register is looked at whole. */
	cr_expect_eq(opens_look(walk, SC_newfstatat, UINT64_C(0x100000000), "x86_64"), PLAN_NOTIFY);
}
