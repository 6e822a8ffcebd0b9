/* The planner and ptrace: which calls stop, on which arguments, and what is refused beside them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "core/plan.h"
#include "core/unsafe.h"
#include "core/util.h"
#include "tests/unit/fake_policy.h"

TestSuite(plan_trace, .init = fake_handle_usual, .timeout = 60);

static const struct plan_host modern = {
	.landlock_abi = 7, .supervisor = 500, .launcher = 501, .scopes_signals = true, .ptrace = true
};
static const struct plan_host without = { .landlock_abi = 7, .supervisor = 500, .scopes_signals = true };

static const struct policy exec = { .active = CAT_BIT(CAT_EXEC), .defaults = { [CAT_EXEC] = ACTION_DENY } };

static const char *outcome_of(
	const struct plan *plan, const char *abi, enum sysno sysno, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	static const char *const words[] = { "kernel", "refused", "landlock", "notify", "trace" };
	const uint64_t args[6] = { a, b, c, d };
	const struct plan_entry *entry = plan_decide(plan, abi_by_name(abi), sysno, args);

	if (!entry)
		return "kernel";
	return entry->action == PLAN_REFUSE ? strerrorname_np(entry->error) : words[entry->action];
}

#define assert_of(plan, abi, sysno, a, b, c, d, expected) \
	cr_expect_str_eq(outcome_of(plan, abi, sysno, a, b, c, d), expected)
#define assert_native(plan, sysno, a, b, c, d, expected) assert_of(plan, "x86_64", sysno, a, b, c, d, expected)

Test(plan_trace, stops_mappings_of_executable_files_only)
{
	struct plan *plan = plan_new(&exec, &modern);
	const uint64_t high = UINT64_C(0x7) << 32;

	cr_assert(plan_traces(plan));
	assert_native(plan, SC_execve, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_execveat, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC | high, MAP_SHARED | high, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_READ, MAP_PRIVATE, "kernel");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, "kernel");
	assert_of(plan, "i386", SC_mmap2, 0, 1, PROT_EXEC, MAP_PRIVATE, "trace");
	assert_of(plan, "i386", SC_mmap2, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "kernel");
	assert_of(plan, "i386", SC_old_mmap, 0x1000, 0, 0, 0, "trace");
	assert_native(plan, SC_mprotect, 0, 1, PROT_READ | PROT_EXEC, 0, "trace");
	assert_native(plan, SC_mprotect, 0, 1, PROT_WRITE, 0, "kernel");
	assert_native(plan, SC_pkey_mprotect, 0, 1, PROT_EXEC, 0, "trace");
	assert_native(plan, SC_pkey_mprotect, 0, 1, PROT_READ, PROT_EXEC, "kernel");
	plan_free(plan);
}

Test(plan_trace, leaves_memory_alone_where_mapped_files_are_not_judged)
{
	static const struct policy_settings no_mmap = { .exec_anonymous = true };
	const struct policy policy = { .active = CAT_BIT(CAT_EXEC), .settings = &no_mmap };
	struct plan *plan = plan_new(&policy, &modern);

	assert_native(plan, SC_execve, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, MAP_PRIVATE, "kernel");
	assert_native(plan, SC_mprotect, 0, 1, PROT_EXEC, 0, "kernel");
	assert_of(plan, "i386", SC_old_mmap, 0, 0, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan_trace, refuses_executable_memory_without_a_file_where_the_policy_says_so)
{
	static const struct policy_settings no_anonymous = { .exec_mmap = true };
	static const struct policy_settings neither = { .exec_mmap = false };
	struct policy policy = { .active = CAT_BIT(CAT_EXEC), .settings = &no_anonymous };
	struct plan *plan = plan_new(&policy, &modern);

	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, "EACCES");
	assert_native(plan, SC_mmap, 0, 1, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, "kernel");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, MAP_PRIVATE, "trace");
	assert_of(plan, "i386", SC_mmap2, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "EACCES");
	assert_of(plan, "x86_64", SC_arch_prctl, 0x2003, 0, 0, 0, "EINVAL");
	assert_of(plan, "i386", SC_arch_prctl, 0x2002, 0, 0, 0, "EINVAL");
	assert_of(plan, "x86_64", SC_arch_prctl, 0x1002, 0, 0, 0, "kernel");
	plan_free(plan);
	policy.settings = &neither;
	plan = plan_new(&policy, &modern);
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "EACCES");
	/* A private mapping that can be written to is memory without a file. */
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, MAP_PRIVATE, "trace");
	assert_native(plan, SC_mprotect, 0, 1, PROT_EXEC, 0, "trace");
	assert_of(plan, "i386", SC_old_mmap, 0, 0, 0, 0, "trace");
	plan_free(plan);
}

/* In an indirect call the flags lie on the stack: what the filter reads there is not what the kernel has read. */
Test(plan_trace, stops_every_executable_mapping_where_flags_may_be_read_twice)
{
	static const struct policy_settings no_anonymous = { .exec_mmap = true };
	const struct policy strict = { .active = CAT_BIT(CAT_EXEC), .settings = &no_anonymous };
	struct plan *plan = plan_new(&exec, &modern);

	assert_of(plan, "mips", SC_mmap2, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "trace");
	assert_of(plan, "mips", SC_mmap2, 0, 1, PROT_EXEC, MAP_PRIVATE, "trace");
	assert_of(plan, "mips", SC_mmap2, 0, 1, PROT_READ, MAP_PRIVATE, "kernel");
	assert_of(plan, "mips64n32", SC_mmap, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "kernel");
	plan_free(plan);
	plan = plan_new(&strict, &modern);
	assert_of(plan, "mips", SC_mmap2, 0, 1, PROT_EXEC, MAP_ANONYMOUS, "EACCES");
	assert_of(plan, "mips", SC_mmap2, 0, 1, PROT_EXEC, MAP_PRIVATE, "trace");
	plan_free(plan);
}

Test(plan_trace, refuses_a_personality_of_executable_memory_though_others_are_given_back)
{
	static const struct policy_settings unsafe = {
		.exec_mmap = true, .exec_anonymous = true, .unsafe = UNSAFE_BIT(UNSAFE_PERSONALITY)
	};
	struct policy policy = { .active = CAT_BIT(CAT_EXEC), .settings = &unsafe };
	struct plan *plan = plan_new(&policy, &modern);

	assert_native(plan, SC_personality, 0xffffffff, 0, 0, 0, "kernel");
	assert_native(plan, SC_personality, 0x0440000, 0, 0, 0, "EPERM");
	assert_native(plan, SC_personality, 0x0040000, 0, 0, 0, "kernel");
	plan_free(plan);
	policy.active = CAT_BIT(CAT_READ);
	plan = plan_new(&policy, &modern);
	assert_native(plan, SC_personality, 0x0440000, 0, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan_trace, refuses_other_ways_to_executable_memory_while_exec_is_active)
{
	const struct policy reads = { .active = CAT_BIT(CAT_READ) };
	struct plan *plan = plan_new(&exec, &modern);

	assert_native(plan, SC_personality, 0xffffffff, 0, 0, 0, "kernel");
	assert_native(plan, SC_personality, UINT64_MAX, 0, 0, 0, "kernel");
	assert_native(plan, SC_personality, 0x0400000, 0, 0, 0, "EPERM");
	assert_native(plan, SC_personality, 0x0440000, 0, 0, 0, "EPERM");
	assert_native(plan, SC_prctl, 65, 1, 0, 0, "EINVAL");
	assert_native(plan, SC_shmat, 1, 0, 0100000, 0, "EACCES");
	assert_native(plan, SC_shmat, 1, 0, 010000, 0, "kernel");
	assert_of(plan, "i386", SC_shmat, 1, 0, 0110000, 0, "EACCES");
	assert_of(plan, "i386", SC_ipc, 21, 1, 0100000, 0, "EACCES");
	assert_of(plan, "i386", SC_ipc, 0x10015, 1, 0100000, 0, "EACCES");
	assert_of(plan, "i386", SC_ipc, 21, 0100000, 0, 0, "kernel");
	assert_of(plan, "i386", SC_ipc, 22, 1, 0100000, 0, "kernel");
	assert_native(plan, SC_remap_file_pages, 0, 0, 0, 0, "ENOSYS");
	plan_free(plan);
	plan = plan_new(&reads, &modern);
	assert_native(plan, SC_shmat, 1, 0, 0100000, 0, "kernel");
	assert_native(plan, SC_remap_file_pages, 0, 0, 0, 0, "kernel");
	plan_free(plan);
}

Test(plan_trace, stops_what_looks_names_up_while_walk_is_active)
{
	const struct policy walk = { .active = CAT_BIT(CAT_WALK) };
	const struct policy chdirs = { .active = CAT_BIT(CAT_CHDIR) };
	struct plan *plan = plan_new(&walk, &modern);

	assert_native(plan, SC_chdir, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_execve, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, 0, "kernel");
	cr_assert_eq(plan_find(plan, SC_chdir)->category, CAT_WALK);
	plan_free(plan);
	plan = plan_new(&chdirs, &modern);
	assert_native(plan, SC_chdir, 0, 0, 0, 0, "trace");
	/* Nothing of it is judged, but a thread that execs changes its number. */
	assert_native(plan, SC_execve, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_mmap, 0, 1, PROT_EXEC, 0, "kernel");
	plan_free(plan);
}

Test(plan_trace, stops_setgroups_only_where_ids_are_named)
{
	struct policy_transition one = { .kind = ID_GROUP, .from = 1, .to = 2 };
	const struct policy_settings named = { .trace_ptrace = true, .transitions = &one, .transition_count = 1 };
	const struct policy writes = { .active = CAT_BIT(CAT_WRITE) };
	const struct policy ids = { .settings = &named };
	struct plan_host root = modern;
	struct plan *plan;

	plan = plan_new(&ids, &modern);
	cr_assert(plan_traces(plan) && plan_notifies(plan));
	assert_native(plan, SC_setgroups, 0, 0, 0, 0, "trace");
	assert_of(plan, "i386", SC_setgroups32, 0, 0, 0, 0, "trace");
	assert_native(plan, SC_setuid, 0, 0, 0, 0, "notify");
	assert_native(plan, SC_capset, 0, 0, 0, 0, "kernel");
	assert_native(plan, SC_clone3, 0, 0, 0, 0, "ENOSYS");
	assert_native(plan, SC_openat, 0, 0, 0, 0, "kernel");
	/* No handler in the table: nobody could judge it. */
	assert_native(plan, SC_setresgid, 0, 0, 0, 0, "EPERM");
	plan_free(plan);
	root.privileged = true;
	plan = plan_new(&writes, &root);
	assert_native(plan, SC_setgroups, 0, 0, 0, 0, "notify");
	cr_assert_not(plan_traces(plan));
	plan_free(plan);
}

Test(plan_trace, gives_ptrace_back_but_for_our_own_processes)
{
	static const struct policy_settings unsafe = { .exec_mmap = true, .unsafe = UNSAFE_BIT(UNSAFE_PTRACE) };
	const struct policy policy = { .active = CAT_BIT(CAT_WRITE), .settings = &unsafe };
	struct plan *plan = plan_new(&policy, &without);

	assert_native(plan, SC_ptrace, 0, 0, 0, 0, "kernel");
	assert_native(plan, SC_ptrace, 16, 700, 0, 0, "kernel");
	assert_native(plan, SC_ptrace, 16, 500, 0, 0, "EPERM");
	assert_native(plan, SC_ptrace, 0x4206, 500, 0, 0, "EPERM");
	assert_native(plan, SC_ptrace, 0x4206, 700, 0, 0, "kernel");
	assert_native(plan, SC_process_vm_readv, 700, 0, 0, 0, "kernel");
	assert_native(plan, SC_process_vm_readv, 500, 0, 0, 0, "EPERM");
	assert_native(plan, SC_process_vm_writev, 500, 0, 0, 0, "EPERM");
	assert_native(plan, SC_pidfd_getfd, 0, 0, 0, 0, "EPERM");
	plan_free(plan);
}

Test(plan_trace, leaves_exec_to_landlock_where_there_is_no_ptrace)
{
	static const struct policy_settings no_mmap = { .exec_anonymous = true };
	const struct policy policy = {
		.active = CAT_BIT(CAT_EXEC), .defaults = { [CAT_EXEC] = ACTION_FILTER }, .settings = &no_mmap
	};
	struct plan *plan;

	fake_handle(SC_memfd_secret, &fake_stat);
	plan = plan_new(&policy, &without);

	cr_assert_not(plan_traces(plan));
	assert_native(plan, SC_execve, 0, 0, 0, 0, "landlock");
	assert_native(plan, SC_execveat, 0, 0, 0, 0, "landlock");
	assert_native(plan, SC_memfd_create, 0, 0, 0, 0, "EACCES");
	assert_native(plan, SC_memfd_create, 0, 1, 0, 0, "EACCES");
	assert_native(plan, SC_memfd_create, 0, 9, 0, 0, "kernel");
	assert_native(plan, SC_memfd_secret, 0, 0, 0, 0, "EACCES");
	cr_assert_neq(plan_find(plan, SC_memfd_secret)[1].sysno, SC_memfd_secret, "nothing behind it");
	cr_assert_eq(plan_find(plan, SC_execve)->category, CAT_EXEC);
	plan_free(plan);
}

Test(plan_trace, without_ptrace_and_landlock_still_lets_nothing_through)
{
	struct plan *plan = plan_new(&exec, &without);

	/* Refused at the start (plan_needs_ptrace); a stop without a tracer is ENOSYS. */
	assert_native(plan, SC_execve, 0, 0, 0, 0, "trace");
	plan_free(plan);
}
