/*
 * The fresh directory and its cleaner. The creator is always a child, because the cleaner waits for
 * its end; everything lies below a directory of the test's own.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/tmpdir.h"
#include "tests/unit/forked.h"

static char base[PATH_MAX];
static char outside[PATH_MAX + 16];

static void tmpdir_setup(void)
{
	char beside[PATH_MAX + 32];

	umask(022);
	snprintf(base, sizeof(base), "/tmp/kennel-unit-XXXXXX");
	cr_assert(mkdtemp(base) && chmod(base, 0777) == 0);
	snprintf(outside, sizeof(outside), "%s/outside", base);
	snprintf(beside, sizeof(beside), "%s/file", outside);
	cr_assert(mkdir(outside, 0777) == 0 && chmod(outside, 0777) == 0);
	cr_assert_eq(close(open(beside, O_CREAT | O_WRONLY, 0666)), 0);
	setenv("TMPDIR", base, 1);
}

static int tmpdir_remove_cb(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void tmpdir_end(void)
{
	if (strncmp(base, "/tmp/kennel-unit-", 17) == 0)
		nftw(base, tmpdir_remove_cb, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

TestSuite(tmpdir, .init = tmpdir_setup, .fini = tmpdir_end, .timeout = 120);

/* Names directly below the test's directory, "outside" not counted. */
static unsigned tmpdir_left(void)
{
	char command[PATH_MAX + 64], text[16];
	FILE *list;
	unsigned count;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", base);
	list = popen(command, "r");
	cr_assert_not_null(fgets(text, sizeof(text), list));
	pclose(list);
	count = (unsigned)atoi(text);
	return count - 1;
}

static void tmpdir_expect_outside_untouched(void)
{
	char name[PATH_MAX + 32];
	struct stat status;

	snprintf(name, sizeof(name), "%s/file", outside);
	cr_expect(stat(name, &status) == 0 && (status.st_mode & 07777) == 0644);
	cr_expect(stat(outside, &status) == 0 && (status.st_mode & 07777) == 0777);
}

static int tmpdir_make(struct tmpdir *tmpdir)
{
	int error = tmpdir_name(tmpdir);

	if (!error)
		error = tmpdir_start_cleaner(tmpdir);
	return error ? error : tmpdir_wait(tmpdir);
}

static void tmpdir_make_and_look(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT, taken;
	struct stat status;

	(void)context;
	FORKED_EXPECT(tmpdir_name(&tmpdir) == 0 && tmpdir.keep_alive_fd == -1);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == -1 && errno == ENOENT);
	FORKED_EXPECT(tmpdir_start_cleaner(&tmpdir) == 0 && tmpdir_wait(&tmpdir) == 0);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == 0);
	FORKED_EXPECT(S_ISDIR(status.st_mode) && (status.st_mode & 07777) == 0700 && status.st_uid == geteuid());
	taken = tmpdir;
	FORKED_EXPECT(tmpdir_start_cleaner(&taken) == 0 && tmpdir_wait(&taken) == -EEXIST);
	tmpdir_remove(&taken);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == 0);
	tmpdir_remove(&tmpdir);
}

Test(tmpdir, directory_is_fresh_and_private)
{
	cr_expect_eq(forked_run(tmpdir_make_and_look, NULL), 0);
	cr_expect_eq(tmpdir_left(), 0);
}

Test(tmpdir, name_is_another_one_each_time)
{
	struct tmpdir first = TMPDIR_INIT, second = TMPDIR_INIT;

	cr_assert(tmpdir_name(&first) == 0 && tmpdir_name(&second) == 0);
	cr_expect_eq(strncmp(first.path, base, strlen(base)), 0, "%s", first.path);
	cr_expect_str_neq(first.path, second.path);
}

Test(tmpdir, name_is_canonical)
{
	char link[PATH_MAX + 16], expected[PATH_MAX + 32];
	struct tmpdir tmpdir = TMPDIR_INIT;

	snprintf(link, sizeof(link), "%s/link", base);
	snprintf(expected, sizeof(expected), "%s/kennel-", outside);
	cr_assert_eq(symlink(outside, link), 0);
	strcat(link, "//.");
	setenv("TMPDIR", link, 1);
	cr_assert_eq(tmpdir_name(&tmpdir), 0);
	cr_expect_eq(strncmp(tmpdir.path, expected, strlen(expected)), 0, "%s", tmpdir.path);
}

Test(tmpdir, relative_base_is_not_taken)
{
	struct tmpdir tmpdir = TMPDIR_INIT;

	cr_assert_eq(chdir(base), 0);
	setenv("TMPDIR", "outside", 1);
	cr_assert_eq(tmpdir_name(&tmpdir), 0);
	cr_expect_eq(strncmp(tmpdir.path, "/tmp/kennel-", 12), 0, "%s", tmpdir.path);
}

Test(tmpdir, base_that_is_missing_or_too_long_is_an_error)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	char name[PATH_MAX + 100];

	setenv("TMPDIR", "/nonexistent/directory", 1);
	cr_expect_eq(tmpdir_name(&tmpdir), -ENOENT);
	memset(name, '/', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	setenv("TMPDIR", name, 1);
	cr_expect_eq(tmpdir_name(&tmpdir), -ENAMETOOLONG);
	tmpdir_remove(&tmpdir); /* harmless without a cleaner */
}

static void tmpdir_fill_one(int directory, unsigned depth)
{
	int fd, child;

	FORKED_EXPECT((fd = openat(directory, "file", O_CREAT | O_WRONLY, 0)) >= 0);
	close(fd);
	FORKED_EXPECT(symlinkat(outside, directory, "link to a directory") == 0);
	FORKED_EXPECT(symlinkat("/nonexistent", directory, "-dangling\n") == 0);
	FORKED_EXPECT(symlinkat("..", directory, "up") == 0);
	FORKED_EXPECT(mkfifoat(directory, "fifo", 0600) == 0);
	if (!depth)
		return;
	FORKED_EXPECT(mkdirat(directory, "...", 0700) == 0);
	FORKED_EXPECT((child = openat(directory, "...", O_RDONLY | O_DIRECTORY)) >= 0);
	tmpdir_fill_one(child, depth - 1);
	FORKED_EXPECT(fchmod(child, depth % 2 ? 0 : 0500) == 0);
	close(child);
}

/* Everything that a payload may leave: links out of it, unreadable directories at every level. */
static void tmpdir_fill(const char *path)
{
	char name[PATH_MAX + 64];
	int directory = open(path, O_RDONLY | O_DIRECTORY);

	FORKED_EXPECT(directory >= 0);
	tmpdir_fill_one(directory, 20);
	close(directory);
	snprintf(name, sizeof(name), "%s/sticky", path);
	FORKED_EXPECT(mkdir(name, 01000) == 0);
	snprintf(name, sizeof(name), "%s/file", outside);
	if (geteuid() == 0) {
		char hard[PATH_MAX + 64];

		snprintf(hard, sizeof(hard), "%s/hard link", path);
		FORKED_EXPECT(link(name, hard) == 0);
	}
}

static void tmpdir_use_and_remove(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	struct stat status;

	if (context)
		forked_drop_root();
	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	FORKED_EXPECT(tmpdir.cleaner > 0 && fcntl(tmpdir.keep_alive_fd, F_GETFD) == FD_CLOEXEC);
	tmpdir_fill(tmpdir.path);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == 0);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == -1 && errno == ENOENT);
	FORKED_EXPECT(tmpdir.keep_alive_fd == -1);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(waitpid(tmpdir.cleaner, NULL, 0) == tmpdir.cleaner);
}

Test(tmpdir, removal_takes_everything_inside_and_nothing_outside)
{
	cr_expect_eq(forked_run(tmpdir_use_and_remove, base), 0);
	cr_expect_eq(tmpdir_left(), 0);
	tmpdir_expect_outside_untouched();
}

Test(tmpdir, removal_by_root_takes_nothing_outside_either)
{
	if (geteuid() != 0) {
		tmpdir_end(); /* which a test that is skipped never reaches */
		cr_skip_test("needs root");
	}
	cr_expect_eq(forked_run(tmpdir_use_and_remove, NULL), 0);
	cr_expect_eq(tmpdir_left(), 0);
	tmpdir_expect_outside_untouched();
}

static void tmpdir_swap_for_link(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;

	(void)context;
	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	FORKED_EXPECT(rmdir(tmpdir.path) == 0 && symlink(outside, tmpdir.path) == 0);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(waitpid(tmpdir.cleaner, NULL, 0) == tmpdir.cleaner);
}

Test(tmpdir, link_in_place_of_the_directory_is_not_followed)
{
	cr_expect_eq(forked_run(tmpdir_swap_for_link, NULL), 0);
	tmpdir_expect_outside_untouched();
}

static void tmpdir_wait_until_gone(void)
{
	for (int i = 0; i < 5000 && tmpdir_left(); i++)
		usleep(1000);
	cr_expect_eq(tmpdir_left(), 0);
	tmpdir_expect_outside_untouched();
}

static void tmpdir_use_and_die(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	const int *number = context;

	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	tmpdir_fill(tmpdir.path);
	/* What reaches the group of its creator does not reach the cleaner. */
	kill(0, *number);
}

Test(tmpdir, directory_is_removed_though_its_creator_was_killed)
{
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (size_t i = 0; i < 3; i++) {
		int number = (int[]){ SIGKILL, SIGTERM, SIGINT }[i];

		cr_expect_eq(forked_run(tmpdir_use_and_die, &number), number);
		tmpdir_wait_until_gone();
		cr_expect_gt(waitpid(-1, NULL, 0), 0, "the cleaner has ended");
	}
}

/* The cleaner is about to make the directory, or has just made it, and finds nobody to tell. */
static void tmpdir_start_and_die(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;

	(void)context;
	FORKED_EXPECT(tmpdir_name(&tmpdir) == 0 && tmpdir_start_cleaner(&tmpdir) == 0);
	kill(getpid(), SIGKILL);
}

Test(tmpdir, directory_is_removed_though_its_creator_did_not_wait_for_it)
{
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (int i = 0; i < 50; i++) {
		cr_expect_eq(forked_run(tmpdir_start_and_die, NULL), SIGKILL);
		cr_assert_gt(waitpid(-1, NULL, 0), 0, "the cleaner has ended");
		cr_assert_eq(tmpdir_left(), 0, "round %d", i);
	}
}

/* The launcher holds a copy: the directory outlives the supervisor as long as the launcher does. */
static void tmpdir_hold(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	const int *pipes = context;
	char byte;

	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	close(pipes[1]);
	if (fork() != 0)
		_exit(0);
	/* Until the test lets go of the pipe. */
	if (read(pipes[0], &byte, 1) < 0)
		_exit(1);
}

Test(tmpdir, directory_stays_as_long_as_anybody_holds_it)
{
	int pipes[2];

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	cr_assert_eq(forked_run(tmpdir_hold, pipes), 0);
	usleep(100000);
	cr_expect_eq(tmpdir_left(), 1);
	close(pipes[1]);
	tmpdir_wait_until_gone();
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* The cleaner must hold nothing open: a pipe of the payload's would never see its end. */
static void tmpdir_hold_nothing(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	int pipes[2];
	char byte;

	(void)context;
	FORKED_EXPECT(pipe(pipes) == 0);
	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	close(pipes[1]);
	FORKED_EXPECT(read(pipes[0], &byte, 1) == 0);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(waitpid(tmpdir.cleaner, NULL, 0) == tmpdir.cleaner);
}

Test(tmpdir, cleaner_holds_no_other_descriptor)
{
	cr_expect_eq(forked_run(tmpdir_hold_nothing, NULL), 0);
}

static void tmpdir_go_deep(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	const unsigned *depth = context;

	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	FORKED_EXPECT(chdir(tmpdir.path) == 0);
	for (unsigned i = 0; i < *depth; i++)
		FORKED_EXPECT(mkdir("d", 0700) == 0 && chdir("d") == 0);
	FORKED_EXPECT(chdir("/") == 0);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(waitpid(tmpdir.cleaner, NULL, 0) == tmpdir.cleaner);
}

Test(tmpdir, deep_trees_are_removed)
{
	unsigned depth = 500;

	cr_expect_eq(forked_run(tmpdir_go_deep, &depth), 0);
	cr_expect_eq(tmpdir_left(), 0);
}

Test(tmpdir, deepest_trees_are_removed_too)
{
	unsigned depth = 700;

	cr_expect_eq(forked_run(tmpdir_go_deep, &depth), 0);
	cr_expect_eq(tmpdir_left(), 0);
}

static void tmpdir_few_descriptors(void *context)
{
	unsigned depth = 100;

	(void)context;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 });
	tmpdir_go_deep(&depth);
}

Test(tmpdir, trees_deeper_than_the_descriptors_reach_are_removed)
{
	cr_expect_eq(forked_run(tmpdir_few_descriptors, NULL), 0);
	cr_expect_eq(tmpdir_left(), 0);
}

static void tmpdir_lock_the_top(void *context)
{
	struct tmpdir tmpdir = TMPDIR_INIT;
	struct stat status;

	(void)context;
	forked_drop_root();
	FORKED_EXPECT(tmpdir_make(&tmpdir) == 0);
	tmpdir_fill(tmpdir.path);
	FORKED_EXPECT(chmod(tmpdir.path, 0) == 0);
	tmpdir_remove(&tmpdir);
	FORKED_EXPECT(waitpid(tmpdir.cleaner, NULL, 0) == tmpdir.cleaner);
	FORKED_EXPECT(lstat(tmpdir.path, &status) == -1 && errno == ENOENT);
}

Test(tmpdir, directory_that_is_unreadable_itself_is_removed)
{
	cr_expect_eq(forked_run(tmpdir_lock_the_top, NULL), 0);
}
