/*
 * From what a call names to a held object. The fast road: a string that is plain by its
 * look is opened by one openat2() that crosses no symlink, so that the string judged is
 * the path. Everything else goes to core/path_walk.c. The target's string is read once,
 * its directories are opened by number once, and then held.
 */
#include "core/path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cage_call.h"
#include "core/call.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/mem.h"
#include "core/mounts.h"
#include "core/path_long.h"
#include "core/path_name.h"
#include "core/path_walk.h"
#include "core/policy_files.h"
#include "core/procfs.h"
#include "core/sandbox.h"
#include "core/slow.h"
#include "core/supervisor.h"
#include "core/util.h"

enum {
	PATH_SCOPED = PATH_BENEATH | PATH_IN_ROOT,
	/* openat2() by the absolute name would not keep to these. */
	PATH_SLOW_ONLY = PATH_SCOPED | PATH_NO_XDEV,
	PATH_LINK_SIZE = 48,
};

static void path_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void path_init(struct path *path)
{
	path->object = path->parent = path->held = -1;
	path->lexical = path->is_fd = path->unnamed = path->trailing_slash = path->held_sure = false;
	path->link_text[0] = path->base[0] = path->name[0] = path->string[0] = '\0';
	path->held_length = 0;
	path->dirfd = 0;
	path->flags = 0;
}

void path_release(struct path *path)
{
	path_close(&path->object);
	path_close(&path->parent);
	path_close(&path->held);
}

/*
 * Opens what dirfd means to the target, by number: of the thread, as threads need not share
 * descriptors or directories.
 */
static int path_open_base(struct call *call, int dirfd, int flags)
{
	const int proc = call->sandbox->supervisor->proc_fd;
	const bool slow = slow_matters(call);
	char link[PATH_LINK_SIZE];
	AUTO_CLOSE int fd = -1;
	int error;

	if (dirfd != AT_FDCWD && dirfd < 0)
		return -EBADF;
	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "%d/cwd", call->tid);
	else
		snprintf(link, sizeof(link), "%d/fd/%d", call->tid, dirfd);
	if (slow && slow_link(call, link))
		return -SLOW_ERROR;
	fd = errno_result(openat(proc, link, O_PATH | O_CLOEXEC | flags));
	/* A target that changed its ids is not dumpable: its links are reached with our own rights. */
	if (fd == -EACCES && identity_lift(call)) {
		fd = errno_result(openat(proc, link, O_PATH | O_CLOEXEC | flags));
		identity_lower(call);
	}
	error = call_revalidate(call);
	if (error < 0)
		return error;
	if (fd == -ENOENT)
		return dirfd == AT_FDCWD ? -ESRCH : -EBADF;
	/* The link may have led elsewhere by then; a descriptor of O_PATH harms nobody. */
	if (fd >= 0 && slow && slow_object(call, fd))
		return -SLOW_ERROR;
	return take_fd(&fd);
}

static int path_name_held(struct call *call, struct path *path, int fd, bool verify)
{
	const int kind = path_name_read(call->sandbox->supervisor, fd, verify, path->name);

	if (kind < 0)
		return kind;
	path->unnamed = kind == NAME_NONE;
	path->held_sure = kind == NAME_SURE;
	return 0;
}

/* Only names that look like it are asked for their filesystem: this is the road of every fstat(). */
static bool path_is_procfs(const struct call *call, const struct path *path, int fd)
{
	if (path->unnamed || (path->held_sure && !mounts_below_procfs(call->sandbox->supervisor->mounts, path->name)))
		return false;
	return procfs_holds(fd);
}

int path_of_descriptor(struct call *call, int fd, struct path *path)
{
	int error;

	path->is_fd = true;
	path->lexical = false;
	error = path_name_held(call, path, fd, true);
	return error == 0 && path_is_procfs(call, path, fd) ? procfs_judge_held(call, fd) : error;
}

static int path_begin_empty(struct call *call, struct path *path)
{
	const int fd = path_open_base(call, path->dirfd, 0);
	int error;

	if (fd < 0)
		return fd;
	path->object = fd;
	error = path_of_descriptor(call, fd, path);
	return error < 0 ? error : procfs_held_link(call, fd, path->name, path->link_text);
}

/*
 * True when no component is empty, "." or ".."; one slash at the end is noted apart, and
 * "/" alone is plain.
 */
static bool path_is_plain(const char *string, size_t length, bool *slash_out)
{
	const char *at = string[0] == '/' ? string + 1 : string;
	const char *end = string + length;

	*slash_out = length > 1 && end[-1] == '/';
	if (*slash_out)
		end--;
	if (at == end)
		return length == 1;
	for (;;) {
		const char *next = memchr(at, '/', (size_t)(end - at));
		const size_t part = (size_t)((next != NULL ? next : end) - at);

		if (part == 0 || (at[0] == '.' && (part == 1 || (part == 2 && at[1] == '.'))))
			return false;
		if (next == NULL)
			return true;
		at = next + 1;
	}
}

static int path_hold(struct call *call, struct path *path)
{
	const int fd = path_open_base(call, path->dirfd, O_DIRECTORY);

	if (fd < 0)
		return fd;
	path->held = fd;
	return 0;
}

/* Absolute strings need no directory, but RESOLVE_IN_ROOT makes one their root. */
static int path_begin_absolute(struct call *call, struct path *path, size_t length)
{
	if (path->flags & PATH_BENEATH)
		return -EXDEV;
	if (path->flags & PATH_IN_ROOT)
		return path_hold(call, path);
	length -= path->trailing_slash;
	memcpy(path->name, path->string, length);
	path->name[length] = '\0';
	return 0;
}

static int path_begin_relative(struct call *call, struct path *path, size_t length)
{
	int error = path_hold(call, path);

	if (error == 0)
		error = path_name_held(call, path, path->held, true);
	/* A directory too deep to have a name is reached all the same; what is below is named at the end. */
	if (error == -ENAMETOOLONG) {
		path->lexical = false;
		return 0;
	}
	if (error < 0)
		return error;
	path->held_length = strlen(path->name);
	error = path_name_join(path->name, path->string, length - path->trailing_slash);
	/* The kernel takes no longer ones at once. */
	if (!path->held_sure || error < 0 || path->held_length + length >= PATH_MAX)
		path->lexical = false;
	return 0;
}

/*
 * The prefixes of a lexical name are the components if no symlink is crossed. Whatever is not plainly
 * allowed is left to the slow road, which knows the components for certain, and logs.
 */
static bool path_walk_allowed(const struct call *call, char *name)
{
	bool allowed = true;

	for (char *at = name + 1; allowed && at[-1] != '\0' && *at != '\0'; at++) {
		char kept;

		at = strchrnul(at, '/');
		kept = *at;
		*at = '\0';
		allowed = access_allows(call, CAT_WALK, name);
		*at = kept;
		if (kept == '\0')
			break;
	}
	return allowed;
}

static int path_begin_copied(struct call *call, struct path *path, size_t length)
{
	const bool plain = path_is_plain(path->string, length, &path->trailing_slash);
	int error;

	if (length == 0)
		return (path->flags & PATH_EMPTY) ? path_begin_empty(call, path) : -ENOENT;
	path->lexical = plain && !(path->flags & PATH_SLOW_ONLY);
	/* For the log's tip: a refusal on the way to it names a directory only. */
	if (plain && path->string[0] == '/')
		call->subject = path->string;
	error = path->string[0] == '/' ? path_begin_absolute(call, path, length)
				       : path_begin_relative(call, path, length);
	if (error < 0 || !path->lexical)
		return error;
	if (slow_matters(call) && slow_name(call, path->name))
		return -SLOW_ERROR;
	path->lexical = !mounts_below_procfs(call->sandbox->supervisor->mounts, path->name) &&
			(!access_active(call, CAT_WALK) || path_walk_allowed(call, path->name));
	return 0;
}

static void path_ask(struct path *path, int dirfd, unsigned flags)
{
	path->dirfd = dirfd;
	path->flags = flags;
	path->string[0] = '\0';
}

int path_begin(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	ssize_t length;

	path_ask(path, dirfd, flags);
	if (address == 0 && (flags & PATH_NULL_EMPTY) && call->sandbox->supervisor->features.null_path)
		return path_begin_empty(call, path);
	length = mem_read_string(call, address, path->string, sizeof(path->string));
	return length < 0 ? (int)length : path_begin_copied(call, path, (size_t)length);
}

int path_begin_string(struct call *call, int dirfd, const char *string, unsigned flags, struct path *path)
{
	const size_t length = strnlen(string, PATH_MAX);

	path_ask(path, dirfd, flags);
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path->string, string, length + 1);
	return path_begin_copied(call, path, length);
}

static int path_openat2(const struct call *call, int dir, const char *name, const struct open_how *how)
{
	struct open_how strict = *how;

	strict.flags |= O_CLOEXEC;
	strict.resolve |= RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	return (int)errno_result(cage_call(call->sandbox->supervisor, SYS_openat2, dir, name, &strict, sizeof(strict)));
}

static int path_open_strict(const struct call *call, int dir, const char *name, uint64_t flags)
{
	const struct open_how how = { .flags = O_PATH | flags };

	return path_openat2(call, dir, name, &how);
}

int path_open_shown(const struct call *call, const char *name)
{
	char held[PATH_OF_FD_SIZE];

	/* Nobody can write that as a path. */
	if (str_starts(name, POLICY_FILE_HELD)) {
		path_of_fd(atoi(name + strlen(POLICY_FILE_HELD)), held);
		return errno_result(open(held, O_PATH | O_CLOEXEC));
	}
	return slow_matters(call) && slow_name(call, name) ? -SLOW_ERROR : path_open_strict(call, AT_FDCWD, name, 0);
}

int path_open_lexical(struct call *call, const struct path *path, const struct open_how *how)
{
	char slashed[PATH_MAX + 1];
	size_t length;

	if (!path->trailing_slash)
		return path_openat2(call, AT_FDCWD, path->name, how);
	if (path->string[0] == '/')
		return path_openat2(call, AT_FDCWD, path->string, how);
	length = strlen(path->name);
	if (length + 1 >= PATH_MAX)
		return -ELOOP; /* too long for this road only */
	memcpy(slashed, path->name, length);
	memcpy(slashed + length, "/", sizeof("/"));
	return path_openat2(call, AT_FDCWD, slashed, how);
}

bool path_lexical_failed(const struct path *path, int error)
{
	return error == -ELOOP || (error < 0 && path->string[0] != '/');
}

static bool path_is_link(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 || S_ISLNK(status.st_mode);
}

/*
 * The middle road: where no rule asks what a path crosses, the kernel may follow the symlinks, and the name is read
 * from what was found. Not where that is on a procfs, which shows each process something else.
 */
static int path_find_linked(struct call *call, struct path *path)
{
	/* The kernel would not ask whose the last link is. */
	const bool follows = (path->flags & PATH_FOLLOW) || path->trailing_slash;
	const bool guards = follows && access_guards_symlinks(call);
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (guards || !follows ? O_NOFOLLOW : 0),
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	const int dir = path->string[0] == '/' ? AT_FDCWD : path->held;
	AUTO_CLOSE int fd = -1;
	int error;

	if (access_active(call, CAT_WALK) || (path->flags & PATH_NO_SYMLINKS) || slow_matters(call))
		return -ELOOP;
	/* A slash at the end follows it whatever the flags say. */
	if (guards && path->trailing_slash)
		return -ELOOP;
	fd = (int)errno_result(cage_call(call->sandbox->supervisor, SYS_openat2, dir, path->string, &how, sizeof(how)));
	if (fd < 0 || procfs_holds(fd) || (guards && path_is_link(fd)))
		return -ELOOP;
	error = path_name_held(call, path, fd, false);
	if (error == 0)
		path->object = take_fd(&fd);
	return error;
}

int path_find(struct call *call, struct path *path)
{
	const struct open_how how = { .flags = O_PATH | ((path->flags & PATH_FOLLOW) ? 0 : O_NOFOLLOW) };
	int fd;

	if (path->is_fd)
		return 0;
	if (!path->lexical)
		return walk_path(call, path, WALK_OBJECT);
	fd = path_open_lexical(call, path, &how);
	if (fd == -ELOOP && path_find_linked(call, path) == 0)
		return 0;
	if (path_lexical_failed(path, fd))
		return walk_path(call, path, WALK_OBJECT);
	if (fd < 0)
		return fd;
	path->object = fd;
	return 0;
}

/* The directory above a lexical name; a name in the directory that is held needs no look-up. */
static int path_open_above(const struct call *call, struct path *path, const char *base)
{
	const size_t length = (size_t)(base - 1 - path->name);
	char above[PATH_MAX];

	if (path->string[0] != '/' && memchr(path->string, '/', strlen(path->string) - path->trailing_slash) == NULL)
		return take_fd(&path->held);
	if (length == 0)
		return path_open_strict(call, AT_FDCWD, "/", O_DIRECTORY);
	memcpy(above, path->name, length);
	above[length] = '\0';
	return path_open_strict(call, AT_FDCWD, above, O_DIRECTORY);
}

/* -ELOOP: not to be done on this road. */
static int path_parent_lexical(const struct call *call, struct path *path)
{
	const char *base = strrchr(path->name, '/') + 1;
	const size_t length = strlen(base);
	int fd;

	if (length == 0 || length > NAME_MAX)
		return -ELOOP;
	fd = path_open_above(call, path, base);
	if (fd < 0)
		return fd;
	path->parent = fd;
	memcpy(path->base, base, length);
	path->base[length] = path->trailing_slash ? '/' : '\0';
	path->base[length + 1] = '\0';
	return 0;
}

int path_find_parent(struct call *call, struct path *path)
{
	int error;

	if (path->is_fd)
		return -ENOENT; /* an empty string names nothing that could be made or removed */
	if (!path->lexical)
		return walk_path(call, path, WALK_PARENT);
	error = path_parent_lexical(call, path);
	return path_lexical_failed(path, error) ? walk_path(call, path, WALK_PARENT) : error;
}

/* The slow road begins again from the string: what this one took goes back. */
static int path_create_slowly(struct call *call, struct path *path)
{
	if (path->held < 0 && path->string[0] != '/')
		path->held = take_fd(&path->parent);
	path_close(&path->parent);
	return walk_path(call, path, WALK_CREATE);
}

int path_find_or_parent(struct call *call, struct path *path)
{
	const uint64_t follow = (path->flags & PATH_FOLLOW) ? 0 : O_NOFOLLOW;
	int fd;
	int error;

	if (path->is_fd)
		return 0;
	if (!path->lexical || path->trailing_slash)
		return walk_path(call, path, WALK_CREATE);
	error = path_parent_lexical(call, path);
	if (path_lexical_failed(path, error))
		return walk_path(call, path, WALK_CREATE);
	if (error < 0)
		return error;
	fd = path_open_strict(call, path->parent, path->base, follow);
	if (fd == -ENOENT)
		return 0;
	if (path_lexical_failed(path, fd))
		return path_create_slowly(call, path);
	if (fd < 0)
		return fd;
	path->object = fd;
	return 0;
}

void path_made(struct call *call, const struct path *path, int fd)
{
	if (!path->lexical && strlen(path->name) >= PATH_MAX)
		long_names_remember(call->sandbox->supervisor->long_names, fd, path->name);
}

int path_reopen(struct call *call, const struct path *path, uint64_t open_flags)
{
	const uint64_t flags = open_flags & ~(uint64_t)(O_NOFOLLOW | O_CREAT | O_EXCL);
	char number[16];
	int fd;

	if ((flags & O_PATH) && !(flags & O_DIRECTORY))
		return errno_result(fcntl(path->object, F_DUPFD_CLOEXEC, 0));
	snprintf(number, sizeof(number), "%d", path->object);
	fd = errno_result(openat(call->sandbox->supervisor->self_fd_dir, number, (int)flags | O_CLOEXEC));
	if (fd == -EACCES && procfs_lift_open(call, path->object, flags)) {
		fd = errno_result(openat(call->sandbox->supervisor->self_fd_dir, number, (int)flags | O_CLOEXEC));
		identity_lower(call);
	}
	return fd;
}

int path_read_link(struct call *call, const struct path *path, char *buffer, size_t size)
{
	size_t length = strlen(path->link_text);
	int told;

	if (length > 0) {
		length = length > size ? size : length;
		memcpy(buffer, path->link_text, length);
		return (int)length;
	}
	told = (int)errno_result(readlinkat(path->object, "", buffer, size));
	if (told == -EACCES && procfs_lift_way(call, path->object)) {
		told = (int)errno_result(readlinkat(path->object, "", buffer, size));
		identity_lower(call);
	}
	return told;
}

int path_lookup(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	const int error = path_begin(call, dirfd, address, flags, path);

	return error < 0 ? error : path_find(call, path);
}

int path_lookup_parent(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	const int error = path_begin(call, dirfd, address, flags, path);

	return error < 0 ? error : path_find_parent(call, path);
}
