/* The filter against the plan: every number of both ABIs, and chosen arguments, in the simulator. */
#include <criterion/criterion.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/filter.h"
#include "core/ioctl_number.h"
#include "core/plan.h"
#include "core/util.h"
#include "tests/unit/bpf_simulator.h"
#include "tests/unit/fake_policy.h"

#define GARBAGE UINT64_C(0xdeadbeef00000000)

TestSuite(filter, .timeout = 360);

static const struct plan_host host = {
	.landlock_abi = 5,
	.supervisor = 1234567,
	.launcher = 1234568,
	.cleaner = 1234569,
	.pgrp = 1234560,
	.privileged = true,
	.ptrace = true,
};

static const struct policy everything = {
	.active = CAT_ALL_BITS,
	.defaults = { [CAT_READ] = ACTION_DENY },
};

static uint32_t filter_expect(const struct abi *abi, const struct plan_entry *entry)
{
	if (!entry)
		return SECCOMP_RET_ALLOW;
	switch (entry->action) {
	case PLAN_REFUSE:
		return SECCOMP_RET_ERRNO | (uint32_t)entry->error;
	case PLAN_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	case PLAN_TRACE:
		return SECCOMP_RET_TRACE | abi_index(abi) << 12 | (uint32_t)entry->sysno;
	case PLAN_KERNEL:
	case PLAN_LANDLOCK:
		break;
	}
	return SECCOMP_RET_ALLOW;
}

static void filter_compare(const struct plan *plan, const struct sock_fprog *program, const struct abi *abi,
	uint32_t nr, const uint64_t args[6])
{
	struct seccomp_data data = { .arch = abi->audit_arch, .nr = (int)nr };
	enum sysno sysno = abi_sysno(abi, (int32_t)nr);
	uint32_t expected = filter_expect(abi, plan_decide(plan, abi, sysno, args));

	for (unsigned i = 0; i < 6; i++)
		data.args[i] = abi->word_bytes == 4 ? (uint32_t)args[i] : args[i];
	cr_assert_eq(bpf_simulate(program, &data), expected, "%s %u (%s) args %#llx %#llx: %#x, not %#x", abi->name, nr,
		sysno_name(sysno), (long long)args[0], (long long)args[1], bpf_simulate(program, &data), expected);
}

/* Values that conditions look for, near misses, and the same with a dirty upper half. */
static void filter_compare_arguments(
	const struct plan *plan, const struct sock_fprog *program, const struct abi *abi, uint32_t nr)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		3,
		8,
		10,
		15,
		24,
		28,
		47,
		1234567,
		1234568,
		1234569,
		1234560,
		(uint64_t)-1,
		(uint64_t)-1234560,
		(uint32_t)-1,
		(uint32_t)-1234560,
		FIOSETOWN,
		SIOCSPGRP,
		TCGETS,
		FS_IOC_SETFLAGS,
		FS_IOC32_SETFLAGS,
		IOCTL_MADE(0x401c5820),
		IOCTL_MADE(0x5000940e),
		IOCTL_MADE(0xaa00),
		IOCTL_MADE(0xc038586b),
		S_IFBLK | 0600,
		S_IFCHR,
		S_IFIFO | 0600,
		S_IFSOCK,
		4,
		UINT64_C(0x10000) | S_IFCHR,
		CLONE_NEWNS,
		CLONE_NEWUSER,
		CLONE_NEWPID,
		CLONE_VM | CLONE_NEWNET,
		CLONE_VM | CLONE_FS,
		0x80,
		0x20,
		21,
		0x10015,
		0100000,
		0x0400000,
		UINT64_C(1) << 32,
		CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(values); j++) {
			const uint64_t clean[6] = { values[i], values[j], values[(i + j) % ARRAY_SIZE(values)],
				values[(i * 3 + j) % ARRAY_SIZE(values)], values[(i + j * 2) % ARRAY_SIZE(values)],
				values[(i * 2 + j) % ARRAY_SIZE(values)] };
			const uint64_t dirty[6] = { values[i] ^ GARBAGE, values[j] ^ GARBAGE, GARBAGE, GARBAGE };

			filter_compare(plan, program, abi, nr, clean);
			filter_compare(plan, program, abi, nr, dirty);
		}
	}
}

static void filter_compare_abi(const struct plan *plan, const struct sock_fprog *program, const struct abi *abi)
{
	static const uint64_t zero[6];

	for (uint32_t nr = abi->nr_bias; nr < abi->nr_bias + abi->nr_count + 10; nr++) {
		const struct plan_entry *entry = plan_find(plan, abi_sysno(abi, nr));

		if (entry && entry->condition_count > 0)
			filter_compare_arguments(plan, program, abi, nr);
		else
			filter_compare(plan, program, abi, nr, zero);
	}
	filter_compare(plan, program, abi, UINT32_MAX, zero);
	filter_compare(plan, program, abi, 0xf0000, zero);
}

/* libseccomp writes a program in the byte order of its ABI: a machine of the other one cannot simulate it. */
static void filter_need(const struct abi *abi)
{
	if (abi->big_endian != abi_native()->big_endian)
		cr_skip_test("the filter of %s is in another byte order", abi->name);
}

static void filter_check(
	const struct policy *policy, const struct plan_host *on, const struct abi *const *abis, unsigned count)
{
	struct plan *plan = plan_new(policy, on);
	struct sock_fprog program;

	filter_need(abis[0]);
	cr_assert_not_null(plan);
	cr_assert_eq(filter_build(plan, abis, count, &program), 0);
	cr_assert_gt(program.len, 0);
	for (unsigned i = 0; i < count; i++)
		filter_compare_abi(plan, &program, abis[i]);
	filter_free(&program);
	plan_free(plan);
}

Test(filter, does_what_the_plan_says_for_every_number_of_both_abis)
{
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("i386") };

	fake_handle_usual();
	filter_check(&everything, &host, both, 2);
}

/* x32 has the audit value of x86_64, and bit 30 in its numbers: neither is ever decided by the other's table. */
Test(filter, does_what_the_plan_says_for_every_number_of_x86_64_and_x32)
{
	const struct abi *three[] = { abi_by_name("x86_64"), abi_by_name("i386"), abi_by_name("x32") };
	const struct abi *two[] = { three[0], three[2] };

	fake_handle_usual();
	filter_check(&everything, &host, three, 3);
	filter_check(&everything, &host, two, 2);
}

Test(filter, does_what_the_plan_says_for_one_abi)
{
	const struct abi *one[] = { abi_by_name("x86_64") };
	const struct abi *other[] = { abi_by_name("i386") };
	const struct plan_host modern = { .landlock_abi = 7, .supervisor = 1234567, .scopes_signals = true };

	fake_handle_usual();
	filter_check(&everything, &modern, one, 1);
	filter_check(&everything, &modern, other, 1);
}

/* libseccomp 2.5 does not know loongarch64, and x32 by another token. */
static bool filter_can_be_simulated(const struct abi *abi)
{
	return abi->big_endian == abi_native()->big_endian && abi->nr_bias != ABI_X32_BIT &&
	       strcmp(abi->name, "loongarch64") != 0;
}

Test(filter, does_what_the_plan_says_for_every_abi, .timeout = 360)
{
	unsigned checked = 0;

	fake_handle_usual();
	for (unsigned i = 0; i < abi_list_count; i++) {
		if (!filter_can_be_simulated(abi_list[i]))
			continue;
		filter_check(&everything, &host, &abi_list[i], 1);
		checked++;
	}
	cr_assert_eq(checked, abi_native()->big_endian ? 1 : 9);
}

Test(filter, kills_foreign_architectures_and_x32)
{
	const struct abi *one[] = { abi_by_name("x86_64") };
	struct plan *plan = plan_new(&everything, &host);
	struct seccomp_data data = { .arch = abi_by_name("i386")->audit_arch, .nr = 3 };
	struct sock_fprog program;

	filter_need(one[0]);
	cr_assert_eq(filter_build(plan, one, 1, &program), 0);
	cr_assert_eq(bpf_simulate(&program, &data), SECCOMP_RET_KILL_PROCESS);
	data.arch = one[0]->audit_arch;
	data.nr = (int)(ABI_X32_BIT | 1);
	cr_assert_eq(bpf_simulate(&program, &data), SECCOMP_RET_KILL_PROCESS);
	filter_free(&program);
	plan_free(plan);
}

Test(filter, of_an_empty_plan_is_nothing_to_load)
{
	const struct policy off = { .active = 0 };
	const struct abi *one[] = { abi_native() };
	struct plan *plan = plan_new(&off, &host);
	struct sock_fprog program;

	cr_assert_eq(filter_build(plan, one, 1, &program), 0);
	cr_assert_eq(program.len, 0);
	filter_free(&program);
	plan_free(plan);
}

Test(filter, keeps_the_order_of_refused_values_and_a_notified_rest)
{
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("i386") };

	fake_handle_usual();
	fake_handle(SC_fcntl, &fake_open);
	fake_handle(SC_fcntl64, &fake_open);
	fake_handle(SC_kill, &fake_stat);
	fake_handle(SC_mknod, &fake_open);
	fake_handle(SC_mknodat, &fake_open);
	fake_handle(SC_setrlimit, &fake_limit);
	fake_handle(SC_prlimit64, &fake_limit);
	fake_handle(SC_getxattrat, &fake_stat);
	filter_check(&everything, &host, both, 2);
}

/* In a process of its own: sanitizers need ptrace at the end of the test's. 0: all as planned. */
static int filter_try(const struct sock_fprog *program)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || filter_load(program, 0) != 0)
		return 1;
	if (unshare(CLONE_NEWUTS) != -1 || errno != EPERM)
		return 2;
	if (fcntl(0, F_SETSIG, 0) != -1 || errno != EPERM)
		return 3;
	return fcntl(0, F_GETOWN) < 0 ? 4 : 0;
}

static uint32_t filter_simulate(
	const struct sock_fprog *program, const char *abi_name, enum sysno sysno, uint64_t prot, uint64_t flags)
{
	const struct abi *abi = abi_by_name(abi_name);
	const struct seccomp_data data = {
		.arch = abi->audit_arch, .nr = abi_nr(abi, sysno), .args = { 0, 4096, prot, flags, 3, 0 }
	};

	return bpf_simulate(program, &data);
}

Test(filter, hands_the_tracer_the_abi_and_the_call_of_executable_files_only)
{
	const struct policy exec = { .active = CAT_BIT(CAT_EXEC) };
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("i386") };
	const uint32_t i386 = SECCOMP_RET_TRACE | abi_index(both[1]) << 12;
	const uint32_t x86_64 = SECCOMP_RET_TRACE | abi_index(both[0]) << 12;
	struct plan *plan;
	struct sock_fprog program;

	fake_handle_usual();
	plan = plan_new(&exec, &host);
	filter_need(both[0]);
	cr_assert_eq(filter_build(plan, both, 2, &program), 0);
	cr_assert_neq(i386, x86_64);
	cr_assert_eq(filter_simulate(&program, "x86_64", SC_mmap, 5, 2), x86_64 | SC_mmap);
	cr_assert_eq(filter_simulate(&program, "x86_64", SC_mmap, 3, 2), SECCOMP_RET_ALLOW);
	cr_assert_eq(filter_simulate(&program, "x86_64", SC_mmap, 7, 0x22), SECCOMP_RET_ALLOW);
	cr_assert_eq(filter_simulate(&program, "i386", SC_mmap2, 5, 2), i386 | SC_mmap2);
	cr_assert_eq(filter_simulate(&program, "i386", SC_mmap2, 5, 0x22), SECCOMP_RET_ALLOW);
	cr_assert_eq(filter_simulate(&program, "i386", SC_old_mmap, 0, 0), i386 | SC_old_mmap);
	cr_assert_eq(filter_simulate(&program, "i386", SC_mprotect, 4, 0), i386 | SC_mprotect);
	cr_assert_eq(filter_simulate(&program, "x86_64", SC_mprotect, 1, 0), SECCOMP_RET_ALLOW);
	cr_assert_eq(filter_simulate(&program, "x86_64", SC_execve, 0, 0), x86_64 | SC_execve);
	filter_free(&program);
	plan_free(plan);
}

/* 520 is execve of x32, 59 that of x86_64; the other's number is nobody's. */
Test(filter, tells_the_tracer_x32_from_x86_64)
{
	const struct policy exec = { .active = CAT_BIT(CAT_EXEC) };
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("x32") };
	const uint32_t x32 = SECCOMP_RET_TRACE | abi_index(both[1]) << 12;
	struct seccomp_data data = { .arch = both[0]->audit_arch };
	struct sock_fprog program;
	struct plan *plan;

	fake_handle_usual();
	plan = plan_new(&exec, &host);
	filter_need(both[0]);
	cr_assert_eq(filter_build(plan, both, 2, &program), 0);
	cr_assert_eq(filter_simulate(&program, "x32", SC_execve, 0, 0), x32 | SC_execve);
	cr_assert_eq(filter_simulate(&program, "x32", SC_mmap, 5, 2), x32 | SC_mmap);
	cr_assert_eq(filter_simulate(&program, "x32", SC_mmap, 3, 2), SECCOMP_RET_ALLOW);
	data.nr = 520;
	cr_expect_eq(bpf_simulate(&program, &data), SECCOMP_RET_ALLOW, "the guard has said ENOSYS");
	data.nr = (int)(ABI_X32_BIT | 59);
	cr_expect_eq(bpf_simulate(&program, &data), SECCOMP_RET_ALLOW, "the kernel says ENOSYS");
	data.nr = -1;
	cr_expect_eq(bpf_simulate(&program, &data), SECCOMP_RET_ALLOW);
	filter_free(&program);
	plan_free(plan);
}

Test(filter, keeps_what_stops_without_ptrace_in_the_kernel)
{
	static const struct policy_settings no_mmap = { .exec_anonymous = true };
	const struct policy exec = { .active = CAT_BIT(CAT_EXEC) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE),
		.defaults = { [CAT_EXEC] = ACTION_FILTER },
		.settings = &no_mmap };
	const struct plan_host without = { .landlock_abi = 7, .scopes_signals = true };
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("i386") };

	fake_handle_usual();
	fake_handle(SC_memfd_create, &fake_bind);
	filter_check(&exec, &without, both, 2);
}

Test(filter, loads_into_the_kernel_and_works)
{
	const struct policy writes = { .active = CAT_BIT(CAT_WRITE) };
	const struct abi *both[] = { abi_native(), abi_by_name("i386") };
	const unsigned count = abi_native() == both[1] || abi_native()->big_endian ? 1 : 2;
	struct plan *plan = plan_new(&writes, &host);
	struct sock_fprog program;
	int status = -1;
	pid_t child;

	cr_assert_eq(filter_build(plan, both, count, &program), 0);
	child = fork();
	if (child == 0)
		_exit(filter_try(&program));
	waitpid(child, &status, 0);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0);
	filter_free(&program);
	plan_free(plan);
}
