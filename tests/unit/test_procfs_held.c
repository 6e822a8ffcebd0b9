/*
 * Objects of procfs that the target holds by number, having got them without us: on each road by
 * which they become a path, the process they belong to is judged as if they were named.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/path.h"
#include "core/util.h"
#include "tests/unit/fake_path.h"
#include "tests/unit/path_tree.h"

static struct fake_path fake;
static char top[TREE_NAME_SIZE];
static pid_t member;

static pid_t start_named(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NAME, name, 0, 0, 0) < 0 || write(ready[1], "", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void stop_named(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void setup(void)
{
	path_tree_make(top);
	member = start_named("member");
	/* This process is the target, and what it has started is in its sandbox. */
	fake_path_open(&fake, getpid());
}

static void teardown(void)
{
	stop_named(member);
	fake_path_close(&fake);
	path_tree_remove(top);
}

TestSuite(procfs_held, .init = setup, .fini = teardown, .timeout = 120);

static int look(int dirfd, const char *string, unsigned flags, struct path *path)
{
	return path_lookup(&fake.call, dirfd, (uintptr_t)string, flags, path);
}

/* What the target holds by number, having got it without us; the errors of the three kinds of owner. */
static const struct {
	const char *string;
	int flags;
	int outside;
} held[] = {
	{ "/proc/%d", O_DIRECTORY, 0 },
	{ "/proc/%d/status", 0, 0 },
	{ "/proc/%d/oom_score_adj", 0, 0 },
	{ "/proc/%d/task", O_DIRECTORY, 0 },
	{ "/proc/%d/task/%d", O_DIRECTORY, 0 },
	{ "/proc/%d/net", O_DIRECTORY, 0 },
	{ "/proc/%d/mem", 0, -EACCES },
	{ "/proc/%d/environ", 0, -EACCES },
	{ "/proc/%d/maps", 0, -EACCES },
	{ "/proc/%d/task/%d/mem", 0, -EACCES },
	{ "/proc/%d/task/%d/fd", O_DIRECTORY, -EACCES },
	{ "/proc/%d/fd", O_DIRECTORY, -EACCES },
	{ "/proc/%d/fdinfo", O_DIRECTORY, -EACCES },
	{ "/proc/%d/ns", O_DIRECTORY, -EACCES },
	{ "/proc/%d/ns/net", O_NOFOLLOW, -EACCES },
	{ "/proc/%d/fd/0", O_NOFOLLOW, -EACCES },
	{ "/proc/%d/root", O_NOFOLLOW, -EACCES },
};

static int hold(const char *format, pid_t pid, int flags)
{
	char string[128];

	snprintf(string, sizeof(string), format, pid, pid);
	return open(string, O_PATH | O_CLOEXEC | flags);
}

/* Each road on which a number becomes an object. */
static void expect_roads(int fd, const char *what, bool directory, bool link, int expected)
{
	static const char *const below[] = { ".", "./", "..", "./.", "missing" };
	PATH_LOCAL(empty);
	char string[64];

	snprintf(string, sizeof(string), "/proc/self/fd/%d", fd);
	cr_expect_eq(look(fd, "", PATH_EMPTY, &empty), expected, "%s: empty", what);
	if (!link) {
		PATH_LOCAL(jumped);
		PATH_LOCAL(made);

		cr_expect_eq(look(AT_FDCWD, string, PATH_FOLLOW, &jumped), expected, "%s: jump", what);
		cr_expect_eq(path_begin(&fake.call, AT_FDCWD, (uintptr_t)string, PATH_FOLLOW, &made), 0);
		cr_expect_eq(path_find_or_parent(&fake.call, &made), expected, "%s: jump to create", what);
	}
	for (size_t i = 0; directory && i < ARRAY_SIZE(below); i++) {
		const int kernels = str_equal(below[i], "missing") ? -ENOENT : 0;
		PATH_LOCAL(relative);
		PATH_LOCAL(through);
		PATH_LOCAL(rooted);
		char name[96];

		snprintf(name, sizeof(name), "%s/%s", string, below[i]);
		cr_expect_eq(look(fd, below[i], PATH_FOLLOW, &relative), expected != 0 ? expected : kernels, "%s %s",
			what, below[i]);
		cr_expect_eq(look(AT_FDCWD, name, PATH_FOLLOW, &through), expected != 0 ? expected : kernels, "%s %s",
			what, name);
		cr_expect_eq(look(fd, below[i], PATH_IN_ROOT, &rooted), expected != 0 ? expected : kernels,
			"%s in root", what);
	}
}

static void expect_held(pid_t pid, int guarded_error, int plain_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		const int fd = hold(held[i].string, pid, held[i].flags);
		const int expected = held[i].outside != 0 ? guarded_error : plain_error;

		if (fd < 0)
			continue; /* not root */
		expect_roads(fd, held[i].string, (held[i].flags & O_DIRECTORY) != 0, (held[i].flags & O_NOFOLLOW) != 0,
			expected);
		close(fd);
	}
}

Test(procfs_held, what_is_held_of_the_sandbox_is_reachable)
{
	expect_held(getpid(), 0, 0);
	expect_held(member, 0, 0);
}

Test(procfs_held, what_is_held_of_outside_processes_is_guarded)
{
	expect_held(getppid(), -EACCES, 0);
}

Test(procfs_held, what_is_held_of_ours_does_not_exist)
{
	const pid_t worker = start_named("kennel-worker");

	fake.owned = member;
	expect_held(member, -ENOENT, -ENOENT);
	expect_held(worker, -ENOENT, -ENOENT);
	stop_named(worker);
}

Test(procfs_held, what_is_held_of_no_process_is_reachable)
{
	static const char *const files[] = { "/proc/meminfo", "/proc/sys/kernel/pid_max", "/proc/self/net/dev" };
	static const char *const directories[] = { "/proc/sys", "/proc/irq", "/proc" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const int fd = open(files[i], O_PATH | O_CLOEXEC);

		if (fd >= 0)
			expect_roads(fd, files[i], false, false, 0);
		close(fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		const int fd = open(directories[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			expect_roads(fd, directories[i], true, false, 0);
		close(fd);
	}
}

Test(procfs_held, what_is_held_of_a_dead_process_has_the_kernels_errno)
{
	PATH_LOCAL(path);
	PATH_LOCAL(status);
	PATH_LOCAL(memory);
	const pid_t pid = start_named("short");
	const int directory = hold("/proc/%d", pid, O_DIRECTORY);
	const int file = hold("/proc/%d/mem", pid, 0);

	stop_named(pid);
	cr_expect_eq(look(directory, "", PATH_EMPTY, &path), 0);
	cr_expect_eq(look(directory, "status", 0, &status), -ESRCH);
	cr_expect_eq(look(file, "", PATH_EMPTY, &memory), -ESRCH);
	close(directory);
	close(file);
}

Test(procfs_held, a_detached_mount_is_not_believed)
{
	int fds[4];

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_eq(mount("proc", "d", "proc", 0, NULL), 0);
	fake_path_close(&fake);
	fake_path_open(&fake, getpid());
	fake.owned = member;
	cr_assert_eq(chdir("d"), 0);
	fds[0] = hold("/proc/self/cwd/%d/mem", getppid(), 0);
	fds[1] = hold("/proc/self/cwd/%d/status", member, 0);
	fds[2] = hold("/proc/self/cwd/%d", member, O_DIRECTORY);
	fds[3] = hold("/proc/self/cwd/meminfo", 0, 0);
	expect_roads(fds[0], "mem of a second mount", false, false, -EACCES);
	expect_roads(fds[1], "status of a second mount", false, false, -ENOENT);
	expect_roads(fds[2], "directory of a second mount", true, false, -ENOENT);
	expect_roads(fds[3], "meminfo of a second mount", false, false, 0);
	cr_assert_eq(chdir(".."), 0);
	cr_assert_eq(umount2("d", MNT_DETACH), 0);
	/* It went before anybody saw it. */
	fake_path_close(&fake);
	fake_path_open(&fake, getpid());
	fake.owned = member;
	expect_roads(fds[0], "mem of a detached mount", false, false, -EACCES);
	expect_roads(fds[1], "status of a detached mount", false, false, -ENOENT);
	expect_roads(fds[2], "directory of a detached mount", true, false, -ENOENT);
	expect_roads(fds[3], "meminfo of a detached mount", false, false, -EACCES);
}
