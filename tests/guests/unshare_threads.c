/*
 * A thread made without CLONE_FS and CLONE_FILES, or that has unshared them, has its own cwd and descriptors: a
 * relative path means its cwd, a number its file, and what it opens is its own. Also
 * threads whose leader is dead, and vfork children that share only memory.
 */
#include "guest.h"

#include <sched.h>

#define THREAD (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID)

static char thread_stack[65536] __attribute__((aligned(16)));

static void thread_run(int (*body)(void *), int flags)
{
	pid_t cleared = 1;

	CHECK(clone(body, thread_stack + sizeof(thread_stack), THREAD | flags, NULL, &cleared, NULL, &cleared) > 0);
	while (__atomic_load_n(&cleared, __ATOMIC_ACQUIRE))
		guest_sleep_ms(1);
}

static int thread_own_cwd(void *unused)
{
	char text[16];
	struct stat status;

	(void)unused;
	CHECK(chdir("dir") == 0);
	CHECK(guest_read("file", text, sizeof(text)) == 5 && strcmp(text, "inner") == 0);
	CHECK(stat("file", &status) == 0 && status.st_size == 5);
	CHECK(open("made-by-thread", O_WRONLY | O_CREAT, 0600) >= 0);
	return 0;
}

/* Number 3 is a directory of ours in the main thread and another one here. */
static int thread_own_files(void *unused)
{
	char text[16];
	int fd;

	(void)unused;
	CHECK(close(3) == 0 && open("dir", O_PATH | O_DIRECTORY) == 3);
	CHECK((fd = openat(3, "file", O_RDONLY)) == 4 && read(fd, text, sizeof(text)) == 5);
	CHECK(ftruncate(fd, 0) == -1 && errno == EINVAL);
	CHECK(open("/dev/null", O_RDONLY) == 5);
	return 0;
}

static int thread_unshares_cwd(void *unused)
{
	struct stat status;

	CHECK(stat("dir/file", &status) == 0 && unshare(CLONE_FS | CLONE_SYSVSEM) == 0);
	return thread_own_cwd(unused);
}

static int thread_unshares_files(void *unused)
{
	struct stat status;

	CHECK(fstatat(3, "file", &status, 0) == 0 && unshare(CLONE_FILES) == 0);
	return thread_own_files(unused);
}

static void thread_check_shares(void)
{
	struct stat status;
	char text[16];
	int fd;

	CHECK(open(".", O_PATH | O_DIRECTORY) == 3);
	thread_run(thread_own_cwd, CLONE_FILES);
	CHECK(fcntl(4, F_GETFD) >= 0 && close(4) == 0);
	thread_run(thread_own_cwd, 0);
	CHECK(fcntl(4, F_GETFD) == -1 && errno == EBADF);
	CHECK(guest_read("file", text, sizeof(text)) == 5 && strcmp(text, "outer") == 0);
	CHECK(lstat("made-by-thread", &status) == -1 && lstat("dir/made-by-thread", &status) == 0);
	thread_run(thread_own_files, CLONE_FS);
	CHECK((fd = openat(3, "file", O_RDONLY)) == 4 && read(fd, text, sizeof(text)) == 5);
	CHECK(memcmp(text, "outer", 5) == 0 && close(fd) == 0);
	CHECK(unlink("dir/made-by-thread") == 0);
	thread_run(thread_unshares_cwd, CLONE_FS | CLONE_FILES);
	CHECK(fcntl(4, F_GETFD) >= 0 && close(4) == 0 && lstat("made-by-thread", &status) == -1);
	CHECK(lstat("dir/made-by-thread", &status) == 0);
	thread_run(thread_unshares_files, CLONE_FS | CLONE_FILES);
	CHECK((fd = openat(3, "file", O_RDONLY)) == 4 && read(fd, text, sizeof(text)) == 5);
	CHECK(memcmp(text, "outer", 5) == 0 && close(fd) == 0 && close(3) == 0);
	CHECK(unshare(0) == 0 && unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) == 0);
}

static void thread_check_vfork(void)
{
	volatile int seen = 0;
	pid_t child = vfork();

	CHECK(child >= 0);
	if (child == 0) {
		struct stat status;
		int fd = open("dir/file", O_RDONLY);

		seen = fd == 3 && fstat(fd, &status) == 0 && status.st_size == 5 && chdir("dir") == 0 &&
		       open("file", O_RDONLY) == 4;
		_exit(0);
	}
	CHECK(guest_wait(child) == 0 && seen == 1);
	CHECK(fcntl(3, F_GETFD) == -1 && errno == EBADF);
	CHECK(access("dir/file", F_OK) == 0);
}

/* Runs on after the leader has died, which is what /proc calls a zombie. */
static int thread_orphan(void *unused)
{
	char text[16];
	struct stat status;
	int fd;

	(void)unused;
	guest_sleep_ms(50);
	CHECK(guest_read("file", text, sizeof(text)) == 5);
	CHECK((fd = open("by-orphan", O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0 && ftruncate(fd, 9) == 0);
	CHECK(stat("by-orphan", &status) == 0 && status.st_size == 9 && fstat(fd, &status) == 0);
	CHECK(guest_read("/proc/self/comm", text, sizeof(text)) > 0);
	CHECK(guest_read("/proc/thread-self/comm", text, sizeof(text)) > 0);
	CHECK(readlink("/proc/thread-self", text, sizeof(text)) > 0);
	CHECK_ERR(ENOENT, open("missing", O_RDONLY));
	syscall(SYS_exit_group, 42);
	return 0;
}

static void thread_check_dead_leader(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		static pid_t tid;

		if (clone(thread_orphan, thread_stack + sizeof(thread_stack),
			    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_PARENT_SETTID,
			    NULL, &tid) < 0)
			_exit(1);
		syscall(SYS_exit, 0);
	}
	CHECK(guest_wait(child) == 42 && access("by-orphan", F_OK) == 0);
}

/* Whose descriptors such a thread has can be told from outside by a pidfd of the thread only. */
static void thread_need_pidfd(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), O_EXCL /* PIDFD_THREAD */);

	if (fd < 0 && errno == EINVAL)
		guest_skip("the kernel lacks PIDFD_THREAD (Linux 6.9)");
	CHECK(fd >= 0 && close((int)fd) == 0);
}

int main(void)
{
	thread_need_pidfd();
	CHECK(mkdir("dir", 0755) == 0);
	guest_write("file", "outer");
	guest_write("dir/file", "inner");
	thread_check_shares();
	thread_check_vfork();
	thread_check_dead_leader();
	return 0;
}
