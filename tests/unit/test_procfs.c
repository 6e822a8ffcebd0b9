/*
 * Paths through procfs for a target that is another process: whose "self" it is, which
 * magic links are followed, and what does not exist.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/path.h"
#include "core/procfs.h"
#include "core/util.h"
#include "tests/unit/fake_path.h"
#include "tests/unit/path_tree.h"

/* Descriptors of the target, by number. */
enum { FD_FILE = 40, FD_DIRECTORY, FD_PIPE, FD_MEMFD, FD_DELETED, FD_PROC, FD_SELF };

static struct fake_path fake;
static char top[TREE_NAME_SIZE];
static pid_t target;
static pid_t grandchild;

static void target_run(int report)
{
	int ends[2];
	pid_t child = fork();

	if (child == 0) {
		for (;;)
			pause();
	}
	dup2(open("file", O_RDWR), FD_FILE);
	dup2(open("d", O_PATH | O_DIRECTORY), FD_DIRECTORY);
	if (pipe(ends) == 0)
		dup2(ends[0], FD_PIPE);
	dup2(memfd_create("secret", 0), FD_MEMFD);
	dup2(open("gone", O_CREAT | O_RDWR, 0600), FD_DELETED);
	dup2(open("/proc", O_PATH | O_DIRECTORY), FD_PROC);
	dup2(open("/proc/self", O_PATH | O_NOFOLLOW), FD_SELF);
	if (unlink("gone") < 0 || chdir("d/e") < 0 || write(report, &child, sizeof(child)) < 0)
		_exit(1);
	for (;;)
		pause();
}

static void setup(void)
{
	int report[2];

	path_tree_make(top);
	cr_assert_eq(pipe(report), 0);
	target = fork();
	if (target == 0)
		target_run(report[1]);
	cr_assert_eq(read(report[0], &grandchild, sizeof(grandchild)), (ssize_t)sizeof(grandchild));
	close(report[0]);
	close(report[1]);
	fake_path_open(&fake, target);
}

static void teardown(void)
{
	kill(grandchild, SIGKILL);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	fake_path_close(&fake);
	path_tree_remove(top);
}

TestSuite(procfs, .init = setup, .fini = teardown, .timeout = 120);

static int look(int dirfd, const char *string, unsigned flags, struct path *path)
{
	return path_lookup(&fake.call, dirfd, (uintptr_t)string, flags, path);
}

static void expect_name(const char *string, unsigned flags, const char *name)
{
	PATH_LOCAL(path);

	cr_expect_eq(look(AT_FDCWD, string, flags, &path), 0, "%s", string);
	cr_expect_str_eq(path.name, name);
}

/* "%d" in the string stands for the pid. */
static int look_pid(int dirfd, const char *format, pid_t pid)
{
	PATH_LOCAL(path);
	char string[128];
	char *out = string;

	for (const char *at = format; *at != '\0'; at++) {
		if (str_starts(at, "%d"))
			out += sprintf(out, "%d", pid), at++;
		else
			*out++ = *at;
	}
	*out = '\0';
	return look(dirfd, string, PATH_FOLLOW, &path);
}

Test(procfs, self_is_the_target)
{
	PATH_LOCAL(path);
	char text[256];
	char expected[64];
	ssize_t length;
	int fd;

	cr_assert_eq(look(AT_FDCWD, "/proc/self/stat", PATH_FOLLOW, &path), 0);
	fd = path_reopen(&fake.call, &path, O_RDONLY);
	length = read(fd, text, sizeof(text) - 1);
	cr_assert_gt(length, 0);
	text[length] = '\0';
	snprintf(expected, sizeof(expected), "%d ", target);
	cr_expect(str_starts(text, expected), "%s", text);
	snprintf(expected, sizeof(expected), "/proc/%d/stat", target);
	cr_expect_str_eq(path.name, expected);
	expect_name("/proc/thread-self/../../stat", PATH_FOLLOW, expected);
	close(fd);
}

Test(procfs, the_links_themselves_say_the_target)
{
	static const char *const strings[] = { "/proc/self", "/proc/thread-self", "/proc/net/../../self" };
	char expected[3][64];

	snprintf(expected[0], sizeof(expected[0]), "%d", target);
	snprintf(expected[1], sizeof(expected[1]), "%d/task/%d", target, target);
	memcpy(expected[2], expected[0], sizeof(expected[2]));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		PATH_LOCAL(path);
		char text[PATH_LINK_TEXT_SIZE + 1] = "";

		cr_expect_eq(look(AT_FDCWD, strings[i], 0, &path), 0, "%s", strings[i]);
		cr_expect_eq(path_read_link(&fake.call, &path, text, PATH_LINK_TEXT_SIZE), strlen(expected[i]));
		cr_expect_str_eq(text, expected[i]);
	}
}

static void *thread_run(void *report)
{
	const pid_t tid = (pid_t)gettid();

	if (unshare(CLONE_FS) < 0 || chdir("/etc") < 0 || write(*(int *)report, &tid, sizeof(tid)) < 0)
		return NULL;
	for (;;)
		pause();
}

Test(procfs, a_thread_has_its_own_directory_and_thread_self)
{
	PATH_LOCAL(path);
	PATH_LOCAL(link);
	char expected[64];
	int report[2];
	pthread_t thread;

	cr_assert_eq(pipe(report), 0);
	cr_assert_eq(pthread_create(&thread, NULL, thread_run, &report[1]), 0);
	cr_assert_eq(read(report[0], &fake.call.tid, sizeof(pid_t)), (ssize_t)sizeof(pid_t));
	snprintf(expected, sizeof(expected), "%d/task/%d", getpid(), fake.call.tid);
	cr_expect_eq(look(AT_FDCWD, "/proc/thread-self", 0, &link), 0);
	cr_expect_str_eq(link.link_text, expected);
	cr_expect_eq(look(AT_FDCWD, "passwd", 0, &path), 0);
	cr_expect_str_eq(path.name, "/etc/passwd");
}

Test(procfs, a_descriptor_of_self_says_the_target)
{
	PATH_LOCAL(path);
	PATH_LOCAL(other);
	char expected[64];

	snprintf(expected, sizeof(expected), "%d", target);
	cr_expect_eq(look(FD_SELF, "", PATH_EMPTY, &path), 0);
	cr_expect_str_eq(path.link_text, expected);
	cr_expect_eq(look(FD_FILE, "", PATH_EMPTY, &other), 0);
	cr_expect_eq(path_read_link(&fake.call, &other, expected, sizeof(expected)), -ENOENT);
}

Test(procfs, magic_links_lead_to_the_targets_objects)
{
	static const struct {
		const char *string;
		const char *below; /* of the tree */
	} rows[] = {
		{ "/proc/self/fd/40", "/file" },
		{ "/dev/fd/40", "/file" },
		{ "/proc/self/fd/41/e/g", "/d/e/g" },
		{ "/proc/self/cwd", "/d/e" },
		{ "/proc/self/cwd/g", "/d/e/g" },
		{ "/proc/self/cwd/../file", "/d/file" },
		{ "/proc/self/cwd/../../to_file", "/file" },
		{ "/proc/thread-self/cwd/g", "/d/e/g" },
		{ "/proc/self/fd/44", "/gone" },
	};
	char expected[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(expected, sizeof(expected), "%s%s", top, rows[i].below);
		expect_name(rows[i].string, PATH_FOLLOW, expected);
	}
	expect_name("/proc/self/root", PATH_FOLLOW, "/");
	expect_name("/proc/self/root/etc/passwd", PATH_FOLLOW, "/etc/passwd");
	snprintf(expected, sizeof(expected), "/proc/%d/fd/40", target);
	expect_name("/proc/self/fd/40", 0, expected);
}

Test(procfs, magic_links_to_nameless_objects)
{
	PATH_LOCAL(pipe_end);
	PATH_LOCAL(memory);

	cr_expect_eq(look(AT_FDCWD, "/proc/self/fd/42", PATH_FOLLOW, &pipe_end), 0);
	cr_expect(pipe_end.unnamed);
	cr_expect(str_starts(pipe_end.name, "pipe:["));
	cr_expect_eq(look(AT_FDCWD, "/proc/self/fd/43", PATH_FOLLOW, &memory), 0);
	cr_expect_str_eq(memory.name, "!memfd:secret");
	cr_expect_not(memory.unnamed);
}

Test(procfs, magic_links_have_the_kernels_errno)
{
	static const struct {
		const char *string;
		int error;
	} rows[] = {
		{ "/proc/self/fd/40/", -ENOTDIR },
		{ "/proc/self/fd/40/x", -ENOTDIR },
		{ "/proc/self/fd/99", -ENOENT },
		{ "/proc/self/fd/41/missing", -ENOENT },
		{ "/proc/self/cwd/", 0 },
		{ "/proc/self/fd/", 0 },
		{ "/proc/self/missing", -ENOENT },
		{ "/proc/999999999", -ENOENT },
		{ "/proc/self/task/1", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		PATH_LOCAL(path);

		cr_expect_eq(look(AT_FDCWD, rows[i].string, PATH_FOLLOW, &path), rows[i].error, "%s", rows[i].string);
	}
}

Test(procfs, our_processes_do_not_exist)
{
	static const char *const strings[] = {
		"/proc/%d",
		"/proc/%d/",
		"/proc/%d/mem",
		"/proc/%d/status",
		"/proc/%d/fd/3",
		"/proc/self/../%d/root/etc",
		"/proc//%d/task/%d/mem",
		"/proc/self/root/proc/%d/exe",
		"/proc/self/task/%d",
		"/proc/%d/missing",
	};

	fake.owned = getpid();
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		cr_expect_eq(look_pid(AT_FDCWD, strings[i], getpid()), -ENOENT, "%s", strings[i]);
	cr_expect_eq(look_pid(FD_PROC, "%d/mem", getpid()), -ENOENT);
	cr_expect_eq(look_pid(FD_PROC, "%d", getpid()), -ENOENT);
	cr_expect_eq(look_pid(FD_PROC, "%d", target), 0);
}

Test(procfs, names_in_our_processes_cannot_be_made)
{
	PATH_LOCAL(parent);
	PATH_LOCAL(made);
	char string[64];

	fake.owned = getpid();
	snprintf(string, sizeof(string), "/proc/%d", getpid());
	cr_expect_eq(path_lookup_parent(&fake.call, AT_FDCWD, (uintptr_t)string, 0, &parent), -ENOENT);
	cr_expect_eq(path_begin(&fake.call, AT_FDCWD, (uintptr_t)string, PATH_FOLLOW, &made), 0);
	cr_expect_eq(path_find_or_parent(&fake.call, &made), -ENOENT);
}

static const char *const guarded[] = {
	"/proc/%d/mem",
	"/proc/%d/environ",
	"/proc/%d/maps",
	"/proc/%d/root",
	"/proc/%d/root/etc",
	"/proc/%d/cwd",
	"/proc/%d/exe",
	"/proc/%d/fd",
	"/proc/%d/fd/0",
	"/proc/%d/fdinfo/0",
	"/proc/%d/ns/net",
	"/proc/%d/task/%d/mem",
	"/proc/%d/task/%d/fd/0",
	"/proc/%d/task/%d/root/etc",
	"/proc/self/../%d/auxv",
};

Test(procfs, outside_processes_are_guarded)
{
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		cr_expect_eq(look_pid(AT_FDCWD, guarded[i], getppid()), -EACCES, "%s", guarded[i]);
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/status", getppid()), 0);
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/task/%d/comm", getppid()), 0);
	cr_expect_eq(look_pid(FD_PROC, "%d/root/etc", getppid()), -EACCES);
}

Test(procfs, processes_of_the_sandbox_are_not)
{
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		cr_expect_eq(look_pid(AT_FDCWD, guarded[i], grandchild), 0, "%s", guarded[i]);
}

Test(procfs, a_process_of_another_sandbox_is_outside)
{
	struct sandbox other = fake.sandbox;
	pid_t stranger = fork();

	if (stranger == 0) {
		for (;;)
			pause();
	}
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", stranger), 0, "an orphan of the only sandbox");
	fake.sandbox.next = &other;
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", stranger), -EACCES);
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", target), 0, "the process itself needs no proof");
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
}

Test(procfs, a_second_mount_follows_the_same_rules)
{
	PATH_LOCAL(path);
	char string[PATH_MAX];
	char expected[PATH_MAX];

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_eq(mount("proc", "d", "proc", 0, NULL), 0);
	/* The root held so far belongs to the namespace that was left. */
	fake_path_close(&fake);
	fake_path_open(&fake, target);
	fake.owned = getpid();
	snprintf(string, sizeof(string), "%s/d/self/stat", top);
	snprintf(expected, sizeof(expected), "%s/d/%d/stat", top, target);
	cr_expect_eq(look(AT_FDCWD, string, 0, &path), 0);
	cr_expect_str_eq(path.name, expected);
	snprintf(string, sizeof(string), "%s/./d/%%d/mem", top);
	cr_expect_eq(look_pid(AT_FDCWD, string, getpid()), -ENOENT);
	cr_expect_eq(look_pid(AT_FDCWD, string, getppid()), -EACCES);
	umount2("d", MNT_DETACH);
}

Test(procfs, descent_from_the_launcher_is_the_only_proof)
{
	fake.sandbox.first_pid = getppid();
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", getppid()), -EACCES);
	fake.supervisor.launcher_pid = target;
	fake.call.tid = getpid();
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", grandchild), 0);
	fake.sandbox.first_pid = target;
	fake.supervisor.launcher_pid = grandchild;
	cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/cwd", target), -EACCES);
}

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

Test(procfs, helpers_are_known_by_their_names)
{
	static const char *const names[] = { "kennel-launcher", "kennel-worker", "kennel-cleaner" };
	static const char *const strings[] = { "/proc/%d", "/proc/%d/mem", "/proc/%d/status", "/proc/%d/task/%d/comm",
		"/proc/self/../%d", "/proc/%d/../meminfo" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const pid_t pid = start_named(names[i]);

		for (size_t j = 0; j < ARRAY_SIZE(strings); j++)
			cr_expect_eq(look_pid(AT_FDCWD, strings[j], pid), -ENOENT, "%s %s", names[i], strings[j]);
		cr_expect_eq(look_pid(FD_PROC, "%d", pid), -ENOENT);
		stop_named(pid);
	}
}

Test(procfs, other_names_are_not_helpers)
{
	static const char *const names[] = { "kennel", "kennel-worke", "kennel-worker2", "kennel-worker\n" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const pid_t pid = start_named(names[i]);

		cr_expect_eq(look_pid(AT_FDCWD, "/proc/%d/mem", pid), 0, "%s", names[i]);
		stop_named(pid);
	}
}

Test(procfs, walk_judges_what_a_magic_link_leads_to)
{
	PATH_LOCAL(path);
	char hidden[PATH_MAX];

	snprintf(hidden, sizeof(hidden), "%s/d", top);
	fake.walk_active = true;
	fake.denied[0] = hidden;
	cr_expect_eq(look(AT_FDCWD, "/proc/self/cwd/g", PATH_FOLLOW, &path), -ENOENT);
	cr_expect_eq(look(AT_FDCWD, "/proc/self/fd/41", PATH_FOLLOW, &path), -ENOENT);
	cr_expect_eq(look(AT_FDCWD, "/proc/self/fd/40", PATH_FOLLOW, &path), 0);
}

Test(procfs, scoped_lookups_do_not_jump)
{
	PATH_LOCAL(path);

	cr_expect_eq(look(FD_PROC, "self/fd/40", PATH_FOLLOW | PATH_BENEATH, &path), -EXDEV);
	cr_expect_eq(look(FD_PROC, "self/fd/40", PATH_FOLLOW | PATH_NO_MAGICLINKS, &path), -ELOOP);
	cr_expect_eq(look(FD_PROC, "self/stat", PATH_FOLLOW | PATH_BENEATH, &path), 0);
}
