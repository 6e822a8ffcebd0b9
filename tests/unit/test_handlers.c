/* Handlers without a kernel in between: a call goes in, a verdict and its effect come out. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(handlers, .timeout = 60, .init = fake_enter_directory, .fini = fake_leave_directory);

/* A call whose answer is an error before any path is resolved, or because of the path. */
struct error_row {
	const struct handler *handler;
	enum sysno sysno;
	uint64_t args[6];
	int error;
};

static void handlers_expect_errors(const struct error_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct call call = { .sysno = rows[i].sysno };

		memcpy(call.args, rows[i].args, sizeof(call.args));
		cr_expect_eq(
			fake_enter(rows[i].handler, &call), -rows[i].error, "row %zu (%s)", i, rows[i].handler->name);
	}
}

Test(handlers, arguments_are_checked_in_the_order_of_the_kernel)
{
	char buffer[512];
	int object = open("file", O_PATH);
	int opened = open("file", O_RDONLY);
	uint64_t file = ADDRESS("file");
	uint64_t none = ADDRESS("none");
	uint64_t out = ADDRESS(buffer);
	int64_t late[4] = { 0, 1000000, 0, 0 };
	int64_t omit[4] = { 0, UTIME_OMIT, 0, UTIME_OMIT };
	const struct error_row rows[] = {
		{ &handler_stat, SC_stat, { 1, out }, EFAULT },
		{ &handler_stat, SC_stat, { none, 1 }, ENOENT },
		{ &handler_stat, SC_stat, { file, 1 }, EFAULT },
		{ &handler_stat, SC_newfstatat, { CWD, 1, out, 0x8000 }, EINVAL },
		{ &handler_stat, SC_newfstatat, { CWD, 0, out, 0 }, EFAULT },
		{ &handler_fstat, SC_fstat, { FD(-1), 1 }, EBADF },
		{ &handler_statx, SC_statx, { CWD, 1, 0, STATX__RESERVED, out }, EINVAL },
		{ &handler_statx, SC_statx, { CWD, 1, AT_STATX_SYNC_TYPE, 0, out }, EINVAL },
		{ &handler_access, SC_access, { 1, 8 }, EINVAL },
		{ &handler_access, SC_faccessat2, { CWD, 1, 0, 1 }, EINVAL },
		{ &handler_access, SC_access, { none, 0 }, ENOENT },
		{ &handler_readlink, SC_readlink, { 1, out, 0 }, EINVAL },
		{ &handler_readlink, SC_readlink, { file, out, 10 }, EINVAL },
		{ &handler_readlink, SC_readlink, { ADDRESS(""), out, 10 }, ENOENT },
		{ &handler_readlink, SC_readlinkat, { FD(object), ADDRESS(""), out, 10 }, ENOENT },
		{ &handler_statfs, SC_statfs64, { 1, 85, out }, EINVAL },
		{ &handler_fstatfs, SC_fstatfs64, { FD(-1), 85, out }, EINVAL },
		{ &handler_chmod, SC_fchmodat2, { CWD, 1, 0, 1 }, EINVAL },
		{ &handler_chown, SC_fchownat, { CWD, 1, 0, 0, 1 }, EINVAL },
		{ &handler_fchmod, SC_fchmod, { FD(object), 0600 }, EBADF },
		{ &handler_fchown, SC_fchown, { FD(object), 0, 0 }, EBADF },
		{ &handler_utime, SC_utimes, { 1, ADDRESS(late) }, EINVAL },
		{ &handler_utime, SC_utime, { none, 1 }, EFAULT },
		{ &handler_utime, SC_utimensat, { CWD, none, ADDRESS(omit), 0 }, 0 },
		{ &handler_utime, SC_utimensat, { FD(99), 0, 0, AT_SYMLINK_NOFOLLOW }, EINVAL },
		{ &handler_utime, SC_utimensat, { FD(object), 0, 0, 0 }, EBADF },
		{ &handler_utime, SC_utimensat, { CWD, 0, 0, 0 }, EFAULT },
		{ &handler_truncate, SC_truncate, { 1, (uint64_t)-1 }, EINVAL },
		{ &handler_truncate, SC_truncate, { ADDRESS("dir"), 1 }, EISDIR },
		{ &handler_truncate, SC_truncate, { ADDRESS("/dev/null"), 1 }, EINVAL },
		{ &handler_ftruncate, SC_ftruncate, { FD(-1), (uint64_t)-1 }, EINVAL },
		{ &handler_ftruncate, SC_ftruncate, { FD(object), 1 }, EBADF },
		{ &handler_fallocate, SC_fallocate, { FD(-1), 0, 0, 0 }, EBADF },
		{ &handler_unlinkat, SC_unlinkat, { CWD, 1, 1 }, EINVAL },
		{ &handler_unlink, SC_unlink, { ADDRESS("dir") }, EISDIR },
		{ &handler_rmdir, SC_rmdir, { file }, ENOTDIR },
		{ &handler_symlink, SC_symlink, { ADDRESS(""), 1 }, ENOENT },
		{ &handler_symlink, SC_symlink, { file, 1 }, EFAULT },
		{ &handler_mkdir, SC_mkdir, { file, 0700 }, EEXIST },
		{ &handler_mknod, SC_mknod, { 1, S_IFDIR, 0 }, EPERM },
		{ &handler_mknod, SC_mknod, { 1, S_IFMT, 0 }, EINVAL },
		{ &handler_rename, SC_renameat2, { CWD, 1, CWD, 1, 3 }, EINVAL },
		{ &handler_rename, SC_rename, { file, 1 }, EFAULT },
		{ &handler_rename, SC_rename, { ADDRESS("dir/."), ADDRESS("x") }, EBUSY },
		{ &handler_link, SC_linkat, { CWD, 1, CWD, 1, 1 }, EINVAL },
		{ &handler_link, SC_link, { file, ADDRESS("link") }, EEXIST },
		{ &handler_link, SC_link, { ADDRESS("dir"), ADDRESS("x") }, EPERM },
		{ &handler_memfd, SC_memfd_create, { 1, 0x8000 }, EINVAL },
		{ &handler_memfd, SC_memfd_create, { 1, 0 }, EFAULT },
		{ &handler_bind, SC_bind, { FD(object), 1, 200 }, EBADF },
		{ &handler_bind, SC_bind, { FD(opened), 1, 200 }, ENOTSOCK },
		{ &handler_bind, SC_bind, { FD(-1), 1, 200 }, EBADF },
		{ &handler_socketcall, SC_socketcall, { 2, 1 }, EFAULT },
		{ &handler_inotify, SC_inotify_add_watch, { FD(object), 1, IN_OPEN }, EBADF },
		{ &handler_inotify, SC_inotify_add_watch, { FD(-1), 1, 0 }, EINVAL },
	};

	handlers_expect_errors(rows, ARRAY_SIZE(rows));
}

Test(handlers, xattr_arguments_are_checked_before_the_path)
{
	char buffer[16];
	char name[257];
	uint64_t none = ADDRESS("none");
	uint64_t user = ADDRESS("user.x");
	const struct error_row rows[] = {
		{ &handler_xattr_read, SC_getxattr, { none, ADDRESS(""), ADDRESS(buffer), 16 }, ERANGE },
		{ &handler_xattr_read, SC_getxattr, { none, ADDRESS(name), ADDRESS(buffer), 16 }, ERANGE },
		{ &handler_xattr_read, SC_getxattr, { none, 1, ADDRESS(buffer), 16 }, EFAULT },
		{ &handler_xattr_read, SC_getxattr, { none, user, ADDRESS(buffer), 16 }, ENOENT },
		{ &handler_xattr_write, SC_setxattr, { none, ADDRESS(""), 1, 0, 8 }, EINVAL },
		{ &handler_xattr_write, SC_setxattr, { none, user, 1, 65537, 0 }, E2BIG },
		{ &handler_xattr_write, SC_setxattr, { none, user, 1, 5, 0 }, EFAULT },
		{ &handler_xattr_write, SC_removexattr, { none, ADDRESS("") }, ERANGE },
		{ &handler_fxattr_read, SC_fgetxattr, { FD(-1), user, ADDRESS(buffer), 16 }, EBADF },
		{ &handler_fxattr_read, SC_flistxattr, { FD(-1), ADDRESS(buffer), 16 }, EBADF },
	};

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	handlers_expect_errors(rows, ARRAY_SIZE(rows));
}

Test(handlers, stat_follows_a_link_and_lstat_does_not)
{
	struct statx result;

	cr_expect_eq(RUN(stat, .sysno = SC_stat, ARGS(ADDRESS("link"), ADDRESS(&result))), 0);
	cr_expect(S_ISREG(result.stx_mode));
	cr_expect_eq(RUN(stat, .sysno = SC_lstat, ARGS(ADDRESS("link"), ADDRESS(&result))), 0);
	cr_expect(S_ISLNK(result.stx_mode));
	cr_expect_eq(
		RUN(stat, .sysno = SC_newfstatat, ARGS(CWD, ADDRESS("link"), ADDRESS(&result), AT_SYMLINK_NOFOLLOW)),
		0);
	cr_expect(S_ISLNK(result.stx_mode));
}

Test(handlers, stat_gives_each_call_its_own_layout)
{
	static const struct {
		enum sysno sysno;
		enum stat_layout layout;
	} rows[] = {
		{ SC_stat, STAT_NEW },
		{ SC_stat64, STAT_64 },
		{ SC_lstat64, STAT_64 },
		{ SC_oldstat, STAT_OLD },
		{ SC_oldlstat, STAT_OLD },
	};
	struct statx result;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct call *call = CALL(.sysno = rows[i].sysno, ARGS(ADDRESS("file"), ADDRESS(&result)));

		cr_expect_eq(fake_enter(&handler_stat, call), 0);
		cr_expect_eq(call->layout, rows[i].layout);
	}
}

Test(handlers, stat_of_a_refused_file_is_enoent_and_writes_nothing)
{
	struct statx result = { .stx_mode = 1 };
	int fd = open("file", O_RDONLY);

	cr_expect_eq(RUN(stat, .sysno = SC_stat, .refused = CAT_BIT(CAT_STAT), ARGS(ADDRESS("file"), ADDRESS(&result))),
		-ENOENT);
	cr_expect_eq(
		RUN(fstat, .sysno = SC_fstat, .refused = CAT_BIT(CAT_STAT), ARGS(FD(fd), ADDRESS(&result))), -ENOENT);
	cr_expect_eq(result.stx_mode, 1);
}

Test(handlers, statx_of_a_descriptor_takes_a_null_name)
{
	struct statx result;
	int fd = open("file", O_PATH);

	cr_expect_eq(RUN(statx, .sysno = SC_statx, ARGS(FD(fd), 0, AT_EMPTY_PATH, STATX_ALL, ADDRESS(&result))), 0);
	cr_expect(S_ISREG(result.stx_mode));
}

Test(handlers, access_asks_with_the_real_ids_unless_told_otherwise)
{
	struct call *real = CALL(.sysno = SC_access, ARGS(ADDRESS("file"), R_OK));
	struct call *effective = CALL(.sysno = SC_faccessat2, ARGS(CWD, ADDRESS("file"), X_OK, AT_EACCESS));

	cr_expect_eq(fake_enter(&handler_access, real), 0);
	cr_expect(real->real_taken);
	cr_expect_eq(fake_enter(&handler_access, effective), -EACCES);
	cr_expect_not(effective->real_taken);
}

Test(handlers, readlink_cuts_the_text_and_adds_no_nul)
{
	char buffer[8] = "@@@@@@@";

	cr_expect_eq(RUN(readlink, .sysno = SC_readlink, ARGS(ADDRESS("link"), ADDRESS(buffer), 2)), 2);
	cr_expect_eq(memcmp(buffer, "fi@@@@@", 7), 0);
	cr_expect_eq(RUN(readlink, .sysno = SC_readlink, .refused = CAT_BIT(CAT_STAT),
			     ARGS(ADDRESS("link"), ADDRESS(buffer), 8)),
		-ENOENT);
}

Test(handlers, statfs_answers_paths_and_descriptors)
{
	struct statfs result = { .f_type = 0 };
	struct call *wide = CALL(.sysno = SC_statfs64, .compat = true, ARGS(ADDRESS("/proc"), 84, ADDRESS(&result)));
	int fd = open("/proc", O_PATH);

	cr_expect_eq(fake_enter(&handler_statfs, wide), 0);
	cr_expect_eq(wide->layout, STAT_64);
	cr_expect_eq(result.f_type, 0x9fa0);
	cr_expect_eq(RUN(fstatfs, .sysno = SC_fstatfs, ARGS(FD(fd), ADDRESS(&result))), 0);
}

Test(handlers, xattrs_are_set_read_listed_and_removed)
{
	char buffer[64];
	uint64_t file = ADDRESS("file");
	uint64_t name = ADDRESS("user.k");
	uint64_t out = ADDRESS(buffer);

	if (setxattr("file", "user.probe", "1", 1, 0) < 0 && errno == ENOTSUP)
		cr_skip_test("the filesystem of /tmp has no user attributes");
	removexattr("file", "user.probe");
	cr_expect_eq(RUN(xattr_write, .sysno = SC_setxattr, ARGS(file, name, ADDRESS("val"), 3)), 0);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattr, ARGS(file, name, 0, 0)), 3);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattr, ARGS(file, name, out, 2)), -ERANGE);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattr, ARGS(file, name, out, 1 << 20)), 3);
	cr_expect_eq(memcmp(buffer, "val", 3), 0);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattr, ARGS(file, name, 0, 8)), -EFAULT);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_listxattr, ARGS(file, out, 64)), 7);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_llistxattr, ARGS(ADDRESS("link"), out, 64)), 0);
	cr_expect_eq(RUN(xattr_write, .sysno = SC_removexattr, ARGS(file, name)), 0);
}

Test(handlers, xattrs_ask_read_or_chattr)
{
	char buffer[64];
	struct call *get =
		CALL(.sysno = SC_listxattr, .refused = CAT_BIT(CAT_READ), ARGS(ADDRESS("file"), ADDRESS(buffer), 64));
	struct call *set = CALL(.sysno = SC_setxattr, .refused = CAT_BIT(CAT_CHATTR),
		ARGS(ADDRESS("file"), ADDRESS("user.k"), ADDRESS("v"), 1));

	cr_expect_eq(fake_enter(&handler_xattr_read, get), -EACCES);
	cr_expect_eq(fake_enter(&handler_xattr_write, set), -EACCES);
	cr_expect(getxattr("file", "user.k", buffer, sizeof(buffer)) < 0);
}

Test(handlers, chmod_and_chown_change_the_held_object)
{
	struct stat st;
	int fd = open("file", O_RDONLY);

	cr_expect_eq(RUN(chmod, .sysno = SC_chmod, ARGS(ADDRESS("link"), 0100640)), 0);
	cr_expect(stat("file", &st) == 0 && (st.st_mode & 07777) == 0640);
	cr_expect_eq(RUN(fchmod, .sysno = SC_fchmod, ARGS(FD(fd), 0600)), 0);
	cr_expect_eq(
		RUN(chmod, .sysno = SC_fchmodat2, ARGS(CWD, ADDRESS("link"), 0600, AT_SYMLINK_NOFOLLOW)), -EOPNOTSUPP);
	cr_expect_eq(RUN(chown, .sysno = SC_lchown, ARGS(ADDRESS("link"), FD(-1), FD(-1))), 0);
	cr_expect_eq(
		RUN(chmod, .sysno = SC_chmod, .refused = CAT_BIT(CAT_CHMOD), ARGS(ADDRESS("file"), 0777)), -EACCES);
	cr_expect(stat("file", &st) == 0 && (st.st_mode & 07777) == 0600);
}

Test(handlers, chown_asks_for_each_id_that_is_given)
{
	const uint64_t user = CAT_BIT(CAT_CHOWN), group = CAT_BIT(CAT_CHGRP);
	const uint64_t self = geteuid(), own = getegid();
	int fd = open("file", O_RDONLY);
	const struct {
		const struct handler *handler;
		enum sysno sysno;
		uint64_t args[6];
		uint64_t asked;
	} rows[] = {
		{ &handler_chown, SC_chown, { ADDRESS("file"), self, own }, user | group },
		{ &handler_chown, SC_lchown, { ADDRESS("file"), FD(-1), own }, group },
		{ &handler_chown, SC_fchownat, { CWD, ADDRESS("file"), self, FD(-1), 0 }, user },
		/* It takes set-id bits away even so. */
		{ &handler_chown, SC_chown, { ADDRESS("file"), FD(-1), FD(-1) }, user },
		{ &handler_fchown, SC_fchown, { FD(fd), self, own }, user | group },
		{ &handler_fchown, SC_fchown, { FD(fd), FD(-1), own }, group },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct call call = { .sysno = rows[i].sysno, .refused = CAT_ALL_BITS & ~rows[i].asked };

		memcpy(call.args, rows[i].args, sizeof(call.args));
		cr_expect_eq(fake_enter(rows[i].handler, &call), 0, "row %zu", i);
		cr_expect(call.asked == rows[i].asked && call.wants == rows[i].asked, "row %zu", i);
		call.refused = rows[i].asked & group ? group : user;
		cr_expect_eq(fake_enter(rows[i].handler, &call), -EACCES, "row %zu refused", i);
	}
}

Test(handlers, times_ask_utime)
{
	struct call *set = CALL(.sysno = SC_utime, .refused = CAT_BIT(CAT_UTIME), ARGS(ADDRESS("file"), 0));
	struct call *other =
		CALL(.sysno = SC_utime, .refused = CAT_ALL_BITS & ~CAT_BIT(CAT_UTIME), ARGS(ADDRESS("file"), 0));

	cr_expect_eq(fake_enter(&handler_utime, set), -EACCES);
	cr_expect_eq(fake_enter(&handler_utime, other), 0);
}

struct xattr_block {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

Test(handlers, xattrs_at_a_directory_are_set_read_listed_and_removed)
{
	char buffer[64];
	struct xattr_block in = { ADDRESS("val"), 3, 0 }, out = { ADDRESS(buffer), sizeof(buffer), 0 };
	struct xattr_block flagged = { ADDRESS(buffer), sizeof(buffer), 1 };
	uint64_t file = ADDRESS("file"), link = ADDRESS("link"), name = ADDRESS("user.k");
	int fd = open("file", O_RDONLY), object = open("file", O_PATH);

	if (setxattr("file", "user.probe", "1", 1, 0) < 0 && errno == ENOTSUP)
		cr_skip_test("the filesystem of /tmp has no user attributes");
	removexattr("file", "user.probe");
	if (fake_enter(&handler_xattr_read, CALL(.sysno = SC_listxattrat, ARGS(CWD, file, 0, 0, 0))) == -ENOSYS)
		cr_skip_test("this kernel has no listxattrat");
	cr_expect_eq(RUN(xattr_write, .sysno = SC_setxattrat, ARGS(CWD, link, 0, name, ADDRESS(&in), 16)), 0);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattrat, ARGS(CWD, file, 0, name, ADDRESS(&out), 16)), 3);
	cr_expect_eq(memcmp(buffer, "val", 3), 0);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattrat,
			     ARGS(FD(fd), ADDRESS(""), AT_EMPTY_PATH, name, ADDRESS(&out), 16)),
		3);
	cr_expect_eq(
		RUN(xattr_read, .sysno = SC_getxattrat, ARGS(FD(fd), 0, AT_EMPTY_PATH, name, ADDRESS(&out), 16)), 3);
	cr_expect_eq(
		RUN(xattr_read, .sysno = SC_getxattrat, ARGS(FD(object), 0, AT_EMPTY_PATH, name, ADDRESS(&out), 16)),
		-EBADF);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattrat, ARGS(CWD, file, 0, name, ADDRESS(&flagged), 16)), -EINVAL);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattrat, ARGS(CWD, file, 0, name, ADDRESS(&out), 15)), -EINVAL);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_getxattrat, ARGS(CWD, file, 1, 1, ADDRESS(&out), 16)), -EINVAL);
	cr_expect_eq(RUN(xattr_read, .sysno = SC_listxattrat, ARGS(CWD, file, 0, ADDRESS(buffer), 64)), 7);
	cr_expect_eq(
		RUN(xattr_read, .sysno = SC_listxattrat, ARGS(CWD, link, AT_SYMLINK_NOFOLLOW, ADDRESS(buffer), 64)), 0);
	cr_expect_eq(
		RUN(xattr_write, .sysno = SC_removexattrat, .refused = CAT_BIT(CAT_CHATTR), ARGS(CWD, file, 0, name)),
		-EACCES);
	cr_expect_eq(RUN(xattr_write, .sysno = SC_removexattrat, ARGS(CWD, file, 0, name)), 0);
}

Test(handlers, file_attributes_ask_stat_and_chattr)
{
	unsigned char attributes[32] = { 0 }, odd[32] = { [30] = 1 };
	uint64_t file = ADDRESS("file"), to = ADDRESS(attributes);
	int fd = open("file", O_RDONLY), object = open("file", O_PATH);
	struct call *get = CALL(.sysno = SC_file_getattr, .refused = CAT_BIT(CAT_STAT), ARGS(CWD, file, to, 24, 0));
	struct call *set = CALL(.sysno = SC_file_setattr, .refused = CAT_BIT(CAT_CHATTR), ARGS(CWD, file, to, 24, 0));
	int64_t first = RUN(file_getattr, .sysno = SC_file_getattr, ARGS(CWD, file, to, 24, 0));

	if (first == -ENOSYS || first == -EOPNOTSUPP)
		cr_skip_test("no file_getattr in this kernel or on the filesystem of /tmp");
	cr_expect_eq(first, 0);
	cr_expect_eq(fake_enter(&handler_file_getattr, get), -ENOENT);
	cr_expect_eq(fake_enter(&handler_file_setattr, set), -EACCES);
	cr_expect_eq(RUN(file_setattr, .sysno = SC_file_setattr, ARGS(CWD, file, to, 32, 0)), 0);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(FD(fd), 0, to, 24, AT_EMPTY_PATH)), 0);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(FD(object), 0, to, 24, AT_EMPTY_PATH)), -EBADF);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(CWD, 0, to, 24, 1)), -EINVAL);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(CWD, 0, to, 4097, 0)), -E2BIG);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(CWD, 0, to, 23, 0)), -EINVAL);
	cr_expect_eq(RUN(file_getattr, .sysno = SC_file_getattr, ARGS(CWD, 0, to, 24, 0)), -EFAULT);
	cr_expect_eq(
		RUN(file_setattr, .sysno = SC_file_setattr, ARGS(CWD, ADDRESS("none"), ADDRESS(odd), 32, 0)), -E2BIG);
	cr_expect_eq(RUN(file_setattr, .sysno = SC_file_setattr, ARGS(CWD, ADDRESS("none"), to, 32, 0)), -ENOENT);
}

Test(handlers, a_short_id_of_all_ones_leaves_the_owner_alone)
{
	struct stat st;

	cr_expect_eq(RUN(chown, .sysno = SC_chown, .compat = true, ARGS(ADDRESS("file"), 0xffff, 0xffff)), 0);
	cr_expect(stat("file", &st) == 0 && st.st_uid == geteuid());
	if (geteuid() != 0)
		cr_skip_test("only root can give a file away");
	cr_expect_eq(RUN(chown, .sysno = SC_chown, .compat = true, ARGS(ADDRESS("file"), 0x10005, 0xffff)), 0);
	cr_expect(stat("file", &st) == 0 && st.st_uid == 5 && st.st_gid == getegid());
}

Test(handlers, times_of_every_width_are_set)
{
	int32_t narrow[4] = { 1000, 5, 2000, 7 };
	int64_t seconds[2] = { 3000, 4000 };
	int64_t omit[4] = { 0, UTIME_OMIT, 5000, 9 };
	struct stat st;

	cr_expect_eq(RUN(utime, .sysno = SC_utimes, .compat = true, ARGS(ADDRESS("file"), ADDRESS(narrow))), 0);
	cr_expect(stat("file", &st) == 0 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7000);
	cr_expect_eq(RUN(utime, .sysno = SC_utime, ARGS(ADDRESS("file"), ADDRESS(seconds))), 0);
	cr_expect(stat("file", &st) == 0 && st.st_atim.tv_sec == 3000 && st.st_mtim.tv_sec == 4000);
	cr_expect_eq(RUN(utime, .sysno = SC_utimensat, ARGS(CWD, ADDRESS("file"), ADDRESS(omit))), 0);
	cr_expect(stat("file", &st) == 0 && st.st_atim.tv_sec == 3000 && st.st_mtim.tv_nsec == 9);
	cr_expect_eq(RUN(utime, .sysno = SC_utimensat, ARGS(FD(open("file", O_RDONLY)), 0, 0)), 0);
	cr_expect(stat("file", &st) == 0 && st.st_mtim.tv_sec > 5000);
}

Test(handlers, truncate_sets_lengths_of_64_bits)
{
	struct stat st;
	int fd = open("file", O_RDWR);

	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, ARGS(ADDRESS("link"), 100)), 0);
	cr_expect(stat("file", &st) == 0 && st.st_size == 100);
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate64, .compat = true, ARGS(ADDRESS("file"), 5, 1)), 0);
	cr_expect(stat("file", &st) == 0 && st.st_size == (INT64_C(1) << 32) + 5);
	cr_expect_eq(RUN(ftruncate, .sysno = SC_ftruncate, ARGS(FD(fd), 0)), 0);
	cr_expect_eq(RUN(fallocate, .sysno = SC_fallocate, ARGS(FD(fd), 0, 0, 4096)), 0);
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, .refused = CAT_BIT(CAT_TRUNCATE), ARGS(ADDRESS("file"), 0)),
		-EACCES);
	cr_expect(stat("file", &st) == 0 && st.st_size == 4096);
}

Test(handlers, truncate_of_a_leased_file_waits_for_a_worker)
{
	struct call call = { .sysno = SC_truncate, .args = { ADDRESS("file"), 7 } };
	struct wake wake = { .reason = WAKE_WORKER };
	struct verdict verdict;
	struct stat st;
	int lease = open("file", O_RDWR);

	signal(SIGIO, SIG_IGN);
	if (fcntl(lease, F_SETLEASE, F_WRLCK) < 0)
		cr_skip_test("no leases here");
	cr_assert_eq(fake_enter(&handler_truncate, &call), FAKE_WAITS);
	cr_expect(fcntl(call.worker_object, F_GETFD) >= 0, "the object is held while the worker opens it");
	cr_expect_eq(call.worker_flags & O_ACCMODE, O_WRONLY);
	fcntl(lease, F_SETLEASE, F_UNLCK);
	wake.fd = open("file", O_WRONLY);
	verdict = handler_truncate.resume(&call, &wake);
	handler_truncate.cancel(&call);
	cr_expect(verdict.kind == VERDICT_RETURN && verdict.value == 0);
	cr_expect(stat("file", &st) == 0 && st.st_size == 7);
	cr_expect(fcntl(call.worker_object, F_GETFD) < 0 && fcntl(wake.fd, F_GETFD) < 0);
}

Test(handlers, crossing_the_file_size_limit_of_the_target_signals_it)
{
	struct rlimit before, after, limit = { .rlim_cur = 10, .rlim_max = RLIM_INFINITY };
	struct stat st;
	pid_t child;
	int status;

	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);
	child = fork();
	if (child == 0) {
		alarm(5);
		pause();
		_exit(0);
	}
	signal(SIGXFSZ, SIG_IGN);
	limit.rlim_max = before.rlim_max;
	cr_assert_eq(prlimit(child, RLIMIT_FSIZE, &limit, NULL), 0);
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, .tid = child, ARGS(ADDRESS("file"), 10)), 0);
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, .tid = child, ARGS(ADDRESS("file"), 11)), -EFBIG);
	cr_expect(stat("file", &st) == 0 && st.st_size == 10);
	cr_expect_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	getrlimit(RLIMIT_FSIZE, &after);
	cr_expect_eq(before.rlim_cur, after.rlim_cur);
}

Test(handlers, memfds_are_judged_by_name_and_handed_over)
{
	char name[251] = "";
	struct call *call = CALL(.sysno = SC_memfd_create, ARGS(ADDRESS("abc"), 1));
	int64_t fd = fake_enter(&handler_memfd, call);

	cr_expect(fd >= 0);
	cr_expect_str_eq(call->asked_name, "!memfd:abc");
	memset(name, 'n', 250);
	cr_expect_eq(RUN(memfd, .sysno = SC_memfd_create, ARGS(ADDRESS(name), 0)), -EINVAL);
	name[249] = '\0';
	cr_expect(RUN(memfd, .sysno = SC_memfd_create, ARGS(ADDRESS(name), 0)) >= 0);
	cr_expect_eq(
		RUN(memfd, .sysno = SC_memfd_create, .refused = CAT_BIT(CAT_CREATE), ARGS(ADDRESS("abc"), 0)), -EACCES);
}

static int64_t handlers_bind(struct call *call, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t result;
	int here;

	memcpy(address.sun_path, path, strlen(path));
	call->sysno = SC_bind;
	call->args[0] = FD(socket(AF_UNIX, SOCK_STREAM, 0));
	call->args[1] = ADDRESS(&address);
	call->args[2] = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	/* It goes away from where it was. */
	here = open(".", O_PATH | O_CLOEXEC);
	result = fake_enter(&handler_bind, call);
	cr_assert_eq(fchdir(here), 0);
	close(here);
	return result;
}

Test(handlers, the_node_of_a_socket_is_a_new_file)
{
	char name[109];
	struct stat st;
	struct call *made = CALL(.asked = 0);

	cr_expect_eq(handlers_bind(made, "dir/sock"), 0);
	cr_expect(
		made->asked == (CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_NET_BIND)) && strstr(made->asked_name, "/dir/sock"));
	cr_expect(stat("dir/sock", &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0750);
	cr_expect_eq(handlers_bind(CALL(.refused = CAT_BIT(CAT_CREATE)), "dir/sock"), -EADDRINUSE);
	cr_expect_eq(handlers_bind(CALL(.refused = CAT_BIT(CAT_CREATE)), "dir/other"), -EACCES);
	cr_expect_eq(handlers_bind(CALL(.asked = 0), "none/sock"), -ENOENT);
	memset(name, 'n', 108);
	name[108] = '\0';
	cr_expect_eq(handlers_bind(CALL(.asked = 0), name), 0);
	cr_expect(stat(name, &st) == 0 && S_ISSOCK(st.st_mode));
}

Test(handlers, addresses_without_a_node_ask_about_binding_alone)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0handlers-test" };
	struct call *call = CALL(.sysno = SC_bind, ARGS(FD(socket(AF_UNIX, SOCK_STREAM, 0)), ADDRESS(&address), 16));
	struct call *automatic = CALL(.sysno = SC_bind,
		ARGS(FD(socket(AF_UNIX, SOCK_STREAM, 0)), ADDRESS(&address), sizeof(sa_family_t)));

	cr_expect_eq(fake_enter(&handler_bind, call), 0);
	cr_expect_eq(fake_enter(&handler_bind, automatic), 0);
	cr_expect_eq(call->asked | automatic->asked, CAT_BIT(CAT_NET_BIND), "no file is made");
}

Test(handlers, a_netlink_port_left_open_is_the_number_of_the_target)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(address);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		cr_skip_test("no netlink here");
	cr_expect_eq(RUN(bind, .sysno = SC_bind, .tid = 4242, ARGS(FD(fd), ADDRESS(&address), sizeof(address))), 0);
	cr_expect_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	cr_expect_eq(address.nl_pid, 4242);
}

Test(handlers, a_watch_is_put_on_the_held_object)
{
	int fd = inotify_init1(0);
	uint64_t link = ADDRESS("link");

	cr_expect_eq(RUN(inotify, .sysno = SC_inotify_add_watch, ARGS(FD(fd), link, IN_OPEN)), 1);
	cr_expect_eq(RUN(inotify, .sysno = SC_inotify_add_watch, ARGS(FD(fd), link, IN_ATTRIB | IN_DONT_FOLLOW)), 2);
	cr_expect_eq(RUN(inotify, .sysno = SC_inotify_add_watch, ARGS(FD(fd), link, IN_OPEN | IN_ONLYDIR)), -ENOTDIR);
}

Test(handlers, a_call_that_is_gone_has_no_effect)
{
	struct stat st;

	cr_expect_eq(RUN(mkdir, .sysno = SC_mkdir, .gone = true, ARGS(ADDRESS("g"), 0)), -ESRCH);
	cr_expect_eq(RUN(unlink, .sysno = SC_unlink, .gone = true, ARGS(ADDRESS("file"))), -ESRCH);
	cr_expect_eq(RUN(rename, .sysno = SC_rename, .gone = true, ARGS(ADDRESS("file"), ADDRESS("g"))), -ESRCH);
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, .gone = true, ARGS(ADDRESS("file"), 9)), -ESRCH);
	cr_expect_eq(RUN(chmod, .sysno = SC_chmod, .gone = true, ARGS(ADDRESS("file"), 0)), -ESRCH);
	cr_expect(stat("file", &st) == 0 && st.st_size == 0 && (st.st_mode & 0777) == 0644);
	cr_expect(access("g", F_OK) < 0);
}
