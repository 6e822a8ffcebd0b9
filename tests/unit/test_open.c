/*
 * The flags of the open family against the kernel of this host: a NULL path fails with
 * EFAULT only after the flags were found to make sense.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/category.h"
#include "core/util.h"
#include "handlers/open_flags.h"

#define RW (CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE))

TestSuite(open, .timeout = 120);

static const uint64_t bits[] = {
	O_CREAT,
	O_EXCL,
	O_TRUNC,
	O_DIRECTORY,
	O_NOFOLLOW,
	O_PATH,
	OPEN_TMPFILE,
	O_CLOEXEC,
	O_NONBLOCK,
	1U << 30,
};

static uint64_t open_combination(unsigned number)
{
	uint64_t flags = number & 3;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (number >> (2 + i) & 1)
			flags |= bits[i];
	return flags;
}

/* 6.4 and later; older kernels try. */
static bool open_kernel_refuses_new_directories(void)
{
	return syscall(SYS_openat, AT_FDCWD, NULL, O_CREAT | O_DIRECTORY, 0) < 0 && errno == EINVAL;
}

static int open_kernel(const struct open_request *request, bool strict)
{
	struct open_how how = { .flags = request->flags, .mode = request->mode, .resolve = request->resolve };
	long fd;

	if (strict)
		fd = syscall(SYS_openat2, AT_FDCWD, NULL, &how, sizeof(how));
	else
		fd = syscall(SYS_openat, AT_FDCWD, NULL, (int)request->flags, (unsigned)request->mode);
	return fd < 0 && errno != EFAULT ? -errno : 0;
}

Test(open, openat_accepts_and_refuses_what_the_kernel_does)
{
	static const uint64_t modes[] = { 0, 0644, 07777, 0177777 };

	if (!open_kernel_refuses_new_directories())
		cr_skip_test("the rules for O_CREAT | O_DIRECTORY are those of 6.4");
	for (unsigned i = 0; i < 4U << ARRAY_SIZE(bits); i++) {
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
			struct open_request request = { .flags = open_combination(i), .mode = modes[m] };
			int kernel = open_kernel(&request, false);

			open_flags_forgive(&request);
			cr_assert_eq(open_flags_check(&request), kernel, "flags %#o mode %#o",
				(unsigned)open_combination(i), (unsigned)modes[m]);
		}
	}
}

Test(open, openat2_accepts_and_refuses_what_the_kernel_does)
{
	static const uint64_t modes[] = { 0, 0644, 010000, UINT64_C(1) << 40 };
	static const uint64_t resolves[] = {
		0,
		RESOLVE_BENEATH,
		RESOLVE_IN_ROOT,
		RESOLVE_BENEATH | RESOLVE_IN_ROOT,
		RESOLVE_NO_XDEV,
		1 << 12,
	};

	if (!open_kernel_refuses_new_directories())
		cr_skip_test("the rules for O_CREAT | O_DIRECTORY are those of 6.4");
	for (unsigned i = 0; i < (4U << ARRAY_SIZE(bits)) * ARRAY_SIZE(modes) * ARRAY_SIZE(resolves); i++) {
		struct open_request request = {
			.flags = open_combination(i / (ARRAY_SIZE(modes) * ARRAY_SIZE(resolves))),
			.mode = modes[i % ARRAY_SIZE(modes)],
			.resolve = resolves[i / ARRAY_SIZE(modes) % ARRAY_SIZE(resolves)],
		};

		cr_assert_eq(open_flags_check(&request), open_kernel(&request, true), "flags %#o mode %#o resolve %#x",
			(unsigned)request.flags, (unsigned)request.mode, (unsigned)request.resolve);
	}
}

Test(open, openat2_refuses_high_bits_that_openat_never_sees)
{
	struct open_request request = { .flags = UINT64_C(1) << 33 };

	cr_expect_eq(open_flags_check(&request), -EINVAL);
	cr_expect_eq(open_kernel(&request, true), -EINVAL);
}

Test(open, cached_only_is_answered_as_not_cached)
{
	struct open_request request = { .flags = O_RDONLY, .resolve = RESOLVE_CACHED };

	cr_expect_eq(open_flags_check(&request), -EAGAIN);
	request.flags = O_WRONLY | O_CREAT;
	cr_expect_eq(open_flags_check(&request), -EAGAIN);
	cr_expect_eq(open_kernel(&request, true), -EAGAIN);
	request.mode = 010000;
	cr_expect_eq(open_flags_check(&request), -EINVAL);
	cr_expect_eq(open_kernel(&request, true), -EINVAL);
}

Test(open, forgiving_drops_what_openat_ignores)
{
	struct open_request request = { .flags = O_PATH | O_RDWR | O_CREAT | O_NOFOLLOW | 1U << 30, .mode = 0177777 };

	open_flags_forgive(&request);
	cr_expect_eq(request.flags, O_PATH | O_NOFOLLOW);
	cr_expect_eq(request.mode, 0);
	request = (struct open_request){ .flags = O_CREAT, .mode = 0177644 };
	open_flags_forgive(&request);
	cr_expect_eq(request.mode, 07644);
}

Test(open, access_mode_three_reads_and_writes)
{
	cr_expect(open_flags_read(3) && open_flags_write(3));
	cr_expect_eq(open_flags_object(3, S_IFREG), RW);
	cr_expect_eq(open_flags_object(O_RDONLY, S_IFREG), CAT_BIT(CAT_READ));
	cr_expect_eq(open_flags_object(O_WRONLY, S_IFCHR), CAT_BIT(CAT_WRITE));
	cr_expect_eq(open_flags_object(O_RDWR, S_IFIFO), RW);
}

Test(open, truncation_counts_for_regular_files_and_needs_the_right_to_write)
{
	cr_expect_eq(open_flags_object(O_RDONLY | O_TRUNC, S_IFREG), RW | CAT_BIT(CAT_TRUNCATE));
	cr_expect_eq(open_flags_object(O_WRONLY | O_TRUNC, S_IFCHR), CAT_BIT(CAT_WRITE));
}

Test(open, directories_are_read_as_directories)
{
	cr_expect_eq(open_flags_object(O_RDONLY, S_IFDIR), CAT_BIT(CAT_READDIR));
	cr_expect_eq(open_flags_categories(O_DIRECTORY), CAT_BIT(CAT_READDIR));
	cr_expect_eq(open_flags_object(O_PATH | O_DIRECTORY, S_IFDIR), CAT_BIT(CAT_STAT));
	cr_expect_eq(open_flags_object(O_TMPFILE | O_RDWR, S_IFDIR), CAT_BIT(CAT_MKTEMP) | CAT_BIT(CAT_WRITE));
}

/* Whatever the object turns out to be, the name alone has been asked for no less. */
Test(open, categories_by_name_hold_those_of_every_object)
{
	static const mode_t types[] = { S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };

	for (unsigned i = 0; i < 4U << ARRAY_SIZE(bits); i++) {
		struct open_request request = { .flags = open_combination(i), .mode = 0 };
		uint64_t flags;

		open_flags_forgive(&request);
		flags = request.flags;
		for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
			if (open_flags_check(&request) < 0 || open_flags_refused(flags, types[t]) < 0)
				continue;
			cr_assert_eq(open_flags_object(flags, types[t]) & ~open_flags_categories(flags), 0, "%#o",
				(unsigned)flags);
		}
	}
}

Test(open, own_flags_never_block_nor_take_a_terminal)
{
	cr_expect_eq(open_flags_ours(O_RDWR), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	cr_expect_eq(open_flags_ours(O_PATH | O_NOFOLLOW), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	cr_expect_eq(open_flags_ours(O_DIRECTORY), O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
	cr_expect_eq(open_flags_reopen(O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_TRUNC),
		O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	cr_expect(open_flags_added_nonblock(O_RDONLY));
	cr_expect_not(open_flags_added_nonblock(O_RDONLY | O_NONBLOCK));
	cr_expect_not(open_flags_added_nonblock(O_CREAT | O_EXCL));
}
