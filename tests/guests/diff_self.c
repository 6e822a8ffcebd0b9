/*
 * What a process finds about itself below /proc before and after it gave up its ids, which makes it one that nobody
 * else can look into; and what it finds about a child.
 */
#include "diff.h"

#include <dirent.h>
#include <grp.h>

static const char *const self_entries[] = { "", "exe", "cwd", "cwd/self.file", "root", "root/proc", "fd", "fd/5",
	"fd/99", "fdinfo", "fdinfo/5", "ns", "ns/mnt", "ns/pid", "maps", "smaps", "smaps_rollup", "numa_maps", "status",
	"stat", "environ", "auxv", "mem", "io", "limits", "comm", "oom_score_adj", "pagemap", "personality", "syscall",
	"stack", "clear_refs", "task", "no such" };

/* 1: there is more than "." and ".." */
static int self_list(const char *path)
{
	DIR *dir = opendir(path);
	long count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return dir ? count > 2 : -1;
}

static int self_read(const char *path, int flags)
{
	char byte;
	int fd = open(path, flags);
	ssize_t got = fd < 0 || flags & O_WRONLY ? 0 : read(fd, &byte, 1);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return fd < 0 || got < 0 ? -1 : 0;
}

static void self_entry(struct diff *diff, const char *shown, const char *directory, const char *entry)
{
	char path[96], text[4096];
	struct stat status;
	int dir = open(directory, O_RDONLY | O_DIRECTORY);

	snprintf(path, sizeof(path), "%s/%s", directory, entry);
	DIFF(diff, 0, "%s/%s", shown, entry);
	DIFF(diff, readlink(path, text, sizeof(text)) < 0 ? -1 : 0, "readlink");
	DIFF(diff, readlinkat(dir, entry, text, sizeof(text)) < 0 ? -1 : 0, "readlinkat");
	DIFF(diff, stat(path, &status), "stat");
	DIFF(diff, lstat(path, &status), "lstat");
	DIFF(diff, fstatat(dir, entry, &status, 0), "fstatat");
	DIFF(diff, chdir(path), "chdir");
	if (diff->result == 0)
		CHECK(fchdir(4) == 0);
	close(dir);
}

static void self_opens(struct diff *diff, const char *directory, const char *entry)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", directory, entry);
	DIFF(diff, self_read(path, O_RDONLY), "read");
	DIFF(diff, self_read(path, O_RDONLY | O_NOFOLLOW), "read, O_NOFOLLOW");
	DIFF(diff, self_list(path), "list");
	/* As root most of these are writes that do something. */
	if (getuid())
		DIFF(diff, self_read(path, O_WRONLY), "write");
}

static void self_process(struct diff *diff, const char *shown, const char *directory)
{
	for (size_t i = 0; i < DIFF_COUNT(self_entries); i++) {
		self_entry(diff, shown, directory, self_entries[i]);
		self_opens(diff, directory, self_entries[i]);
	}
}

static void self_look(struct diff *diff)
{
	char path[64];
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	self_process(diff, "self", "/proc/self");
	self_process(diff, "thread-self", "/proc/thread-self");
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	self_process(diff, "pid", path);
	snprintf(path, sizeof(path), "/proc/self/task/%d", getpid());
	self_process(diff, "task", path);
	snprintf(path, sizeof(path), "/proc/%d", child);
	self_process(diff, "child", path);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);
	int fd = open("self.file", O_CREAT | O_RDWR, 0666), here = open(".", O_RDONLY | O_DIRECTORY);

	CHECK(dup2(here, 64) == 64 && dup2(fd, 65) == 65);
	CHECK(dup2(64, 4) == 4 && dup2(65, 5) == 5);
	self_look(&diff);
	if (getuid() == 0) {
		CHECK(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0);
		CHECK(setresuid(65534, 65534, 65534) == 0);
		self_look(&diff);
	}
	return 0;
}
