/*
 * The cleaner makes the directory, which may take a filesystem as long as everything else here, while the supervisor
 * goes on starting. Then it reads from a socket whose other end the supervisor and the launcher hold: its end
 * of file means that both are gone, and the launcher goes only after all that it
 * launched. Removal never follows symlinks and never leaves the directory.
 */
#include "core/tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/descriptors.h"
#include "core/settle.h"

#define TMPDIR_DEPTH_MAX 32 /* one descriptor a level */
#define TMPDIR_NAMES_MAX 1024
#define TMPDIR_LETTERS 10

/* 60 random bits: nobody guesses it, and one that is taken is an error. */
static int tmpdir_draw(char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	unsigned char bytes[TMPDIR_LETTERS];

	_Static_assert(sizeof(letters) == 65, "every byte has as many letters");
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		name[i] = letters[bytes[i] % 64];
	name[sizeof(bytes)] = '\0';
	return 0;
}

int tmpdir_name(struct tmpdir *tmpdir)
{
	const char *base = getenv("TMPDIR");
	AUTO_FREE char *canonical = NULL;
	char drawn[TMPDIR_LETTERS + 1];
	int length, error = tmpdir_draw(drawn);

	if (error)
		return error;
	if (!base || base[0] != '/')
		base = "/tmp";
	if (strlen(base) >= sizeof(tmpdir->path))
		return -ENAMETOOLONG;
	/* Rules decide on canonical names. */
	canonical = realpath(base, NULL);
	if (!canonical)
		return -errno;
	length = snprintf(tmpdir->path, sizeof(tmpdir->path), "%s/kennel-%s", canonical[1] ? canonical : "", drawn);
	if (length < 0 || (size_t)length >= sizeof(tmpdir->path))
		return -ENAMETOOLONG;
	return 0;
}

/* One removal: what lies too deep is moved to the top, to be removed in the next round. */
struct tmpdir_removal {
	int top;
	unsigned moved;
};

static void tmpdir_remove_entries(struct tmpdir_removal *removal, int directory, unsigned depth);

static int tmpdir_open(int directory, const char *name)
{
	int child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* The payload may have taken our right to read it. No race: nobody else is left. */
	if (child < 0 && errno == EACCES && fchmodat(directory, name, 0700, 0) == 0)
		child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return child;
}

static void tmpdir_move_up(struct tmpdir_removal *removal, int directory, const char *name)
{
	char higher[32];

	/* The payload may have taken some of these names. */
	for (unsigned i = 0; i < TMPDIR_NAMES_MAX; i++) {
		snprintf(higher, sizeof(higher), ".kennel-%u", removal->moved + i);
		if (renameat(directory, name, removal->top, higher) == 0) {
			removal->moved++;
			return;
		}
	}
}

static void tmpdir_remove_entry(struct tmpdir_removal *removal, int directory, const char *name, unsigned depth)
{
	int child;

	if (unlinkat(directory, name, 0) == 0)
		return;
	child = tmpdir_open(directory, name);
	if (child >= 0 && depth == 0) {
		close(child);
		tmpdir_move_up(removal, directory, name);
		return;
	}
	if (child >= 0)
		tmpdir_remove_entries(removal, child, depth - 1);
	unlinkat(directory, name, AT_REMOVEDIR);
}

/* Takes the descriptor. */
static void tmpdir_remove_entries(struct tmpdir_removal *removal, int directory, unsigned depth)
{
	DIR *entries;
	struct dirent *entry;

	/* Without these rights nothing in it can be removed; a failure shows in what is left. */
	if (fchmod(directory, 0700) < 0)
		errno = 0;
	entries = fdopendir(directory);
	if (!entries) {
		close(directory);
		return;
	}
	while ((entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			tmpdir_remove_entry(removal, directory, entry->d_name, depth);
	closedir(entries);
}

static void tmpdir_remove_tree(const char *path)
{
	struct tmpdir_removal removal = { .moved = 0 };
	int directory;

	/* Most are empty in the end. */
	if (rmdir(path) == 0)
		return;
	removal.top = tmpdir_open(AT_FDCWD, path);
	if (removal.top < 0)
		return;
	do {
		removal.moved = 0;
		directory = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (directory >= 0)
			tmpdir_remove_entries(&removal, directory, TMPDIR_DEPTH_MAX);
	} while (removal.moved);
	close(removal.top);
	rmdir(path);
}

static _Noreturn void tmpdir_clean(const struct tmpdir *tmpdir, int socket)
{
	char byte;
	sigset_t mask;
	ssize_t told;
	int error;

	setpgid(0, 0);
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	prctl(PR_SET_NAME, "kennel-cleaner", 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	descriptors_close_others(&socket, 1);
	error = mkdir(tmpdir->path, 0700) < 0 ? errno : 0;
	told = write(socket, &error, sizeof(error));
	if (error)
		_exit(1);
	/* Nobody to be told: the supervisor has died meanwhile, and the end of file follows at once. */
	if (told > 0 && poll(&(struct pollfd){ .fd = socket, .events = POLLIN }, 1, SETTLE_AFTER_MS) == 0)
		settle_memory();
	while (read(socket, &byte, 1) > 0)
		;
	tmpdir_remove_tree(tmpdir->path);
	/* The supervisor goes on; what our own end takes is not its business. */
	close(socket);
	_exit(0);
}

int tmpdir_start_cleaner(struct tmpdir *tmpdir)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	tmpdir->cleaner = fork();
	if (tmpdir->cleaner == 0)
		tmpdir_clean(tmpdir, sockets[1]);
	close(sockets[1]);
	/* Here too, so that a signal to our group cannot come before it has left that. */
	if (tmpdir->cleaner > 0)
		setpgid(tmpdir->cleaner, tmpdir->cleaner);
	if (tmpdir->cleaner < 0) {
		close(sockets[0]);
		return -EAGAIN;
	}
	tmpdir->keep_alive_fd = sockets[0];
	return 0;
}

int tmpdir_wait(struct tmpdir *tmpdir)
{
	int error = 0;
	ssize_t length;

	do
		length = read(tmpdir->keep_alive_fd, &error, sizeof(error));
	while (length < 0 && errno == EINTR);
	return length == (ssize_t)sizeof(error) ? -error : -EPIPE;
}

void tmpdir_remove(struct tmpdir *tmpdir)
{
	char byte;

	if (tmpdir->keep_alive_fd < 0)
		return;
	/* No more writers; when the cleaner is done, or dead, its end is closed, which ends our read. */
	shutdown(tmpdir->keep_alive_fd, SHUT_WR);
	while (read(tmpdir->keep_alive_fd, &byte, 1) > 0)
		;
	close(tmpdir->keep_alive_fd);
	tmpdir->keep_alive_fd = -1;
}
