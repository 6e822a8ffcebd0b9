/*
 * Guards and cleaner: processes that outlive a test, if only for a moment. A guard kills
 * its direct children only (nobody else reaps them, so their numbers cannot belong to
 * others meanwhile) until it has none. Its descriptors have fixed numbers.
 */
#include "tests/integration/fixture_guard.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The test holds ALIVE_WRITE; guards hold GUARDS_WRITE; each waits at the other ends. */
enum { ALIVE_WRITE = 900, ALIVE_READ, GUARDS_WRITE, GUARDS_READ, REPORT };

static void guard_place(int from, int to)
{
	cr_assert(dup3(from, to, O_CLOEXEC) == to && close(from) == 0);
}

static void guard_wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static int guard_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

static int guard_unlock(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)walk;
	if ((type == FTW_D || type == FTW_DNR) && (status->st_mode & 0700) != 0700)
		chmod(path, 0700);
	return 0;
}

static _Noreturn void guard_clean(const char *base)
{
	setsid();
	syscall(SYS_close_range, 0, ALIVE_WRITE, 0);
	close(GUARDS_WRITE);
	guard_wait_for_end(ALIVE_READ);
	guard_wait_for_end(GUARDS_READ);
	/* twice: a folder without rights shows what is below it only after the first pass */
	for (int pass = 0; pass < 2; pass++) {
		nftw(base, guard_unlock, 16, FTW_PHYS | FTW_MOUNT);
		nftw(base, guard_remove, 16, FTW_PHYS | FTW_DEPTH | FTW_MOUNT);
	}
	_exit(0);
}

void guard_enter(const char *base)
{
	int alive[2], guards[2];
	pid_t cleaner;

	cr_assert(pipe2(alive, O_CLOEXEC) == 0 && pipe2(guards, O_CLOEXEC) == 0);
	guard_place(alive[0], ALIVE_READ);
	guard_place(alive[1], ALIVE_WRITE);
	guard_place(guards[0], GUARDS_READ);
	guard_place(guards[1], GUARDS_WRITE);
	cleaner = fork();
	cr_assert(cleaner >= 0);
	if (cleaner == 0)
		guard_clean(base);
	/* .fini is not called when a test fails or is skipped */
	cr_assert(atexit(guard_leave) == 0);
}

void guard_leave(void)
{
	close(ALIVE_WRITE);
	close(ALIVE_READ);
	close(GUARDS_WRITE);
	close(GUARDS_READ);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static void guard_reap(pid_t job, int *status)
{
	pid_t pid;
	int got;

	while ((pid = waitpid(-1, &got, WNOHANG)) > 0) {
		if (pid != job)
			continue;
		*status = got;
		(void)!write(REPORT, status, sizeof(*status));
	}
}

/* The parent of a process, 0 when it cannot be told. */
static pid_t guard_parent(const char *pid)
{
	char path[64], line[512] = "";
	pid_t parent = 0;
	char *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	(void)!read(fd, line, sizeof(line) - 1);
	close(fd);
	end = strrchr(line, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Ends all children, and those that become children by that, until there are none. */
static void guard_end_children(void)
{
	struct dirent *entry;
	DIR *directory;

	while ((waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) && (directory = opendir("/proc"))) {
		while ((entry = readdir(directory)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
				guard_parent(entry->d_name) == getpid())
				kill(atoi(entry->d_name), SIGKILL);
		closedir(directory);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(1000);
	}
}

/* Until the test is over: reaps, and reports the end of the job. */
static _Noreturn void guard_watch(pid_t job, int signals)
{
	struct pollfd ready[2] = { { ALIVE_READ, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;
	int status;

	(void)!write(REPORT, &job, sizeof(job));
	for (;;) {
		poll(ready, 2, -1);
		if (ready[1].revents && read(signals, &info, sizeof(info)) > 0)
			guard_reap(job, &status);
		if (ready[0].revents) {
			guard_end_children();
			_exit(0);
		}
	}
}

static _Noreturn void guard_run(void (*child)(void *argument), void *argument)
{
	sigset_t set, before;
	int signals;
	pid_t job;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	job = fork();
	if (job == 0) {
		syscall(SYS_close_range, ALIVE_WRITE, ~0U, 0);
		prctl(PR_SET_CHILD_SUBREAPER, 0);
		sigprocmask(SIG_SETMASK, &before, NULL);
		child(argument);
		_exit(120);
	}
	setsid();
	syscall(SYS_close_range, 0, ALIVE_WRITE, 0);
	close(GUARDS_READ);
	syscall(SYS_close_range, REPORT + 1, ~0U, 0);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	guard_watch(job, signals);
}

pid_t guard_start(void (*child)(void *argument), void *argument, int *report_out)
{
	int report[2];
	pid_t guard, job = -1;

	cr_assert(pipe2(report, O_CLOEXEC) == 0);
	guard = fork();
	cr_assert(guard >= 0);
	if (guard == 0) {
		if (dup3(report[1], REPORT, O_CLOEXEC) != REPORT)
			_exit(119);
		guard_run(child, argument);
	}
	close(report[1]);
	cr_assert(read(report[0], &job, sizeof(job)) == sizeof(job) && job > 0, "the guard could not start the job");
	*report_out = report[0];
	return job;
}
