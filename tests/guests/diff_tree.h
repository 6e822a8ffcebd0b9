/*
 * The scratch tree of the diff_* guests, made in the cwd: one of each kind of object.
 */
#ifndef KENNEL_TESTS_DIFF_TREE_H
#define KENNEL_TESTS_DIFF_TREE_H

#include "guest.h"

#include <sys/socket.h>
#include <sys/un.h>

/* A socket node with this name; errors are of no interest. */
static inline void diff_make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd >= 0) {
		(void)!bind(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
	}
}

/* Forty links are followed, the forty-first is too many: chain/0 is a file. */
static inline void diff_make_chain(void)
{
	char from[32], to[32];

	mkdir("chain", 0755);
	guest_write("chain/0", "end of chain");
	for (int i = 1; i <= 42; i++) {
		snprintf(from, sizeof(from), "%d", i - 1);
		snprintf(to, sizeof(to), "chain/%d", i);
		(void)!symlink(from, to);
	}
}

/* Written if it can be; whatever had this name may be in the way. */
static inline void diff_write(const char *path, const char *text, mode_t mode)
{
	int fd;

	chmod(path, 0600);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0600);
	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
	chmod(path, mode);
}

/* One of each kind; safe to call again. The runner makes "foreign" beforehand as root. */
static inline void diff_make_tree(void)
{
	umask(022);
	mkdir("dir", 0755);
	mkdir("dir/sub", 0755);
	diff_write("dir/file", "in dir", 0644);
	diff_write("file", "content", 0644);
	diff_write("shut", "shut", 0);
	diff_write("program", "#!/bin/sh\n", 0755);
	mkdir("closed", 0755);
	chmod("closed", 0755);
	diff_write("closed/file", "closed", 0644);
	chmod("closed", 0);
	(void)!symlink("file", "link");
	(void)!symlink("dir", "dirlink");
	(void)!symlink("nowhere", "dangling");
	(void)!symlink("loop", "loop");
	(void)!symlink("../", "dir/up");
	(void)!symlink("dir/", "slashlink");
	mkfifo("fifo", 0644);
	if (access("socket", F_OK))
		diff_make_socket("socket");
	diff_make_chain();
}

#endif
