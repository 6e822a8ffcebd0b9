/* Directories that are read, requests and flags: handlers without a kernel in between. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "handlers/list_entries.h"
#include "tests/unit/fake_handlers.h"

TestSuite(listing, .timeout = 120, .init = fake_enter_directory, .fini = fake_leave_directory);

enum { FILES = 3000, BUFFER = 1 << 16 };

static unsigned char buffer[BUFFER];

static void list_fill(const char *prefix, unsigned count)
{
	char name[64];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "dir/%s%u", prefix, i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
}

/* Entries until the end of the directory, each answer with so much room; no answer may be empty before. */
static unsigned list_count(struct call *call, unsigned room, const char *never)
{
	int fd = open("dir", O_RDONLY | O_DIRECTORY);
	unsigned count = 0;
	int64_t got;

	call->sysno = SC_getdents64;
	call->args[0] = FD(fd);
	call->args[1] = ADDRESS(buffer);
	call->args[2] = room;
	while ((got = fake_enter(&handler_list, call)) != 0) {
		struct list_entry entry;

		if (got == FAKE_WAITS)
			continue;
		cr_assert_gt(got, 0);
		for (int64_t at = 0; at < got; at += (int64_t)entry.record, count++) {
			list_entry_read(buffer + at, &entry);
			cr_assert(!never || !strstr(entry.name, never), "%s", entry.name);
		}
	}
	close(fd);
	return count;
}

Test(listing, everything_allowed_is_everything)
{
	static const unsigned rooms[] = { 24, 280, 1000, 32768, BUFFER };

	list_fill("f", 100);
	for (size_t i = 1; i < ARRAY_SIZE(rooms); i++)
		cr_expect_eq(list_count(CALL(0), rooms[i], NULL), 102, "room %u", rooms[i]);
}

Test(listing, refused_entries_are_left_out_whatever_the_room)
{
	static const unsigned rooms[] = { 32, 64, 280, 32768, BUFFER };

	list_fill("f", 50);
	list_fill("hidden", 50);
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++)
		cr_expect_eq(
			list_count(CALL(.refused = CAT_BIT(CAT_LIST), .refused_name = "hidden"), rooms[i], "hidden"),
			52, "room %u", rooms[i]);
}

Test(listing, a_long_run_of_refused_entries_is_not_the_end)
{
	list_fill("hidden", FILES);
	list_fill("f", 3);
	cr_expect_eq(list_count(CALL(.refused = CAT_BIT(CAT_LIST), .refused_name = "hidden"), 64, "hidden"), 5);
}

Test(listing, dots_are_always_shown)
{
	cr_expect_eq(list_count(CALL(.refused = CAT_BIT(CAT_LIST)), 1000, NULL), 2);
}

Test(listing, an_unnamed_directory_is_not_judged)
{
	list_fill("hidden", 3);
	cr_expect_eq(list_count(CALL(.refused = CAT_BIT(CAT_LIST), .unnamed = true), 1000, NULL), 5);
}

Test(listing, errors_are_those_of_the_kernel)
{
	int fd = open("dir", O_RDONLY | O_DIRECTORY);
	int file = open("file", O_RDONLY);

	cr_expect_eq(RUN(list, .sysno = SC_getdents64, ARGS(FD(fd), ADDRESS(buffer), 20)), -EINVAL);
	cr_expect_eq(RUN(list, .sysno = SC_getdents64, ARGS(FD(fd), ADDRESS(buffer), 0x80000000)), -EINVAL);
	cr_expect_eq(RUN(list, .sysno = SC_getdents64, ARGS(FD(fd), 1, 1000)), -EFAULT);
	cr_expect_eq(RUN(list, .sysno = SC_getdents64, ARGS(FD(file), ADDRESS(buffer), 1000)), -ENOTDIR);
	cr_expect_eq(RUN(list, .sysno = SC_getdents64, ARGS(FD(-1), ADDRESS(buffer), 1000)), -EBADF);
	cr_expect_eq(lseek(fd, 0, SEEK_CUR), 0, "what failed took nothing");
	cr_expect_eq(RUN(list, .sysno = SC_getdents64, .gone = true, ARGS(FD(fd), ADDRESS(buffer), 1000)), -ESRCH);
}

Test(listing, records_of_narrow_callers_are_shorter)
{
	const struct list_entry entry = { .inode = 7, .next = 9, .type = DT_REG, .name = "name", .name_length = 4 };
	const struct {
		uint32_t inode, next;
		uint16_t length;
		char name[6]; /* and the type */
	} expected = { 7, 9, 16, { 'n', 'a', 'm', 'e', '\0', DT_REG } };
	unsigned char bytes[64];

	cr_expect_eq(list_entry_size(LIST_64, 8, &entry), 24);
	cr_expect_eq(list_entry_size(LIST_OLD, 8, &entry), 24);
	cr_expect_eq(list_entry_size(LIST_OLD, 4, &entry), 16);
	cr_expect_eq(list_entry_size(LIST_ONE, 4, &entry), 15);
	list_entry_write(LIST_OLD, 4, &entry, 9, bytes);
	cr_expect_arr_eq(bytes, &expected, 16);
}

Test(listing, a_request_that_is_allowed_goes_on_in_the_kernel)
{
	struct call *call = CALL(.sysno = SC_ioctl, ARGS(0, UINT64_C(0x1234567800005401)));

	cr_expect_eq(fake_begin(&handler_ioctl, call).kind, VERDICT_CONTINUE);
	cr_expect_eq(call->asked_request, 0x5401, "the low half is what the kernel looks at");
	cr_expect_eq(RUN(ioctl, .sysno = SC_ioctl, .refused = CAT_BIT(CAT_IOCTL), ARGS(0, 0x5401)), -EACCES);
}

Test(listing, the_flag_that_appends_stays_where_it_was_promised)
{
	int fd = open("file", O_WRONLY | O_APPEND);

	cr_expect_eq(RUN(fcntl, .sysno = SC_fcntl, .appends = "file", ARGS(FD(fd), F_SETFL, 0)), -EPERM);
	cr_expect(fcntl(fd, F_GETFL) & O_APPEND);
	cr_expect_eq(RUN(fcntl, .sysno = SC_fcntl, .appends = "other", ARGS(FD(fd), F_SETFL, O_NONBLOCK)), 0);
	cr_expect_eq(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_NONBLOCK);
}

Test(listing, a_descriptor_may_send_its_signals_to_the_caller_and_to_nobody_else)
{
	pid_t own = call_tid(CALL(.sysno = SC_fcntl));
	const pid_t others[] = { 1, own + 1, -own, getppid() };

	cr_expect_eq(
		fake_begin(&handler_fcntl, CALL(.sysno = SC_fcntl, ARGS(0, F_SETOWN, own))).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_begin(&handler_fcntl, CALL(.sysno = SC_fcntl, ARGS(0, F_SETOWN, 0))).kind, VERDICT_CONTINUE);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cr_expect_eq(RUN(fcntl, .sysno = SC_fcntl, ARGS(0, F_SETOWN, FD(others[i]))), -EPERM);
}

Test(listing, a_masked_file_looks_like_its_target)
{
	struct statx result;

	cr_expect_eq(RUN(stat, .sysno = SC_stat, .masked = "file", .mask_target = "/dev/null",
			     ARGS(ADDRESS("file"), ADDRESS(&result))),
		0);
	cr_expect(S_ISCHR(result.stx_mode));
	cr_expect_eq(RUN(truncate, .sysno = SC_truncate, .appends = "file", ARGS(ADDRESS("file"), 0)), -EPERM);
}

Test(listing, hostile_names_are_not_made)
{
	cr_expect_eq(RUN(mkdir, .sysno = SC_mkdir, .unmade = "odd", ARGS(ADDRESS("odd"), 0755)), -EINVAL);
	cr_expect_eq(RUN(rename, .sysno = SC_rename, .unmade = "odd", ARGS(ADDRESS("file"), ADDRESS("odd"))), -EINVAL);
	cr_expect_eq(RUN(link, .sysno = SC_link, .unmade = "odd", ARGS(ADDRESS("file"), ADDRESS("odd"))), -EINVAL);
	cr_expect_eq(RUN(symlink, .sysno = SC_symlink, .unmade = "odd", ARGS(ADDRESS("x"), ADDRESS("odd"))), -EINVAL);
	cr_expect_eq(access("odd", F_OK), -1);
}

Test(listing, a_watch_that_is_refused_is_not_put)
{
	int fd = inotify_init1(0);

	cr_expect_eq(RUN(inotify, .sysno = SC_inotify_add_watch, .refused = CAT_BIT(CAT_NOTIFY),
			     ARGS(FD(fd), ADDRESS("dir"), IN_OPEN)),
		-EACCES);
	cr_expect_eq(RUN(inotify, .sysno = SC_inotify_add_watch, ARGS(FD(fd), ADDRESS("dir"), IN_OPEN)), 1);
}

Test(listing, a_mark_that_is_refused_is_not_put)
{
	int group = fanotify_init(FAN_REPORT_FID, O_RDONLY);

	if (group < 0)
		cr_skip_test("no fanotify");
	cr_expect_eq(RUN(fanotify, .sysno = SC_fanotify_mark, .refused = CAT_BIT(CAT_NOTIFY),
			     ARGS(FD(group), FAN_MARK_ADD, FAN_OPEN, FD(AT_FDCWD), ADDRESS("dir"))),
		-EACCES);
	cr_expect_eq(RUN(fanotify, .sysno = SC_fanotify_mark,
			     ARGS(FD(group), FAN_MARK_REMOVE, FAN_OPEN, FD(AT_FDCWD), ADDRESS("dir"))),
		-ENOENT);
	cr_expect_eq(RUN(fanotify, .sysno = SC_fanotify_mark,
			     ARGS(FD(group), FAN_MARK_ADD, FAN_OPEN, FD(AT_FDCWD), ADDRESS("dir"))),
		0);
	cr_expect_eq(RUN(fanotify, .sysno = SC_fanotify_mark,
			     ARGS(FD(group), FAN_MARK_ADD, FAN_OPEN_PERM, FD(AT_FDCWD), ADDRESS("dir"))),
		-EINVAL);
	close(group);
}

/* Such a group comes from outside of the sandbox only; the supervisor would wait for its answers, too. */
Test(listing, a_mark_that_holds_up_who_opens_is_refused)
{
	int group = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);

	if (group < 0)
		cr_skip_test("no fanotify");
	cr_expect_eq(RUN(fanotify, .sysno = SC_fanotify_mark,
			     ARGS(FD(group), FAN_MARK_ADD, FAN_OPEN_PERM, FD(AT_FDCWD), ADDRESS("dir"))),
		-EPERM);
	close(group);
}
