/*
 * What a program reaches natively below /proc (O_PATH descriptors, its current directory) and then
 * opens by number: never more of the processes above it, of a worker, or of a process outside
 * than by their names; all of its own as ever. Arguments: the numbers of the supervisor and of
 * a process outside. Writes nothing anywhere, so that a failure harms nobody. Run under Kennel.
 */
#include "guest.h"

#include <dirent.h>

#define REOPEN_PIDS 65536

static const char *const guarded[] = { "mem", "environ", "maps", "auxv", "task/%d/mem", "task/%d/environ", NULL };
static const char *const plain[] = { "status", "comm", "oom_score_adj", "task/%d/status", NULL };

static void reopen_name(char name[128], pid_t pid, const char *entry)
{
	int length = snprintf(name, 128, "/proc/%d/", pid);

	snprintf(name + length, 128 - (size_t)length, entry, pid);
}

/* 0 or the errno of an open; what was opened is closed again. */
static int reopen_try(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void reopen_expect(int got, int expected, const char *what)
{
	/* A worker may have ended meanwhile: that is out of reach, too. */
	if (got != expected && !(expected && got == ESRCH))
		guest_fail(__FILE__, __LINE__, what, got);
}

/* Each magic way back to a held object. */
static void reopen_number(int fd, int flags, int expected, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	reopen_expect(reopen_try(AT_FDCWD, name, flags), expected, what);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	reopen_expect(reopen_try(AT_FDCWD, name, flags), expected, what);
	snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", fd);
	reopen_expect(reopen_try(AT_FDCWD, name, flags | O_CREAT), expected, what);
	snprintf(name, sizeof(name), "/proc/%d/task/%d/fd/%d", getpid(), getpid(), fd);
	reopen_expect(reopen_try(AT_FDCWD, name, flags), expected, what);
}

/* A watched open of O_PATH is refused already; one left to the kernel must be of no use. */
static void reopen_entry(pid_t pid, const char *entry, int expected)
{
	char name[128];
	int fd;

	reopen_name(name, pid, entry);
	reopen_expect(reopen_try(AT_FDCWD, name, O_RDONLY), expected, name);
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		reopen_expect(errno, expected, name);
		return;
	}
	reopen_number(fd, O_RDONLY, expected, name);
	if (expected)
		reopen_number(fd, O_RDWR, expected, name);
	CHECK(close(fd) == 0);
}

static void reopen_below(int dir, pid_t pid, const char *entry, int expected)
{
	char name[128], path[64];

	snprintf(name, sizeof(name), entry, pid);
	reopen_expect(reopen_try(dir, name, O_RDONLY), expected, name);
	if (dir == AT_FDCWD)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/", dir);
	memmove(name + strlen(path), name, strlen(name) + 1);
	memcpy(name, path, strlen(path));
	reopen_expect(reopen_try(AT_FDCWD, name, O_RDONLY), expected, name);
}

static void reopen_directory(int dir, pid_t pid, int on_guarded, int on_plain)
{
	for (size_t i = 0; guarded[i]; i++)
		if (on_guarded)
			reopen_below(dir, pid, guarded[i], on_guarded);
	for (size_t i = 0; plain[i]; i++)
		reopen_below(dir, pid, plain[i], on_plain);
	reopen_below(dir, pid, ".", on_plain);
	reopen_below(dir, pid, "..", on_plain);
	reopen_below(dir, pid, "./status", on_plain);
	reopen_below(dir, pid, "../%d/status", on_plain);
}

static void reopen_process(pid_t pid, int on_guarded, int on_plain)
{
	char name[64], back[PATH_MAX];
	int dir;

	for (size_t i = 0; guarded[i]; i++)
		if (on_guarded)
			reopen_entry(pid, guarded[i], on_guarded);
	for (size_t i = 0; plain[i]; i++)
		reopen_entry(pid, plain[i], on_plain);
	snprintf(name, sizeof(name), "/proc/%d", pid);
	CHECK(getcwd(back, sizeof(back)));
	if ((dir = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		reopen_directory(dir, pid, on_guarded, on_plain);
		CHECK(close(dir) == 0);
	}
	if (chdir(name) == 0) {
		reopen_directory(AT_FDCWD, pid, on_guarded, on_plain);
		reopen_expect(
			reopen_try(AT_FDCWD, "/proc/self/cwd/status", O_RDONLY), on_plain, "/proc/self/cwd/status");
		CHECK(chdir(back) == 0);
	}
}

/* Magic links of others stay closed, however they are held. */
static void reopen_links(pid_t pid, int expected)
{
	static const char *const links[] = { "fd/0", "root/etc/passwd", "cwd/.", "exe", "ns/net" };

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char name[128];

		reopen_name(name, pid, links[i]);
		reopen_expect(reopen_try(AT_FDCWD, name, O_RDONLY), expected, name);
	}
}

static void reopen_list(bool seen[REOPEN_PIDS])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	CHECK(proc);
	while ((entry = readdir(proc)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) < REOPEN_PIDS)
			seen[atoi(entry->d_name)] = true;
	closedir(proc);
}

/* The worker that a child's blocking open waits in: new, none of ours, and hidden. */
static pid_t reopen_find_worker(const bool *before, pid_t child)
{
	for (int tries = 0; tries < 100; tries++) {
		static bool now[REOPEN_PIDS];

		memset(now, 0, sizeof(now));
		reopen_list(now);
		for (pid_t pid = 1; pid < REOPEN_PIDS; pid++) {
			char name[64];

			snprintf(name, sizeof(name), "/proc/%d/status", pid);
			if (now[pid] && !before[pid] && pid != child &&
				reopen_try(AT_FDCWD, name, O_RDONLY) == ENOENT && kill(pid, 0) < 0 && errno == EPERM)
				return pid;
		}
		guest_sleep_ms(20);
	}
	return -1;
}

static void reopen_check_worker(void)
{
	static bool before[REOPEN_PIDS];
	pid_t child, worker;

	CHECK(mkfifo("fifo", 0600) == 0);
	reopen_list(before);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		/* by its name the supervisor would wait itself */
		(void)!open("./fifo", O_RDONLY);
		_exit(0);
	}
	worker = reopen_find_worker(before, child);
	/* The numbers may be above what is looked at. */
	if (worker > 0) {
		reopen_process(worker, ENOENT, ENOENT);
		reopen_links(worker, ENOENT);
		printf("worker checked\n");
	}
	CHECK(kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
}

static void reopen_check_own(void)
{
	char name[64], text[64];
	int ends[2];
	int fd;
	pid_t child;

	CHECK(pipe(ends) == 0 && (child = fork()) >= 0);
	if (child == 0) {
		pause();
		_exit(1);
	}
	reopen_process(child, 0, 0);
	reopen_process(getpid(), 0, 0);
	reopen_entry(getpid(), "mem", 0);
	reopen_entry(child, "maps", 0);
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", child, ends[1]);
	CHECK((fd = open(name, O_WRONLY)) >= 0 && write(fd, "pipe", 4) == 4 && close(fd) == 0);
	CHECK(dup2(ends[0], 0) == 0 && (fd = open("/dev/stdin", O_RDONLY)) >= 0);
	CHECK(read(fd, text, sizeof(text)) == 4 && close(fd) == 0);
	snprintf(name, sizeof(name), "/proc/%d/fd", child);
	CHECK((fd = open(name, O_RDONLY | O_DIRECTORY)) >= 0 && close(fd) == 0);
	CHECK((fd = open("/proc/meminfo", O_PATH)) >= 0);
	reopen_number(fd, O_RDONLY, 0, "/proc/meminfo");
	CHECK(close(fd) == 0 && (fd = open("/proc/sys/kernel", O_PATH | O_DIRECTORY)) >= 0);
	reopen_expect(reopen_try(fd, "pid_max", O_RDONLY), 0, "pid_max");
	CHECK(close(fd) == 0 && kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
}

int main(int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/status", getppid());
	if (reopen_try(AT_FDCWD, name, O_RDONLY) != ENOENT)
		guest_skip("no sandbox is around this");
	CHECK(argc == 3);
	reopen_check_own();
	reopen_process(getppid(), ENOENT, ENOENT);
	reopen_links(getppid(), ENOENT);
	reopen_process(atoi(argv[1]), ENOENT, ENOENT);
	reopen_links(atoi(argv[1]), ENOENT);
	reopen_process(atoi(argv[2]), EACCES, 0);
	reopen_links(atoi(argv[2]), EACCES);
	reopen_check_worker();
	return 0;
}
