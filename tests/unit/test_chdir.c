/* chdir and fchdir: what may go on, and what is found afterwards. The directory of this process really changes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(chdir, .timeout = 60, .init = fake_enter_directory, .fini = fake_leave_directory);

static unsigned chdir_count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* An allowed call that stops at its entry, with what the kernel then makes of it: `really` becomes the directory. */
static enum verdict_kind chdir_run(struct call *call, const char *really)
{
	unsigned before = chdir_count_descriptors();
	struct verdict verdict = fake_begin(&handler_chdir, call);

	cr_assert_eq(verdict.kind, VERDICT_CONTINUE);
	cr_assert_eq(chdir(really), 0);
	verdict = fake_leave(&handler_chdir, call, 0);
	cr_expect_eq(chdir_count_descriptors(), before);
	return verdict.kind;
}

Test(chdir, errors_of_the_path_come_before_the_rules)
{
	int object = open("file", O_PATH);
	int closed = 200;

	cr_assert_eq(symlink("none", "dangling"), 0);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(1)), -EFAULT);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS(""))), -ENOENT);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS("none")), .refused = CAT_BIT(CAT_CHDIR)), -ENOENT);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS("dangling"))), -ENOENT);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS("file")), .refused = CAT_BIT(CAT_CHDIR)), -ENOTDIR);
	cr_expect_eq(RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS("link"))), -ENOTDIR);
	cr_expect_eq(RUN(chdir, .sysno = SC_fchdir, ARGS(FD(-1))), -EBADF);
	cr_expect_eq(RUN(chdir, .sysno = SC_fchdir, ARGS(FD(closed))), -EBADF);
	cr_expect_eq(RUN(chdir, .sysno = SC_fchdir, ARGS(FD(object)), .refused = CAT_BIT(CAT_CHDIR)), -ENOTDIR);
}

Test(chdir, refused_directory_fails_and_holds_nothing)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .refused = CAT_BIT(CAT_CHDIR));
	unsigned before = chdir_count_descriptors();

	cr_expect_eq(fake_enter(&handler_chdir, call), -EACCES);
	cr_expect_eq(call->asked, CAT_BIT(CAT_CHDIR));
	cr_expect_str_eq(strrchr(call->asked_name, '/'), "/dir");
	cr_expect_eq(chdir_count_descriptors(), before);
}

Test(chdir, refused_directory_fails_through_a_descriptor_too)
{
	int fd = open("dir", O_PATH | O_DIRECTORY);

	cr_expect_eq(RUN(chdir, .sysno = SC_fchdir, ARGS(FD(fd)), .refused = CAT_BIT(CAT_CHDIR)), -EACCES);
}

Test(chdir, directory_without_a_known_name_is_judged_as_well)
{
	cr_expect_eq(
		RUN(chdir, .sysno = SC_chdir, ARGS(ADDRESS("dir")), .unnamed = true, .refused = CAT_BIT(CAT_CHDIR)),
		-EACCES);
}

Test(chdir, allowed_call_goes_on_when_the_kernel_did_what_was_checked)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")));

	cr_expect_eq(chdir_run(call, "dir"), VERDICT_CONTINUE);
	cr_expect_eq(call->mismatches, 0);
}

Test(chdir, symlink_is_followed_to_the_directory)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("way")));

	cr_assert_eq(symlink("dir", "way"), 0);
	cr_expect_eq(chdir_run(call, "way"), VERDICT_CONTINUE);
	cr_expect_str_eq(strrchr(call->asked_name, '/'), "/dir");
}

Test(chdir, name_that_was_changed_under_the_kernel_kills)
{
	struct call *call =
		CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .refused = CAT_BIT(CAT_CHDIR), .refused_name = "/bad");

	cr_assert_eq(mkdir("bad", 0755), 0);
	cr_expect_eq(chdir_run(call, "bad"), VERDICT_KILL);
	cr_expect_eq(call->mismatches, 1);
	cr_expect_eq(call->mismatch_category, CAT_CHDIR);
	cr_expect_str_eq(strrchr(call->mismatch_checked, '/'), "/dir");
	cr_expect_str_eq(strrchr(call->mismatch_found, '/'), "/bad");
}

Test(chdir, directory_swapped_under_its_name_kills)
{
	struct call *call =
		CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .refused = CAT_BIT(CAT_CHDIR), .refused_name = "/dir");

	/* Allowed while it was asked, as a rule on the name of another object would have it. */
	call->refused = 0;
	cr_assert_eq(fake_begin(&handler_chdir, call).kind, VERDICT_CONTINUE);
	cr_assert(rename("dir", "was") == 0 && mkdir("dir", 0755) == 0 && chdir("dir") == 0);
	call->refused = CAT_BIT(CAT_CHDIR);
	cr_expect_eq(fake_leave(&handler_chdir, call, 0).kind, VERDICT_KILL);
	cr_expect_str_eq(strrchr(call->mismatch_checked, '/'), "/was");
}

Test(chdir, descriptor_replaced_under_the_kernel_kills)
{
	struct call *call = CALL(.sysno = SC_fchdir, .refused = CAT_BIT(CAT_CHDIR), .refused_name = "/bad");

	cr_assert_eq(mkdir("bad", 0755), 0);
	call->args[0] = FD(open("dir", O_RDONLY));
	cr_assert_eq(fake_begin(&handler_chdir, call).kind, VERDICT_CONTINUE);
	cr_assert_eq(dup2(open("bad", O_RDONLY), (int)call->args[0]), (int)call->args[0]);
	cr_assert_eq(fchdir((int)call->args[0]), 0);
	cr_expect_eq(fake_leave(&handler_chdir, call, 0).kind, VERDICT_KILL);
	cr_expect_eq(call->mismatches, 1);
}

Test(chdir, directory_that_another_thread_went_to_may_be_any_allowed_one)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")),
		.refused = CAT_BIT(CAT_CHDIR) | CAT_BIT(CAT_WALK), .refused_name = "/bad");

	cr_assert_eq(mkdir("other", 0755), 0);
	cr_expect_eq(chdir_run(call, "other"), VERDICT_CONTINUE);
	cr_expect_eq(call->mismatches, 0);
}

Test(chdir, directory_that_is_only_warned_about_does_not_kill)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .warned = true);

	cr_assert_eq(mkdir("other", 0755), 0);
	cr_expect_eq(chdir_run(call, "other"), VERDICT_CONTINUE);
}

Test(chdir, directory_below_one_that_may_not_be_walked_kills)
{
	struct call *call =
		CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .refused = CAT_BIT(CAT_WALK), .refused_name = "/hidden");

	cr_assert(mkdir("hidden", 0755) == 0 && mkdir("hidden/below", 0755) == 0);
	cr_expect_eq(chdir_run(call, "hidden/below"), VERDICT_KILL);
	cr_expect_eq(call->mismatches, 1);
}

Test(chdir, call_that_failed_in_the_kernel_is_not_looked_at)
{
	struct call *call =
		CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")), .refused = CAT_BIT(CAT_CHDIR), .refused_name = "-");

	call->refused = 0;
	cr_assert_eq(fake_begin(&handler_chdir, call).kind, VERDICT_CONTINUE);
	call->refused = CAT_BIT(CAT_CHDIR);
	cr_expect_eq(fake_leave(&handler_chdir, call, -EACCES).kind, VERDICT_CONTINUE);
	cr_expect_eq(call->mismatches, 0);
}

Test(chdir, process_that_died_is_left_alone_and_one_that_cannot_be_seen_is_killed)
{
	struct call *gone = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")));
	struct call *hidden = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")));

	cr_assert_eq(fake_begin(&handler_chdir, gone).kind, VERDICT_CONTINUE);
	gone->held_error = -ESRCH;
	cr_expect_eq(fake_leave(&handler_chdir, gone, 0).kind, VERDICT_CONTINUE);
	cr_assert_eq(fake_begin(&handler_chdir, hidden).kind, VERDICT_CONTINUE);
	hidden->held_error = -EACCES;
	cr_expect_eq(fake_leave(&handler_chdir, hidden, 0).kind, VERDICT_KILL);
	cr_expect_eq(hidden->mismatches, 1);
}

Test(chdir, what_is_held_is_released_when_the_call_never_comes_back)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")));
	unsigned before = chdir_count_descriptors();

	cr_assert_eq(fake_begin(&handler_chdir, call).kind, VERDICT_CONTINUE);
	cr_expect_eq(chdir_count_descriptors(), before + 1);
	fake_cancel(&handler_chdir, call);
	cr_expect_eq(chdir_count_descriptors(), before);
}

Test(chdir, directory_whose_name_is_too_long_for_any_rule_kills)
{
	struct call *call = CALL(.sysno = SC_chdir, ARGS(ADDRESS("dir")));
	char part[201] = { 0 };

	memset(part, 'x', 200);
	cr_assert_eq(fake_begin(&handler_chdir, call).kind, VERDICT_CONTINUE);
	for (int i = 0; i < 25; i++)
		cr_assert(mkdir(part, 0755) == 0 && chdir(part) == 0);
	cr_expect_eq(fake_leave(&handler_chdir, call, 0).kind, VERDICT_KILL);
	cr_expect_eq(call->mismatches, 1);
	cr_expect_str_eq(call->mismatch_found, "unknown");
}
