/* Handlers of names without a kernel in between: making, removing, moving and linking. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(names, .timeout = 60, .init = fake_enter_directory, .fini = fake_leave_directory);

Test(names, new_names_have_the_umask_of_the_target)
{
	struct stat st;

	cr_expect_eq(RUN(mkdir, .sysno = SC_mkdirat, ARGS(CWD, ADDRESS("new"), 0777)), 0);
	cr_expect(stat("new", &st) == 0 && (st.st_mode & 0777) == 0750);
	cr_expect_eq(RUN(mknod, .sysno = SC_mknod, ARGS(ADDRESS("new/fifo"), S_IFIFO | 0666)), 0);
	cr_expect(stat("new/fifo", &st) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0640);
	cr_expect_eq(RUN(symlink, .sysno = SC_symlink, ARGS(ADDRESS("x"), ADDRESS("new/l"))), 0);
	cr_expect_eq(RUN(rmdir, .sysno = SC_rmdir, ARGS(ADDRESS("new"))), -ENOTEMPTY);
	cr_expect_eq(RUN(unlink, .sysno = SC_unlink, ARGS(ADDRESS("new/l"))), 0);
	cr_expect_eq(RUN(unlinkat, .sysno = SC_unlinkat, ARGS(CWD, ADDRESS("new/fifo"), 0)), 0);
	cr_expect_eq(RUN(unlinkat, .sysno = SC_unlinkat, ARGS(CWD, ADDRESS("new"), AT_REMOVEDIR)), 0);
}

#define ALL CAT_ALL_BITS
#define CREATE CAT_BIT(CAT_CREATE)
#define DELETE CAT_BIT(CAT_DELETE)
#define RENAME CAT_BIT(CAT_RENAME)
#define SYMLINK CAT_BIT(CAT_SYMLINK)
#define MKDIR CAT_BIT(CAT_MKDIR)
#define RMDIR CAT_BIT(CAT_RMDIR)
#define MKBDEV CAT_BIT(CAT_MKBDEV)
#define MKCDEV CAT_BIT(CAT_MKCDEV)
#define MKFIFO CAT_BIT(CAT_MKFIFO)

/* One call on names: what it answers when these categories refuse, and what it asked before. */
struct name_row {
	const struct handler *handler;
	enum sysno sysno;
	uint64_t args[6];
	uint64_t refused;
	uint64_t asked;
	int error;
};

static void names_expect_asked(const struct name_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct call call = { .sysno = rows[i].sysno, .refused = rows[i].refused };
		int64_t result;

		memcpy(call.args, rows[i].args, sizeof(call.args));
		result = fake_enter(rows[i].handler, &call);
		cr_expect_eq(result, -rows[i].error, "row %zu (%s): %lld", i, rows[i].handler->name, (long long)result);
		cr_expect_eq(call.asked, rows[i].asked, "row %zu (%s): asked %llx", i, rows[i].handler->name,
			(long long)call.asked);
	}
}

Test(names, each_call_asks_its_own_category)
{
	const uint64_t file = ADDRESS("file");
	const uint64_t new = ADDRESS("new");
	const uint64_t link = ADDRESS("link");
	const struct name_row rows[] = {
		{ &handler_mkdir, SC_mkdir, { new, 0700 }, MKDIR, MKDIR, EACCES },
		{ &handler_symlink, SC_symlink, { file, new }, SYMLINK, SYMLINK, EACCES },
		{ &handler_link, SC_link, { file, new }, RENAME, RENAME, EACCES },
		{ &handler_unlink, SC_unlink, { file }, DELETE, DELETE, EACCES },
		{ &handler_rmdir, SC_rmdir, { ADDRESS("dir/") }, RMDIR, RMDIR, EACCES },
		{ &handler_unlinkat, SC_unlinkat, { CWD, link }, DELETE, DELETE, EACCES },
		{ &handler_unlinkat, SC_unlinkat, { CWD, ADDRESS("dir"), AT_REMOVEDIR }, RMDIR, RMDIR, EACCES },
		{ &handler_rename, SC_rename, { file, new }, RENAME, RENAME, EACCES },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, link, 2 }, RENAME, RENAME, EACCES },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, link, 2 }, ALL & ~RENAME, RENAME, 0 },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, link, 2 }, ALL & ~RENAME, RENAME, 0 },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, new, 4 }, MKCDEV, RENAME | MKCDEV, EACCES },
		/* Each asks nothing else. */
		{ &handler_mkdir, SC_mkdir, { ADDRESS("new/"), 0700 }, ALL & ~MKDIR, MKDIR, 0 },
		{ &handler_rmdir, SC_rmdir, { new }, ALL & ~RMDIR, RMDIR, 0 },
		{ &handler_symlink, SC_symlink, { file, new }, ALL & ~SYMLINK, SYMLINK, 0 },
		{ &handler_unlink, SC_unlink, { new }, ALL & ~DELETE, DELETE, 0 },
	};
	struct stat st;

	names_expect_asked(rows, ARRAY_SIZE(rows));
	cr_expect(lstat("file", &st) == 0 && S_ISREG(st.st_mode) && lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	cr_expect(access("new", F_OK) < 0 && access("dir", F_OK) == 0);
}

Test(names, mknod_asks_the_category_of_its_type_and_only_when_it_is_new)
{
	const uint64_t new = ADDRESS("new");
	const struct name_row rows[] = {
		{ &handler_mknod, SC_mknod, { new }, CREATE, CREATE, EACCES },
		{ &handler_mknod, SC_mknod, { new, S_IFREG | 0644 }, CREATE, CREATE, EACCES },
		{ &handler_mknod, SC_mknod, { new, S_IFSOCK }, CREATE, CREATE, EACCES },
		{ &handler_mknod, SC_mknod, { new, S_IFIFO }, MKFIFO, MKFIFO, EACCES },
		{ &handler_mknod, SC_mknodat, { CWD, new, S_IFBLK }, MKBDEV, MKBDEV, EACCES },
		{ &handler_mknod, SC_mknodat, { CWD, new, S_IFCHR }, MKCDEV, MKCDEV, EACCES },
		{ &handler_mknod, SC_mknod, { ADDRESS("file"), S_IFCHR }, ALL, 0, EEXIST },
		{ &handler_mknod, SC_mknod, { new, S_IFIFO }, ALL & ~MKFIFO, MKFIFO, 0 },
	};

	names_expect_asked(rows, ARRAY_SIZE(rows));
	cr_expect_eq(unlink("new"), 0);
}

Test(names, a_device_is_not_made_by_a_default_alone)
{
	struct call *default_only = CALL(.sysno = SC_mknod, .by_default = MKCDEV, ARGS(ADDRESS("n"), S_IFCHR));
	struct call *fifo = CALL(.sysno = SC_mknod, .by_default = ALL, ARGS(ADDRESS("f"), S_IFIFO));
	struct call *ruled = CALL(.sysno = SC_mknod, ARGS(ADDRESS("n"), S_IFCHR | 0600));
	struct stat st;

	cr_expect_eq(fake_enter(&handler_mknod, default_only), -EPERM);
	cr_expect(access("n", F_OK) < 0);
	cr_expect_eq(fake_enter(&handler_mknod, fifo), 0);
	/* A whiteout: 0, 0 needs no right of the kernel's. */
	cr_expect_eq(fake_enter(&handler_mknod, ruled), 0);
	cr_expect(lstat("n", &st) == 0 && S_ISCHR(st.st_mode));
}

Test(names, what_is_there_or_not_is_said_before_rules_are_asked)
{
	const uint64_t file = ADDRESS("file");
	const uint64_t none = ADDRESS("none");
	static char long_name[NAME_MAX + 2];
	const uint64_t longer = ADDRESS(memset(long_name, 'n', NAME_MAX + 1));
	const struct name_row rows[] = {
		{ &handler_mkdir, SC_mkdir, { ADDRESS("dir/"), 0700 }, ALL, 0, EEXIST },
		{ &handler_mkdir, SC_mkdir, { ADDRESS("dir/.."), 0700 }, ALL, 0, EEXIST },
		{ &handler_symlink, SC_symlink, { file, ADDRESS("link") }, ALL, 0, EEXIST },
		{ &handler_symlink, SC_symlink, { file, ADDRESS("none/") }, ALL, 0, ENOENT },
		{ &handler_link, SC_link, { file, ADDRESS("dir") }, ALL, 0, EEXIST },
		{ &handler_mknod, SC_mknod, { ADDRESS("none/"), S_IFIFO }, ALL, 0, ENOENT },
		{ &handler_unlink, SC_unlink, { none }, ALL, 0, ENOENT },
		{ &handler_rmdir, SC_rmdir, { ADDRESS("dir/.") }, ALL, 0, EINVAL },
		{ &handler_rename, SC_rename, { none, file }, ALL, 0, ENOENT },
		{ &handler_rename, SC_rename, { none, longer }, ALL, 0, ENOENT },
		{ &handler_rename, SC_rename, { file, longer }, ALL, 0, ENAMETOOLONG },
		{ &handler_rename, SC_rename, { longer, none }, ALL, 0, ENAMETOOLONG },
		{ &handler_rename, SC_rename, { ADDRESS("dir/."), none }, ALL, 0, EBUSY },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, ADDRESS("dir"), 1 }, ALL, 0, EEXIST },
		{ &handler_rename, SC_renameat2, { CWD, file, CWD, none, 2 }, ALL, 0, ENOENT },
	};

	names_expect_asked(rows, ARRAY_SIZE(rows));
}

Test(names, a_rename_asks_the_old_name_and_then_the_new)
{
	struct call *replaced = CALL(.sysno = SC_rename, ARGS(ADDRESS("file"), ADDRESS("link")));
	struct call *refused = CALL(.sysno = SC_rename, .refused = RENAME, ARGS(ADDRESS("link"), ADDRESS("dir")));

	cr_expect_eq(fake_enter(&handler_rename, refused), -EACCES);
	cr_expect(strstr(refused->asked_name, "/link"), "the old name is asked first");
	cr_expect_eq(fake_enter(&handler_rename, replaced), 0);
	cr_expect(strstr(replaced->asked_name, "/link"), "the new name is asked last");
	cr_expect_eq(replaced->asked, RENAME);
}

Test(names, handlers_are_needed_where_their_categories_are_active)
{
	const uint64_t walk = CAT_BIT(CAT_WALK);

	cr_expect_eq(handler_mkdir.categories, MKDIR | walk);
	cr_expect_eq(handler_symlink.categories, SYMLINK | walk);
	cr_expect_eq(handler_mknod.categories, CREATE | MKBDEV | MKCDEV | MKFIFO | walk);
	cr_expect_eq(handler_unlink.categories, DELETE | walk);
	cr_expect_eq(handler_rmdir.categories, RMDIR | walk);
	cr_expect_eq(handler_unlinkat.categories, DELETE | RMDIR | walk);
	cr_expect_eq(handler_link.categories, RENAME | walk);
	cr_expect_eq(handler_rename.categories, RENAME | MKCDEV | walk);
	cr_expect(handler_rename.flags & handler_link.flags & H_HOLDS_NAMES);
}

Test(names, rename_moves_only_what_the_policy_lets_move)
{
	struct call *refused = CALL(.sysno = SC_rename, .move_refused = true, ARGS(ADDRESS("dir"), ADDRESS("moved")));
	struct call *odd = CALL(.sysno = SC_rename, .move_refused = true, ARGS(ADDRESS("file"), ADDRESS("..a")));
	struct call *moved = CALL(.sysno = SC_renameat, ARGS(CWD, ADDRESS("file"), CWD, ADDRESS("..a")));

	cr_expect_eq(fake_enter(&handler_rename, refused), -EACCES);
	cr_expect(refused->move_directory && access("dir", F_OK) == 0);
	cr_expect_eq(fake_enter(&handler_rename, odd), -EACCES);
	cr_expect_eq(fake_enter(&handler_rename, moved), 0);
	cr_expect(!moved->move_directory && access("..a", F_OK) == 0);
	cr_expect(strstr(moved->move_from, "/file") && strstr(moved->move_to, "/..a"));
}

Test(names, rename_of_nothing_never_reaches_the_kernel_unjudged)
{
	struct call *missing = CALL(.sysno = SC_rename, ARGS(ADDRESS("none"), ADDRESS("x")));

	cr_expect_eq(fake_enter(&handler_rename, missing), -ENOENT);
	cr_expect_eq(missing->moves, 0);
}

Test(names, an_exchange_is_judged_in_both_directions)
{
	struct call *call = CALL(.sysno = SC_renameat2, ARGS(CWD, ADDRESS("file"), CWD, ADDRESS("dir"), 2));

	cr_expect_eq(fake_enter(&handler_rename, call), 0);
	cr_expect_eq(call->moves, 2);
	cr_expect(call->move_directory && strstr(call->move_from, "/dir") && strstr(call->move_to, "/file"));
}

Test(names, link_names_the_held_object_again)
{
	struct stat st;
	struct call *nameless = CALL(.sysno = SC_link, .unnamed = true, ARGS(ADDRESS("file"), ADDRESS("z")));

	cr_expect_eq(RUN(link, .sysno = SC_link, ARGS(ADDRESS("link"), ADDRESS("link2"))), 0);
	cr_expect(lstat("link2", &st) == 0 && S_ISLNK(st.st_mode));
	cr_expect_eq(
		RUN(link, .sysno = SC_linkat, ARGS(CWD, ADDRESS("link"), CWD, ADDRESS("file2"), AT_SYMLINK_FOLLOW)), 0);
	cr_expect(lstat("file2", &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 2);
	cr_expect_eq(
		RUN(link, .sysno = SC_link, .move_refused = true, ARGS(ADDRESS("file"), ADDRESS("file3"))), -EACCES);
	cr_expect_eq(fake_enter(&handler_link, nameless), -EXDEV);
	cr_expect(access("file3", F_OK) < 0 && access("z", F_OK) < 0);
}

Test(names, the_first_name_of_a_temporary_file_asks_rename)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	struct call *refused = CALL(.sysno = SC_linkat, .refused = RENAME,
		ARGS(FD(fd), ADDRESS(""), CWD, ADDRESS("t"), AT_EMPTY_PATH));
	struct call *made = CALL(.sysno = SC_linkat, ARGS(FD(fd), ADDRESS(""), CWD, ADDRESS("t"), AT_EMPTY_PATH));

	if (fd < 0)
		cr_skip_test("no O_TMPFILE here");
	cr_expect_eq(fake_enter(&handler_link, refused), -EACCES);
	cr_expect(access("t", F_OK) < 0);
	cr_expect_eq(fake_enter(&handler_link, made), 0);
	cr_expect_eq(access("t", F_OK), 0);
}

/* As root without CAP_FOWNER: what user 1000 owns is somebody else's. */
Test(names, files_of_others_get_no_second_name_where_hard_links_are_guarded)
{
	static const struct {
		mode_t mode;
		uint64_t capabilities;
		uid_t owner;
		bool guarded;
		int expected;
	} rows[] = {
		{ S_IFREG | 04644, 0, 1000, true, -EPERM },
		{ S_IFREG | 02755, 0, 1000, true, -EPERM },
		{ S_IFIFO | 0666, 0, 1000, true, -EPERM },
		{ S_IFREG | 02644, 0, 1000, true, 0 },
		{ S_IFREG | 0644, 0, 1000, true, 0 },
		{ S_IFREG | 04755, 0, 0, true, 0 },
		{ S_IFREG | 04755, UINT64_C(1) << CAP_FOWNER, 1000, true, 0 },
		{ S_IFREG | 04755, 0, 1000, false, 0 },
	};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unlink("source");
		unlink("second");
		cr_assert(mknod("source", rows[i].mode, 0) == 0 && chown("source", rows[i].owner, 0) == 0 &&
			  chmod("source", rows[i].mode & 07777) == 0);
		cr_expect_eq(RUN(link, .sysno = SC_link, .guards_hardlinks = rows[i].guarded,
				     .capabilities = rows[i].capabilities, ARGS(ADDRESS("source"), ADDRESS("second"))),
			rows[i].expected, "row %zu", i);
		cr_expect_eq(access("second", F_OK) == 0, rows[i].expected == 0, "row %zu", i);
	}
}
