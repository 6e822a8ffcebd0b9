/* What the kernel runs, against what it does when such a call is made. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/abi_probe.h"
#include "tests/unit/forked.h"

TestSuite(abi_probe, .timeout = 60);

#ifdef __x86_64__
static void abi_probe_call_x32(void *context)
{
	(void)context;
	_exit(syscall((long)(ABI_X32_BIT | 39)) == getpid() ? 1 : 0);
}

Test(abi_probe, says_of_x32_what_a_call_says)
{
	bool works = forked_run(abi_probe_call_x32, NULL) != 0;

	cr_expect_eq(abi_probe_runs(abi_by_name("x32")), works);
}

static void abi_probe_call_i386(void *context)
{
	long result = 20; /* getpid */

	(void)context;
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	FORKED_EXPECT(result == getpid());
}

/* A kernel without sends a signal. */
Test(abi_probe, says_of_i386_what_a_call_says)
{
	cr_expect_eq(abi_probe_runs(abi_by_name("i386")), forked_run_silent(abi_probe_call_i386, NULL) == 0);
}
#endif

/* No kernel has a machine of this number. */
Test(abi_probe, finds_an_abi_that_no_kernel_has)
{
	const struct abi none = { .name = "none", .audit_arch = 0xfeed, .long_bytes = 4 };

	cr_expect_not(abi_probe_runs(&none));
}

Test(abi_probe, leaves_no_descriptor_open)
{
	const struct abi none = { .name = "none", .audit_arch = 0xfeed, .long_bytes = 4 };
	int before = dup(STDIN_FILENO);

	close(before);
	cr_expect_not(abi_probe_runs(&none));
	cr_expect_eq(dup(STDIN_FILENO), before);
}
