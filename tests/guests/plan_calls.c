/*
 * Many calls on each of a few names, one line of output for each: the name of the call, the path and the errno, or what
 * the call gave. Run under two plans of one policy, the lines must be the same, and so must the tree that is left.
 * With an argument: ends at once, as a program that was executed.
 */
#include "guest.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/xattr.h>

static const char *const names[] = {
	".",
	"a",
	"a/f",
	"a/g",
	"a/s",
	"a/s/f",
	"a/link",
	"a/out",
	"a/../b/f",
	"a/new",
	"a/s/new/x",
	"b",
	"b/f",
	"b/t",
	"b/t/f",
	"b/run",
	"b/away",
	"c",
	"new",
	"/proc/self/comm",
	"/proc/self/environ",
	"/proc/self/fd",
	"/proc/self/ns/net",
	"/proc/1/maps",
	"/proc/self/root/etc/passwd",
	"/dev/null",
	"/dev/zero",
	"/etc/passwd",
	"/",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void plan_show(const char *call, const char *name, long result)
{
	int error = errno;

	printf("%s %s %s\n", call, name, result < 0 ? strerrorname_np(error) : "ok");
}

/* What can be done with what was opened says more than that it was. */
static void plan_opened(const char *call, const char *name, int fd)
{
	char byte[2] = "";
	long got;

	plan_show(call, name, fd);
	if (fd < 0)
		return;
	errno = 0;
	got = read(fd, byte, 1);
	printf("  read %s", got < 0 ? strerrorname_np(errno) : got ? "some" : "nothing");
	errno = 0;
	got = ftruncate(fd, 3);
	printf(" cut %s", got < 0 ? strerrorname_np(errno) : "ok");
	errno = 0;
	got = write(fd, "", 0);
	printf(" write %s", got < 0 ? strerrorname_np(errno) : "ok");
	got = fcntl(fd, F_GETFL);
	printf(" mode %ld\n", got & O_ACCMODE);
	close(fd);
}

static void plan_entries(const char *name)
{
	DIR *dir = opendir(name);
	unsigned count = 0;

	plan_show("opendir", name, dir ? 0 : -1);
	if (!dir)
		return;
	while (readdir(dir))
		count++;
	/* Others come and go in /proc. */
	printf("  entries %u\n", name[0] == '/' ? count > 0 : count);
	closedir(dir);
}

static void plan_opens(const char *name)
{
	static const struct {
		const char *call;
		int flags;
	} ways[] = {
		{ "read", O_RDONLY },
		{ "directory", O_RDONLY | O_DIRECTORY | O_NONBLOCK },
		{ "nofollow", O_RDONLY | O_NOFOLLOW },
		{ "write", O_WRONLY },
		{ "both", O_RDWR | O_NONBLOCK },
		{ "neither", 3 },
		{ "create", O_RDONLY | O_CREAT },
		{ "create-new", O_WRONLY | O_CREAT | O_EXCL },
		{ "truncate", O_RDONLY | O_TRUNC },
		{ "temporary", O_RDWR | O_TMPFILE },
	};
	const struct open_how how = { .flags = O_RDONLY };

	for (size_t i = 0; i < COUNT(ways); i++)
		plan_opened(ways[i].call, name, open(name, ways[i].flags, 0644));
	plan_opened("openat2", name, (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how)));
#ifdef SYS_creat
	plan_opened("creat", name, (int)syscall(SYS_creat, name, 0644));
#endif
	plan_entries(name);
}

/* By descriptors that only find, and by ones that were opened before. */
static void plan_descriptors(const char *name)
{
	int fd = open(name, O_PATH);
	char again[64];

	plan_show("path", name, fd);
	if (fd < 0)
		return;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	plan_opened("reopen", name, open(again, O_RDONLY));
	plan_opened("reopen-write", name, open(again, O_WRONLY));
	plan_opened("in", name, openat(fd, "f", O_RDONLY));
	plan_opened("above", name, openat(fd, "../c", O_RDONLY));
	close(fd);
}

static void plan_changes(const char *name)
{
	char moved[128];

	snprintf(moved, sizeof(moved), "%s.moved", name);
	plan_show("chmod", name, chmod(name, 0755));
	plan_show("utime", name, utimensat(AT_FDCWD, name, NULL, 0));
	plan_show("cut", name, truncate(name, 2));
	plan_show("link", name, link(name, moved));
	plan_show("unlink-link", moved, unlink(moved));
	plan_show("rename", name, rename(name, moved));
	plan_opened("read-moved", moved, open(moved, O_RDONLY));
	plan_show("rename-back", name, rename(moved, name));
	plan_show("mkdir", moved, mkdir(moved, 0755));
	plan_opened("read-made", moved, open(moved, O_RDONLY));
	plan_show("rmdir", moved, rmdir(moved));
	plan_show("symlink", moved, symlink("../c", moved));
	plan_opened("read-symlink", moved, open(moved, O_RDONLY));
	plan_show("unlink-symlink", moved, unlink(moved));
	plan_show("getxattr", name, getxattr(name, "user.none", NULL, 0));
}

static void plan_executes(const char *name)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(name, name, "end", (char *)NULL);
		_exit(errno == EACCES ? 2 : errno == ENOENT ? 3 : 4);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	errno = WIFEXITED(status) && WEXITSTATUS(status) == 2 ? EACCES : ENOENT;
	plan_show("execute", name, WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1);
}

static void plan_removes(const char *name)
{
	plan_show("unlink", name, unlink(name));
	plan_show("rmdir", name, rmdir(name));
	plan_opened("read-gone", name, open(name, O_RDONLY));
	plan_opened("create-again", name, open(name, O_RDWR | O_CREAT, 0644));
	plan_opened("read-again", name, open(name, O_RDONLY));
}

/* A process of the same user outside of the sandbox: a link leads to its directory. */
static void plan_outside(void)
{
	static const char *const files[] = { "status", "environ", "mem", "maps", "auxv", "fd/0", "fd", "fdinfo", "ns",
		"ns/net", "root/etc", "io", "syscall", "personality", "task" };
	char name[64], byte;

	for (size_t i = 0; i < COUNT(files); i++) {
		int fd;

		snprintf(name, sizeof(name), "b/process/%s", files[i]);
		fd = open(name, O_RDONLY);
		plan_show("outside", files[i], fd);
		/* Nothing but its status says anything: what is a directory is listed at most. */
		CHECK(i == 0 || fd < 0 || read(fd, &byte, 1) < 0);
		if (fd >= 0)
			close(fd);
	}
}

/* Processes of Kennel's own: above us. */
static void plan_guards(void)
{
	static const char *const files[] = { "status", "environ", "mem", "maps", "fd/0" };
	char name[64];

	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(name, sizeof(name), "/proc/%d/%s", (int)getppid(), files[i]);
		plan_show("guarded", files[i], open(name, O_RDONLY));
	}
}

static void plan_memory(void)
{
	int fd = (int)syscall(SYS_memfd_create, "m", 0);
	int ends[2];
	char name[64];

	plan_show("memfd", "m", fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fd >= 0)
		plan_opened("read-memfd", "m", open(name, O_RDONLY));
	CHECK(pipe(ends) == 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	plan_show("read-pipe", "p", open(name, O_RDONLY | O_NONBLOCK));
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 4096);
	umask(022);
	for (size_t i = 0; i < COUNT(names); i++) {
		plan_opens(names[i]);
		plan_descriptors(names[i]);
	}
	plan_outside();
	plan_executes("b/run");
	for (size_t i = 0; i < COUNT(names) && names[i][0] != '/'; i++)
		plan_changes(names[i]);
	for (size_t i = 0; i < COUNT(names) && names[i][0] != '/'; i++)
		plan_removes(names[i]);
	plan_guards();
	plan_memory();
	return 0;
}
