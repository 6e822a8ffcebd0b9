/*
 * Memory of a target that is this very process, at the edges of readable pages. What
 * mem.c asks of the call is faked.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

#define PAGE ((size_t)getpagesize())
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static char *pages; /* two pages: the second cannot be touched */
static int gone;
static unsigned revalidated, logged;

pid_t call_tid(const struct call *asked)
{
	return asked->tid;
}

unsigned call_long_bytes(const struct call *asked)
{
	return asked->abi->long_bytes;
}

unsigned call_kernel_long_bytes(const struct call *asked)
{
	return asked->abi->kernel_long_bytes;
}

enum sysno call_sysno(const struct call *asked)
{
	return asked->sysno;
}

int call_revalidate(struct call *asked)
{
	(void)asked;
	revalidated++;
	return gone;
}

void log_event(struct log *log, const char *context, const char *format, ...)
{
	(void)log;
	(void)context;
	(void)format;
	logged++;
}

_Bool identity_lift(struct call *asked)
{
	(void)asked;
	return false;
}

void identity_lower(struct call *asked)
{
	(void)asked;
}

static void mem_setup(void)
{
	call.tid = getpid();
	call.abi = abi_native();
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
}

TestSuite(mem, .init = mem_setup, .timeout = 60);

Test(mem, string_that_ends_at_the_end_of_the_page_is_read)
{
	char buffer[64] = "";

	memcpy(pages + PAGE - 6, "hello", 6);
	cr_expect_eq(mem_read_string(&call, ADDRESS(pages + PAGE - 6), buffer, sizeof(buffer)), 5);
	cr_expect_str_eq(buffer, "hello");
}

Test(mem, string_over_two_pages_is_read_whole)
{
	char buffer[4096];

	cr_assert_eq(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	memset(pages + PAGE - 100, 'x', 200);
	cr_expect_eq(mem_read_string(&call, ADDRESS(pages + PAGE - 100), buffer, sizeof(buffer)), 200);
}

Test(mem, string_without_end_before_the_hole_is_a_fault)
{
	char buffer[4096];

	memset(pages + PAGE - 10, 'x', 10);
	cr_expect_eq(mem_read_string(&call, ADDRESS(pages + PAGE - 10), buffer, sizeof(buffer)), -EFAULT);
	cr_expect_eq(mem_read_string(&call, 0, buffer, sizeof(buffer)), -EFAULT);
	cr_expect_eq(mem_read_string(&call, UINT64_MAX - 4, buffer, sizeof(buffer)), -EFAULT);
}

Test(mem, string_longer_than_the_buffer_is_too_long_even_next_to_a_hole)
{
	char buffer[10];

	memset(pages + PAGE - 10, 'x', 10);
	cr_expect_eq(mem_read_string(&call, ADDRESS(pages + PAGE - 10), buffer, sizeof(buffer)), -ENAMETOOLONG);
}

Test(mem, block_that_reaches_into_the_hole_is_a_fault)
{
	char buffer[16];

	cr_expect_eq(mem_read(&call, ADDRESS(pages + PAGE - 16), buffer, 16), 0);
	cr_expect_eq(mem_read(&call, ADDRESS(pages + PAGE - 15), buffer, 16), -EFAULT);
	cr_expect_eq(mem_read(&call, 0, buffer, 0), 0);
}

Test(mem, read_only_memory_is_not_written)
{
	cr_assert_eq(mprotect(pages, PAGE, PROT_READ), 0);
	cr_expect_eq(mem_write(&call, ADDRESS(pages), "abc", 3), -EFAULT);
}

Test(mem, write_is_checked_before)
{
	cr_expect_eq(mem_write(&call, ADDRESS(pages), "abc", 3), 0);
	cr_expect_eq(revalidated, 1);
	cr_expect_arr_eq(pages, "abc", 3);
	gone = -ESRCH;
	cr_expect_eq(mem_write(&call, ADDRESS(pages), "xyz", 3), -ESRCH);
	cr_expect_arr_eq(pages, "abc", 3);
}

Test(mem, write_that_fits_only_in_part_is_a_fault)
{
	cr_expect_eq(mem_write(&call, ADDRESS(pages + PAGE - 2), "abc", 3), -EFAULT);
}

Test(mem, thread_that_is_gone_is_told_apart)
{
	char buffer[4];
	pid_t child = fork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	call.tid = child;
	cr_expect_eq(mem_read(&call, ADDRESS(pages), buffer, 4), -ESRCH);
	cr_expect_eq(logged, 0);
}

Test(mem, thread_that_may_not_be_read_is_refused_and_logged_once)
{
	char buffer[4];

	if (geteuid() != 0)
		cr_skip_test("needs root to become somebody else");
	/* init belongs to root: it cannot be read once we are nobody. */
	cr_assert(setresuid(65534, 65534, 65534) == 0);
	call.tid = 1;
	cr_expect_eq(mem_read(&call, ADDRESS(pages), buffer, 4), -EACCES);
	cr_expect_eq(mem_read_string(&call, ADDRESS(pages), buffer, 4), -EACCES);
	cr_expect_eq(logged, 1);
}

Test(mem, open_how_follows_the_kernel_s_rules_for_its_size)
{
	struct open_how how = { 0 };
	uint64_t *words = (uint64_t *)(void *)pages;

	words[0] = 1;
	words[1] = 2;
	words[2] = 3;
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), 23, &how), -EINVAL);
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), 0, &how), -EINVAL);
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), PAGE + 1, &how), -E2BIG);
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), 24, &how), 0);
	cr_expect(how.flags == 1 && how.mode == 2 && how.resolve == 3);
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), PAGE, &how), 0);
	pages[PAGE - 1] = 1;
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages), PAGE, &how), -E2BIG);
	cr_expect_eq(mem_read_open_how(&call, ADDRESS(pages + PAGE - 24), 32, &how), -EFAULT);
}

Test(mem, timespecs_have_the_caller_s_width)
{
	static const struct abi short_longs = { .word_bytes = 4, .long_bytes = 4, .kernel_long_bytes = 4 };
	int32_t narrow[4] = { -1, 5, 7, 0x3fffffff };
	int64_t wide[4] = { -1, INT64_C(0x500000005), 7, 0x3fffffff };
	struct timespec times[2];

	call.abi = &short_longs;
	call.sysno = SC_utimensat;
	memcpy(pages, narrow, sizeof(narrow));
	cr_expect_eq(mem_read_timespecs(&call, ADDRESS(pages), times), 0);
	cr_expect(times[0].tv_sec == -1 && times[0].tv_nsec == 5 && times[1].tv_nsec == 0x3fffffff);
	call.sysno = SC_utimensat_time64;
	memcpy(pages, wide, sizeof(wide));
	cr_expect_eq(mem_read_timespecs(&call, ADDRESS(pages), times), 0);
	cr_expect(times[0].tv_sec == -1 && times[0].tv_nsec == 5 && times[1].tv_sec == 7);
	if (abi_native()->kernel_long_bytes == 4)
		return;
	call.abi = abi_native();
	call.sysno = SC_utimensat;
	cr_expect_eq(mem_read_timespecs(&call, ADDRESS(pages), times), 0);
	cr_expect(times[0].tv_nsec == INT64_C(0x500000005));
}

/* Their timespec is the kernel's own, but for the upper half of the nanoseconds. */
Test(mem, timespecs_of_x32_are_wide)
{
	static const struct abi x32 = { .word_bytes = 8, .long_bytes = 4, .kernel_long_bytes = 8 };
	const int64_t wide[4] = { -1, INT64_C(0x500000005), INT64_C(0x700000007), 0x3fffffff };
	struct timespec times[2];

	call.abi = &x32;
	call.sysno = SC_utimensat;
	memcpy(pages, wide, sizeof(wide));
	cr_expect_eq(mem_read_timespecs(&call, ADDRESS(pages), times), 0);
	cr_expect(times[0].tv_sec == -1 && times[0].tv_nsec == 5);
	cr_expect(times[1].tv_sec == INT64_C(0x700000007) && times[1].tv_nsec == 0x3fffffff);
}

/* n32: registers of 64 bits, all longs in memory of 32. */
Test(mem, timespecs_of_n32_are_narrow)
{
	static const struct abi n32 = { .word_bytes = 8, .long_bytes = 4, .kernel_long_bytes = 4 };
	const int32_t narrow[4] = { -1, -5, 7, 0x3fffffff };
	struct timespec times[2];

	call.abi = &n32;
	call.sysno = SC_utimensat;
	memcpy(pages, narrow, sizeof(narrow));
	cr_expect_eq(mem_read_timespecs(&call, ADDRESS(pages), times), 0);
	cr_expect(times[0].tv_sec == -1 && times[0].tv_nsec == -5);
	cr_expect(times[1].tv_sec == 7 && times[1].tv_nsec == 0x3fffffff);
}

Test(mem, longs_of_both_widths_are_read)
{
	const uint32_t narrow[3] = { 1, UINT32_MAX, 3 };
	const uint64_t wide[3] = { 1, UINT64_MAX, 3 };
	uint64_t values[3];

	memcpy(pages, narrow, sizeof(narrow));
	cr_expect_eq(mem_read_longs(&call, ADDRESS(pages), 4, 3, values), 0);
	cr_expect(values[0] == 1 && values[1] == UINT32_MAX && values[2] == 3);
	memcpy(pages, wide, sizeof(wide));
	cr_expect_eq(mem_read_longs(&call, ADDRESS(pages), 8, 3, values), 0);
	cr_expect_arr_eq(values, wide, sizeof(wide));
	cr_expect_eq(mem_read_longs(&call, ADDRESS(pages + PAGE - 8), 4, 3, values), -EFAULT);
}

/* Asked without the C library, which on some machines has a struct stat of its own. */
static int mem_native_stat(const char *path, void *status)
{
#ifdef SYS_newfstatat
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
#else
	(void)path, (void)status;
	errno = ENOSYS;
	return -1;
#endif
}

Test(mem, stat_is_written_as_the_kernel_does)
{
	unsigned char native[256] = { 0 };
	struct statx from;

	if (mem_native_stat("/", native) < 0 && errno == ENOSYS)
		cr_skip_test("this machine has other calls than newfstatat");
	memset(pages, 0, sizeof(native));
	cr_assert_eq(statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &from), 0);
	cr_expect_eq(mem_write_stat(&call, ADDRESS(pages), STAT_NEW, &from), 0);
	cr_expect_arr_eq(pages, native, sizeof(native));
	cr_expect_eq(mem_write_stat(&call, 0, STAT_NEW, &from), -EFAULT);
}
