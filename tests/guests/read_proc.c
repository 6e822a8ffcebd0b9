/*
 * Below /proc, self and thread-self mean the caller, whoever carries the call out:
 * by string, by symlink, by directory descriptor, in children and in threads.
 */
#include "guest.h"

#include <pthread.h>

/* The number after a key of a status file, -1 when the file cannot be opened. */
static long proc_number(const char *path, const char *key)
{
	char text[8192];
	char *found;

	if (guest_read(path, text, sizeof(text)) < 0)
		return -1;
	found = strstr(text, key);
	CHECK(found);
	return strtol(found + strlen(key), NULL, 10);
}

static void proc_check_self(void)
{
	char text[PATH_MAX], expected[PATH_MAX];
	struct stat by_self, by_pid;
	ssize_t length;

	CHECK(proc_number("/proc/self/status", "\nPid:") == getpid());
	CHECK(proc_number("/proc/thread-self/status", "\nPid:") == syscall(SYS_gettid));
	CHECK(proc_number("/proc/self/../self/./status", "\nPid:") == getpid());
	CHECK(proc_number("//proc//self//status", "\nPid:") == getpid());
	CHECK((length = readlink("/proc/self", text, sizeof(text))) > 0);
	text[length] = '\0';
	CHECK(atol(text) == getpid());
	snprintf(expected, sizeof(expected), "/proc/%d", getpid());
	CHECK(stat("/proc/self", &by_self) == 0 && stat(expected, &by_pid) == 0 && by_self.st_ino == by_pid.st_ino);
	CHECK((length = readlink("/proc/thread-self", text, sizeof(text))) > 0);
	text[length] = '\0';
	snprintf(expected, sizeof(expected), "%d/task/%ld", getpid(), syscall(SYS_gettid));
	CHECK(strcmp(text, expected) == 0);
}

static void proc_check_ways(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);
	int self = open("/proc/self", O_PATH | O_DIRECTORY);
	char text[8192];
	int fd;

	CHECK(proc >= 0 && self >= 0);
	CHECK((fd = openat(proc, "self/status", O_RDONLY)) >= 0 && read(fd, text, sizeof(text)) > 0 && close(fd) == 0);
	CHECK(strstr(text, "Pid:") && (fd = openat(self, "comm", O_RDONLY)) >= 0 && close(fd) == 0);
	CHECK(symlink("/proc/self/status", "mine") == 0 && proc_number("mine", "\nPid:") == getpid());
	CHECK(symlink("/proc", "procs") == 0 && proc_number("procs/self/status", "\nPid:") == getpid());
	CHECK(symlink("/proc/self", "me") == 0 && proc_number("me/status", "\nPid:") == getpid());
	CHECK(guest_read("/proc/mounts", text, sizeof(text)) > 0 &&
		guest_read("/proc/net/dev", text, sizeof(text)) > 0);
	CHECK(chdir("/proc/self") == 0 && proc_number("status", "\nPid:") == getpid() && chdir("/proc") == 0);
	CHECK(proc_number("self/status", "\nPid:") == getpid() &&
		proc_number("thread-self/status", "\nPid:") == getpid());
	CHECK(close(proc) == 0 && close(self) == 0);
}

static void proc_check_owner(void)
{
	volatile uint64_t marker = 0x1122334455667788ULL;
	uint64_t seen = 0;
	char text[64];
	int fd;

	CHECK((fd = open("/proc/self/comm", O_WRONLY)) >= 0 && write(fd, "renamed", 7) == 7 && close(fd) == 0);
	CHECK(guest_read("/proc/self/comm", text, sizeof(text)) == 8 && strcmp(text, "renamed\n") == 0);
	fd = open("/proc/self/mem", O_RDONLY);
	if (fd >= 0) {
		CHECK(pread64(fd, &seen, sizeof(seen), (off_t)(uintptr_t)&marker) == sizeof(seen) && seen == marker);
		CHECK(close(fd) == 0);
	}
	CHECK(guest_read("/proc/self/cmdline", text, sizeof(text)) > 0 && strstr(text, "read_proc"));
}

static void proc_check_links(const char *cwd)
{
	char text[PATH_MAX], link[64];
	int fd = open("file", O_RDONLY);
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(fd >= 0 && (length = readlink(link, text, sizeof(text))) > 0);
	text[length] = '\0';
	CHECK(strncmp(text, cwd, strlen(cwd)) == 0 && strcmp(text + strlen(cwd), "/file") == 0 && close(fd) == 0);
	CHECK((length = readlink("/proc/self/cwd", text, sizeof(text))) == (ssize_t)strlen(cwd));
	CHECK(memcmp(text, cwd, (size_t)length) == 0);
	CHECK((length = readlink("/proc/self/exe", text, sizeof(text))) > 0);
	text[length] = '\0';
	CHECK(strstr(text, "read_proc"));
	CHECK(readlink("/proc/self/root", text, sizeof(text)) == 1 && text[0] == '/');
	CHECK(guest_read("/proc/self/cwd/file", text, sizeof(text)) == 4);
	snprintf(link, sizeof(link), "/proc/self/task/%d/cwd/file", getpid());
	CHECK(guest_read(link, text, sizeof(text)) == 4);
	snprintf(link, sizeof(link), "/proc/%d/root/dev/null", getpid());
	CHECK(access(link, F_OK) == 0 && access("/proc/self/root/dev/null", F_OK) == 0);
}

static void *proc_thread(void *unused)
{
	long tid = syscall(SYS_gettid);

	CHECK(tid != getpid() && proc_number("/proc/thread-self/status", "\nPid:") == tid);
	CHECK(proc_number("/proc/self/status", "\nPid:") == getpid());
	return unused;
}

int main(void)
{
	char cwd[PATH_MAX];
	pthread_t thread;
	pid_t child;

	CHECK(getcwd(cwd, sizeof(cwd)));
	guest_write("file", "text");
	proc_check_self();
	proc_check_links(cwd);
	CHECK(pthread_create(&thread, NULL, proc_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		proc_check_self();
		_exit(0);
	}
	CHECK(guest_wait(child) == 0);
	proc_check_owner();
	proc_check_ways();
	return 0;
}
