/* The guard: which numbers and ABIs pass, for both sets of enabled ABIs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/guard.h"
#include "tests/unit/bpf_simulator.h"

#define NOSYS (SECCOMP_RET_ERRNO | ENOSYS)

TestSuite(guard, .timeout = 180);

static uint32_t guard_run(const struct sock_fprog *program, uint32_t arch, uint32_t nr)
{
	struct seccomp_data data = { .arch = arch, .nr = (int)nr };

	return bpf_simulate(program, &data);
}

static void guard_check_abi(const struct sock_fprog *program, const struct abi *abi)
{
	uint32_t end = abi->nr_bias + abi->nr_count;

	for (uint32_t nr = abi->nr_bias; nr < end + 10; nr++) {
		uint32_t expected = nr < end ? SECCOMP_RET_ALLOW : NOSYS;

		cr_assert_eq(guard_run(program, abi->audit_arch, nr), expected, "%s %u", abi->name, nr);
	}
	for (uint32_t i = 0; i < abi->private_count + 10; i++)
		cr_assert_eq(guard_run(program, abi->audit_arch, SYSNO_PRIVATE_FIRST + i),
			i < abi->private_count ? SECCOMP_RET_ALLOW : NOSYS, "%s %u", abi->name, i);
	cr_assert_eq(guard_run(program, abi->audit_arch, UINT32_MAX),
		abi == abi_native() && abi->forgets_skipped ? SECCOMP_RET_ERRNO | EINTR : SECCOMP_RET_ALLOW);
	cr_assert_eq(guard_run(program, abi->audit_arch, SYSNO_PRIVATE_FIRST - 1), NOSYS);
	cr_assert_eq(guard_run(program, abi->audit_arch, 0x80000000), NOSYS);
}

Test(guard, passes_known_numbers_and_answers_enosys_above)
{
	const struct abi *both[] = { abi_by_name("x86_64"), abi_by_name("i386") };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(both, 2, instructions, &program), 0);
	cr_assert_leq(program.len, GUARD_LENGTH_MAX);
	guard_check_abi(&program, both[0]);
	guard_check_abi(&program, both[1]);
}

Test(guard, passes_the_numbers_of_every_abi_alone)
{
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	for (unsigned i = 0; i < abi_list_count; i++) {
		if (abi_list[i]->nr_bias == ABI_X32_BIT)
			continue;
		cr_assert_eq(guard_build(&abi_list[i], 1, instructions, &program), 0);
		cr_assert_leq(program.len, GUARD_LENGTH_MAX);
		guard_check_abi(&program, abi_list[i]);
		cr_assert_eq(guard_run(&program, ~abi_list[i]->audit_arch, 3), SECCOMP_RET_KILL_PROCESS);
	}
}

Test(guard, kills_abis_that_are_off)
{
	const struct abi *one[] = { abi_by_name("x86_64") };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(one, 1, instructions, &program), 0);
	guard_check_abi(&program, one[0]);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_I386, 3), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_I386, UINT32_MAX), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_AARCH64, 3), SECCOMP_RET_KILL_PROCESS);
}

Test(guard, kills_x32_numbers_on_x86_64_only)
{
	const struct abi *both[] = { abi_by_name("i386"), abi_by_name("x86_64") };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(both, 2, instructions, &program), 0);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_X86_64, ABI_X32_BIT | 1), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_X86_64, ABI_X32_BIT | 547), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_X86_64, 0xfffffffe), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(guard_run(&program, AUDIT_ARCH_I386, ABI_X32_BIT | 1), NOSYS);
}

Test(guard, tells_x32_from_x86_64_by_bit_30)
{
	const struct abi *three[] = { abi_by_name("x86_64"), abi_by_name("i386"), abi_by_name("x32") };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(three, 3, instructions, &program), 0);
	cr_assert_leq(program.len, GUARD_LENGTH_MAX);
	for (unsigned i = 0; i < 3; i++)
		guard_check_abi(&program, three[i]);
	/* Kernels before 5.4 took the numbers of x32 without the bit. */
	for (uint32_t nr = 512; nr < 548; nr++)
		cr_expect_eq(guard_run(&program, AUDIT_ARCH_X86_64, nr), NOSYS);
	cr_expect_eq(guard_run(&program, AUDIT_ARCH_X86_64, 0xfffffffe), NOSYS);
	cr_expect_eq(guard_run(&program, AUDIT_ARCH_X86_64, 0xc0000000), NOSYS);
	cr_expect_eq(guard_run(&program, AUDIT_ARCH_I386, ABI_X32_BIT | 1), NOSYS);
	cr_expect_eq(guard_run(&program, AUDIT_ARCH_AARCH64, ABI_X32_BIT | 1), SECCOMP_RET_KILL_PROCESS);
}

/* As on mips, where a number below is another ABI's and the kernel takes it. */
Test(guard, answers_enosys_below_the_first_number)
{
	const struct abi n32 = { .name = "n32", .audit_arch = 1, .nr_bias = 6000, .nr_count = 10 };
	const struct abi *one[] = { &n32 };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(one, 1, instructions, &program), 0);
	guard_check_abi(&program, &n32);
	cr_expect_eq(guard_run(&program, 1, 5999), NOSYS);
	cr_expect_eq(guard_run(&program, 1, 5002), NOSYS);
	cr_expect_eq(guard_run(&program, 1, 0), NOSYS);
}

Test(guard, wants_at_least_one_abi)
{
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;

	cr_assert_eq(guard_build(NULL, 0, instructions, &program), -EINVAL);
}

#ifdef __x86_64__
/* How a child under the guard ends: its wait status. */
static int guard_wait_for(void (*body)(void))
{
	const struct abi *one[] = { abi_native() };
	struct sock_filter instructions[GUARD_LENGTH_MAX];
	struct sock_fprog program;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (guard_build(one, 1, instructions, &program) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
			_exit(99);
		body();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return status;
}

static void guard_call_unknown(void)
{
	_exit(syscall(1000) == -1 && errno == ENOSYS && getppid() > 0 ? 0 : 1);
}

static void guard_call_x32(void)
{
	syscall((long)(ABI_X32_BIT | 39));
}

static void guard_call_i386(void)
{
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
}

Test(guard, works_in_the_kernel)
{
	int status = guard_wait_for(guard_call_unknown);

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = guard_wait_for(guard_call_x32);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	/* SIGSEGV: a kernel without IA32 emulation does not get as far as the filter. */
	status = guard_wait_for(guard_call_i386);
	cr_assert(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV));
}
#endif
