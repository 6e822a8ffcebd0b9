/*
 * Structure layouts against the kernel: the host's own calls, and i386 calls made through
 * int $0x80 from this 64-bit program where the kernel runs them.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/layout.h"

TestSuite(layout, .timeout = 180);

static const struct statx sample = {
	.stx_dev_major = 8,
	.stx_dev_minor = 0x12345,
	.stx_rdev_major = 1,
	.stx_rdev_minor = 3,
	.stx_ino = 0x01020304,
	.stx_mode = S_IFREG | 0644,
	.stx_nlink = 2,
	.stx_uid = 1000,
	.stx_gid = 70000,
	.stx_size = 0x11223344,
	.stx_blksize = 4096,
	.stx_blocks = 0x55,
	.stx_atime = { .tv_sec = 0x61, .tv_nsec = 0x62 },
	.stx_mtime = { .tv_sec = 0x63, .tv_nsec = 0x64 },
	.stx_ctime = { .tv_sec = 0x65, .tv_nsec = 0x66 },
};

#ifdef __x86_64__
static const char *const places[] = {
	"/",
	"/etc/passwd",
	"/dev/null",
	"/dev/tty",
	"/proc/self/stat",
	"/usr/bin/env",
	"/var",
	"/sys",
	"/dev",
};

#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

static struct statx layout_statx(const char *path)
{
	struct statx result;

	cr_assert_eq(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &result), 0);
	return result;
}

/* The times of busy places move between two calls; 25 tries make an equal pair certain enough. */
static bool layout_matches_native(const char *path)
{
	unsigned char buffer[LAYOUT_MAX];
	struct stat expected;

	for (unsigned i = 0; i < 25; i++) {
		struct statx from = layout_statx(path);

		memset(&expected, 0, sizeof(expected));
		if (syscall(SYS_lstat, path, &expected) != 0 ||
			layout_stat(abi_native(), LAYOUT_STAT, &from, buffer) != (ssize_t)sizeof(expected))
			return false;
		if (memcmp(buffer, &expected, sizeof(expected)) == 0)
			return true;
	}
	return false;
}

Test(layout, of_stat_is_what_the_kernel_writes)
{
	for (unsigned i = 0; i < PLACE_COUNT; i++)
		cr_assert(layout_matches_native(places[i]), "%s", places[i]);
}

Test(layout, of_statfs_is_what_the_kernel_writes)
{
	for (unsigned i = 0; i < PLACE_COUNT; i++) {
		unsigned char buffer[LAYOUT_MAX];
		struct statfs from, expected;
		bool equal = false;

		for (unsigned n = 0; n < 25 && !equal; n++) {
			cr_assert_eq(statfs(places[i], &from), 0);
			cr_assert_eq(syscall(SYS_statfs, places[i], &expected), 0);
			cr_assert_eq(layout_statfs(abi_native(), LAYOUT_STATFS, &from, buffer), sizeof(expected));
			equal = memcmp(buffer, &expected, sizeof(expected)) == 0;
		}
		cr_assert(equal, "%s", places[i]);
	}
}

/* The result of an i386 call: 0 or -errno. Pointers must lie below 4 GiB. */
static int layout_int80(unsigned nr, const void *first, size_t second, const void *third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"((long)nr), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static bool layout_has_i386(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(layout_int80(20, NULL, 0, NULL) == getpid() ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct low_page {
	char path[256];
	unsigned char result[LAYOUT_MAX];
};

static struct low_page *layout_low_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (!layout_has_i386())
		cr_skip_test("this kernel runs no i386 calls");
	cr_assert_neq(page, MAP_FAILED);
	return page;
}

/* One path: bytes or the error of the i386 call, next to ours. */
static bool layout_matches_i386(struct low_page *low, const char *path, enum layout_kind kind)
{
	static const unsigned numbers[] = { [LAYOUT_STAT_OLD] = 84, [LAYOUT_STAT] = 107, [LAYOUT_STAT64] = 196 };
	unsigned char buffer[LAYOUT_MAX];
	struct statx from = layout_statx(path);
	ssize_t ours = layout_stat(abi_by_name("i386"), kind, &from, buffer);
	int result;

	snprintf(low->path, sizeof(low->path), "%s", path);
	memset(low->result, 0, sizeof(low->result));
	result = layout_int80(numbers[kind], low->path, (size_t)low->result, NULL);
	if (result < 0 || ours < 0)
		return result == ours;
	return memcmp(buffer, low->result, (size_t)ours) == 0 && low->result[ours] == 0;
}

static void layout_compare_i386(struct low_page *low, const char *path)
{
	for (int kind = LAYOUT_STAT_OLD; kind <= LAYOUT_STAT64; kind++) {
		bool equal = false;

		for (unsigned n = 0; n < 25 && !equal; n++)
			equal = layout_matches_i386(low, path, (enum layout_kind)kind);
		cr_assert(equal, "%s, layout %d", path, kind);
	}
}

Test(layout, of_i386_stats_is_what_the_kernel_writes)
{
	struct low_page *low = layout_low_page();

	for (unsigned i = 0; i < PLACE_COUNT; i++)
		layout_compare_i386(low, places[i]);
}

Test(layout, of_i386_stats_of_a_large_file_is_what_the_kernel_writes)
{
	struct low_page *low = layout_low_page();
	int fd = memfd_create("large", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	for (int step = 0; step < 2; step++) {
		struct statx from;
		unsigned char buffer[LAYOUT_MAX];
		int result;

		cr_assert_eq(ftruncate(fd, 0x7fffffff + (off_t)step), 0);
		cr_assert_eq(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &from), 0);
		result = layout_int80(108, (void *)(long)fd, (size_t)low->result, NULL);
		cr_assert_eq(layout_stat(abi_by_name("i386"), LAYOUT_STAT, &from, buffer), result < 0 ? result : 64);
		memset(low->result, 0, sizeof(low->result));
		cr_assert_eq(layout_int80(197, (void *)(long)fd, (size_t)low->result, NULL), 0);
		cr_assert_eq(layout_stat(abi_by_name("i386"), LAYOUT_STAT64, &from, buffer), 96);
		cr_assert_arr_eq(buffer, low->result, 96);
	}
	close(fd);
}

static bool layout_matches_i386_statfs(struct low_page *low, const char *path, enum layout_kind kind)
{
	unsigned char buffer[LAYOUT_MAX];
	struct statfs from;
	ssize_t ours;
	int result;

	if (statfs(path, &from) != 0)
		return false;
	ours = layout_statfs(abi_by_name("i386"), kind, &from, buffer);
	snprintf(low->path, sizeof(low->path), "%s", path);
	memset(low->result, 0, sizeof(low->result));
	result = kind == LAYOUT_STATFS ? layout_int80(99, low->path, (size_t)low->result, NULL)
				       : layout_int80(268, low->path, 84, low->result);
	if (result < 0 || ours < 0)
		return result == ours;
	return memcmp(buffer, low->result, (size_t)ours) == 0;
}

Test(layout, of_i386_statfs_is_what_the_kernel_writes)
{
	struct low_page *low = layout_low_page();

	for (unsigned i = 0; i < PLACE_COUNT; i++) {
		for (int kind = LAYOUT_STATFS; kind <= LAYOUT_STATFS64; kind++) {
			bool equal = false;

			for (unsigned n = 0; n < 25 && !equal; n++)
				equal = layout_matches_i386_statfs(low, places[i], (enum layout_kind)kind);
			cr_assert(equal, "%s, layout %d", places[i], kind);
		}
	}
}
#endif

Test(layout, of_i386_stat_has_the_recorded_bytes)
{
	static const unsigned char expected[64] = {
		0x45,
		0x08,
		0x30,
		0x12,
		0x04,
		0x03,
		0x02,
		0x01,
		0xa4,
		0x81,
		0x02,
		0x00,
		0xe8,
		0x03,
		0xfe,
		0xff,
		0x03,
		0x01,
		0x00,
		0x00,
		0x44,
		0x33,
		0x22,
		0x11,
		0x00,
		0x10,
		0x00,
		0x00,
		0x55,
		0x00,
		0x00,
		0x00,
		0x61,
		0x00,
		0x00,
		0x00,
		0x62,
		0x00,
		0x00,
		0x00,
		0x63,
		0x00,
		0x00,
		0x00,
		0x64,
		0x00,
		0x00,
		0x00,
		0x65,
		0x00,
		0x00,
		0x00,
		0x66,
		0x00,
		0x00,
		0x00,
	};
	unsigned char buffer[LAYOUT_MAX];

	cr_assert_eq(layout_stat(abi_by_name("i386"), LAYOUT_STAT, &sample, buffer), sizeof(expected));
	cr_assert_arr_eq(buffer, expected, sizeof(expected));
}

Test(layout, of_i386_oldstat_cuts_devices_and_refuses_wide_inodes)
{
	unsigned char buffer[LAYOUT_MAX];
	struct statx from = sample;

	cr_assert_eq(layout_stat(abi_by_name("i386"), LAYOUT_STAT_OLD, &from, buffer), -EOVERFLOW);
	from.stx_ino = 0xfffe;
	cr_assert_eq(layout_stat(abi_by_name("i386"), LAYOUT_STAT_OLD, &from, buffer), 32);
	/* major << 8 | minor, in 16 bits: minor 0x12345 spills into the major's place. */
	cr_assert_eq(buffer[0], 0x45);
	cr_assert_eq(buffer[1], 0x08 | 0x23);
	cr_assert_eq(buffer[10], 0xfe);
	cr_assert_eq(buffer[11], 0xff);
}

Test(layout, refuses_what_does_not_fit_an_i386_stat)
{
	const struct abi *abi = abi_by_name("i386");
	unsigned char buffer[LAYOUT_MAX];
	struct statx from = sample;

	from.stx_ino = UINT64_C(0x100000000);
	cr_assert_eq(layout_stat(abi, LAYOUT_STAT, &from, buffer), -EOVERFLOW);
	cr_assert_eq(layout_stat(abi, LAYOUT_STAT64, &from, buffer), 96);
	from = sample;
	from.stx_nlink = 0x10000;
	cr_assert_eq(layout_stat(abi, LAYOUT_STAT, &from, buffer), -EOVERFLOW);
	from = sample;
	from.stx_size = UINT64_C(0x80000000);
	cr_assert_eq(layout_stat(abi, LAYOUT_STAT, &from, buffer), -EOVERFLOW);
}

Test(layout, refuses_large_filesystems_but_not_unknown_counters)
{
	const struct abi *abi = abi_by_name("i386");
	unsigned char buffer[LAYOUT_MAX];
	struct statfs from = { .f_bsize = 4096, .f_blocks = 1, .f_files = UINT64_MAX, .f_ffree = UINT64_MAX };

	cr_assert_eq(layout_statfs(abi, LAYOUT_STATFS, &from, buffer), 64);
	cr_assert_eq(buffer[20], 0xff);
	from.f_files = UINT64_C(0x100000000);
	cr_assert_eq(layout_statfs(abi, LAYOUT_STATFS, &from, buffer), -EOVERFLOW);
	cr_assert_eq(layout_statfs(abi, LAYOUT_STATFS64, &from, buffer), 84);
	if (sizeof(from.f_bsize) <= sizeof(uint32_t))
		return; /* no larger size can be said, as on s390x */
	from.f_bsize = (__typeof__(from.f_bsize))UINT64_C(0x100000000);
	cr_assert_eq(layout_statfs(abi, LAYOUT_STATFS64, &from, buffer), -EOVERFLOW);
}

Test(layout, an_abi_without_a_structure_says_so)
{
	unsigned char buffer[LAYOUT_MAX];
	struct statfs from = { 0 };

	cr_assert_eq(layout_stat(abi_by_name("x86_64"), LAYOUT_STAT64, &sample, buffer), -ENOSYS);
	cr_assert_eq(layout_stat(abi_by_name("x86_64"), LAYOUT_STAT_OLD, &sample, buffer), -ENOSYS);
	cr_assert_eq(layout_statfs(abi_by_name("x86_64"), LAYOUT_STATFS64, &from, buffer), -ENOSYS);
	cr_assert_eq(layout_size(abi_by_name("x86_64"), LAYOUT_STATFS64), 0);
	cr_assert_eq(layout_stat(abi_native(), LAYOUT_STATFS, &sample, buffer), -EINVAL);
	cr_assert_eq(layout_statfs(abi_native(), LAYOUT_STAT, &from, buffer), -EINVAL);
}
