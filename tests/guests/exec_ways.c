/*
 * Executes a file in one of the ways there are. Arguments: way FILE. Does not return when it works; else prints
 * the errno's name and exits with 100. Ways: path, dirfd, nofollow, empty, empty-read, proc, dev, memfd, vfork.
 */
#include "guest.h"

#include <libgen.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char *ways_argv[] = { (char *)(uintptr_t) "ways", NULL };

static long ways_at(int fd, const char *path, int flags)
{
	return syscall(SYS_execveat, fd, path, ways_argv, environ, flags);
}

static void ways_dirfd(const char *path)
{
	char folder[PATH_MAX], name[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	snprintf(name, sizeof(name), "%s", path);
	ways_at(open(dirname(folder), O_PATH | O_DIRECTORY), basename(name), 0);
}

static void ways_nofollow(const char *path)
{
	ways_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
}

static void ways_empty(const char *path)
{
	ways_at(open(path, O_PATH), "", AT_EMPTY_PATH);
}

static void ways_empty_read(const char *path)
{
	ways_at(open(path, O_RDONLY), "", AT_EMPTY_PATH);
}

static void ways_proc(const char *path)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", open(path, O_RDONLY));
	execve(link, ways_argv, environ);
}

static void ways_dev(const char *path)
{
	char link[64];

	snprintf(link, sizeof(link), "/dev/fd/%d", open(path, O_PATH));
	execve(link, ways_argv, environ);
}

static void ways_path(const char *path)
{
	execve(path, ways_argv, environ);
}

static void ways_memfd(const char *path)
{
	int memfd = (int)syscall(SYS_memfd_create, "program", 0), fd = open(path, O_RDONLY);
	char buffer[65536];
	ssize_t got;

	CHECK(memfd >= 0 && fd >= 0);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		CHECK(write(memfd, buffer, (size_t)got) == got);
	ways_at(memfd, "", AT_EMPTY_PATH);
}

static void ways_vfork(const char *path)
{
	pid_t child = vfork();
	int saved;

	if (child == 0) {
		execve(path, ways_argv, environ);
		_exit(errno);
	}
	saved = guest_wait(child);
	if (saved == 7 || saved == 66)
		_exit(saved);
	errno = saved;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *path);
	} ways[] = { { "path", ways_path }, { "dirfd", ways_dirfd }, { "nofollow", ways_nofollow },
		{ "empty", ways_empty }, { "empty-read", ways_empty_read }, { "proc", ways_proc }, { "dev", ways_dev },
		{ "memfd", ways_memfd }, { "vfork", ways_vfork } };

	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		ways[i].run(argv[2]);
		printf("%s\n", strerrorname_np(errno));
		return 100;
	}
	return 2;
}
