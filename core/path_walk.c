/*
 * The slow road. Every step opens one component with O_PATH below a held directory, so
 * that what was looked at is what is used; symlinks are read and put before the rest of
 * the text, magic links are followed only inside the sandbox. Search permission is
 * checked by the kernel on each of these opens, under the target's identity.
 */
#include "core/path_walk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cage_call.h"
#include "core/call.h"
#include "core/cleanup.h"
#include "core/mounts.h"
#include "core/path.h"
#include "core/path_link.h"
#include "core/path_long.h"
#include "core/path_name.h"
#include "core/procfs.h"
#include "core/sandbox.h"
#include "core/slow.h"
#include "core/util.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

enum {
	WALK_LINKS_MAX = 40, /* the kernel's MAXSYMLINKS */
	WALK_LEAPS_MAX = 8,  /* each tries all of the rest, which may be long */
	/* The string and the links it meets; the kernel nests each of them up to PATH_MAX. */
	WALK_TEXT_SIZE = 4 * PATH_MAX,
	WALK_SCOPED = PATH_BENEATH | PATH_IN_ROOT,
};

struct walk {
	struct call *call;
	const struct supervisor *supervisor;
	struct path *path;
	enum walk_goal goal;
	int dir;            /* where we are; owned */
	struct statx here;  /* of dir */
	struct statx start; /* of the directory where the string begins */
	enum procfs_place place;
	bool in_procfs;
	bool suspect;    /* dir was not reached from the root: its name must be verified */
	bool judged;     /* the walk category is on */
	bool wary;       /* there are slow mounts, which this walk must not enter */
	bool root_known; /* for PATH_NO_XDEV only, see walk_to_root() */
	bool leap;       /* the rest may be worth one open: see walk_leap() */
	bool done;
	unsigned links, leaps;
	char *rest;                /* within text, NUL-terminated */
	char text[WALK_TEXT_SIZE]; /* filled from the end, so that links are put before the rest */
	char way[PATH_NAME_SIZE];  /* the way that led here, for names that the kernel does not tell; "": unknown */
};

struct walk_part {
	char *name;  /* NUL-terminated in place */
	char *after; /* where the separator was */
	bool slash;  /* there was one */
	bool last;   /* nothing but slashes follows */
};

static int walk_stat(int fd, struct statx *info)
{
	return errno_result(statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW,
		STATX_TYPE | STATX_MODE | STATX_UID | STATX_INO | STATX_MNT_ID, info));
}

static bool walk_same_device(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

static bool walk_same_place(const struct statx *a, const struct statx *b)
{
	return walk_same_device(a, b) && a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id;
}

static int walk_open(const struct walk *walk, const char *name, int flags)
{
	const int fd = errno_result(openat(walk->dir, name, O_PATH | O_CLOEXEC | flags));

	return fd == -EACCES && walk->in_procfs ? procfs_open_own(walk->call, walk->dir, name, flags) : fd;
}

/* The kernel's word. Where it has none, the way that we came, if that leads to this object. */
static int walk_read_name(struct walk *walk, int fd, char name[PATH_NAME_SIZE])
{
	const int kind = path_name_read(walk->supervisor, fd, walk->suspect, name);

	if (kind != -ENAMETOOLONG || !long_name_leads_to(walk->supervisor, fd, walk->way))
		return kind;
	long_names_remember(walk->supervisor->long_names, fd, walk->way);
	memcpy(name, walk->way, strlen(walk->way) + 1);
	return NAME_SURE;
}

static int walk_judge_mount(const struct walk *walk, const struct statx *info)
{
	if (mounts_shows_process(walk->supervisor->mounts, info->stx_mnt_id))
		return -EACCES;
	return walk->wary && slow_mount(walk->call, info->stx_mnt_id) ? -SLOW_ERROR : 0;
}

/* Takes over fd as the directory of the walk, also when it fails. */
static int walk_enter(struct walk *walk, int fd)
{
	struct statx info;
	const bool first = walk->dir < 0;
	int error = walk_stat(fd, &info);

	if (error == 0)
		error = walk_judge_mount(walk, &info);
	if (error == 0 && !first && (walk->path->flags & PATH_NO_XDEV) && info.stx_mnt_id != walk->here.stx_mnt_id)
		error = -EXDEV;
	if (error < 0) {
		close(fd);
		return error;
	}
	if (first || !walk_same_device(&info, &walk->here))
		walk->in_procfs = procfs_holds(fd);
	if (!first)
		close(walk->dir);
	walk->dir = fd;
	walk->here = info;
	walk->place = walk->in_procfs ? procfs_locate(walk->supervisor, fd, info.stx_ino) : PROCFS_OTHER;
	return 0;
}

static int walk_enter_copy(struct walk *walk, int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : walk_enter(walk, copy);
}

/* Where a string begins by number: on a procfs nobody has judged the way there. */
static int walk_enter_held(struct walk *walk)
{
	const int error = walk_enter_copy(walk, walk->path->held);

	return error == 0 && walk->in_procfs ? procfs_judge_held(walk->call, walk->dir) : error;
}

static int walk_to_root(struct walk *walk)
{
	if (walk->path->flags & PATH_BENEATH)
		return -EXDEV;
	if (walk->path->flags & PATH_IN_ROOT) {
		walk->suspect = !walk->path->held_sure;
		long_way_begin(walk->way, walk->path->name, walk->path->held_length);
		return walk_enter_held(walk);
	}
	/* RESOLVE_NO_XDEV compares with a root that the kernel looks up only later (5.6 to 6.18). */
	if (walk->dir >= 0 && (walk->path->flags & PATH_NO_XDEV) && !walk->root_known)
		return -EXDEV;
	walk->root_known = true;
	walk->suspect = false;
	long_way_begin(walk->way, "/", 1);
	return walk_enter_copy(walk, walk->supervisor->root_fd);
}

static int walk_from_held(struct walk *walk)
{
	char name[PATH_NAME_SIZE];

	walk->suspect = !walk->path->held_sure;
	long_way_begin(walk->way, walk->path->name, walk->path->held_length);
	if (walk->judged) {
		const int kind = path_name_read(walk->supervisor, walk->path->held, true, name);

		if (kind < 0)
			return kind;
		if (path_name_judge(walk->call, name) < 0)
			return -ENOENT;
	}
	return walk_enter_held(walk);
}

static int walk_begin(struct walk *walk, struct call *call, struct path *path, enum walk_goal goal)
{
	const size_t length = strlen(path->string);
	int error;

	walk->call = call;
	walk->supervisor = call->sandbox->supervisor;
	walk->path = path;
	walk->goal = goal;
	walk->dir = -1;
	walk->judged = access_active(call, CAT_WALK);
	walk->wary = slow_matters(call);
	walk->root_known = walk->in_procfs = walk->done = false;
	/* What path_open_lexical() has met a symlink in is not tried again as a whole. */
	walk->leap = path->string[0] != '/' ||
		     !(path->lexical || mounts_below_procfs(walk->supervisor->mounts, path->string));
	walk->links = walk->leaps = 0;
	walk->rest = walk->text + sizeof(walk->text) - 1 - length;
	memcpy(walk->rest, path->string, length + 1);
	error = path->string[0] == '/' ? walk_to_root(walk) : walk_from_held(walk);
	walk->start = walk->here;
	return error;
}

/* Walk is decided before the component is touched: what is hidden does not exist. */
static int walk_judge(struct walk *walk, const struct walk_part *part)
{
	char name[PATH_NAME_SIZE];
	int error;

	if (walk->judged) {
		error = walk_read_name(walk, walk->dir, name);
		if (error >= 0)
			error = path_name_join(name, part->name, strlen(part->name));
		if (error == 0)
			error = access_check(walk->call, CAT_WALK, name);
		if (error < 0)
			return error;
	}
	return walk->in_procfs ? procfs_judge(walk->call, walk->dir, walk->place, part->name) : 0;
}

static int walk_set_name(struct walk *walk, int fd)
{
	const int kind = walk_read_name(walk, fd, walk->path->name);

	walk->path->unnamed = kind == NAME_NONE;
	return kind < 0 ? kind : 0;
}

/* openat2 refuses what left the scope while we walked; the name tells it here. */
static int walk_check_scope(const struct walk *walk)
{
	char top[PATH_NAME_SIZE];
	size_t length;
	int kind;

	if (!(walk->path->flags & WALK_SCOPED))
		return 0;
	kind = path_name_read(walk->supervisor, walk->path->held, false, top);
	if (kind < 0)
		return kind;
	length = str_equal(top, "/") ? 0 : strlen(top);
	if (strncmp(walk->path->name, top, length) != 0)
		return -EXDEV;
	return walk->path->name[length] == '/' || walk->path->name[length] == '\0' ? 0 : -EXDEV;
}

/* Takes over fd. */
static int walk_end_object(struct walk *walk, int fd)
{
	int error;

	walk->path->object = fd;
	walk->done = true;
	error = walk_set_name(walk, fd);
	return error < 0 ? error : walk_check_scope(walk);
}

static int walk_set_base(struct walk *walk, const struct walk_part *part)
{
	const size_t length = strlen(part->name);

	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(walk->path->base, part->name, length);
	walk->path->base[length] = part->slash ? '/' : '\0';
	walk->path->base[length + 1] = '\0';
	walk->path->parent = take_fd(&walk->dir);
	return 0;
}

/* A last ".." is left to the kernel, which refuses it; the name is only for the log. */
static int walk_name_last(struct walk *walk, const char *name)
{
	char *full = walk->path->name;
	int error = walk_set_name(walk, walk->path->parent);

	if (error < 0 || str_equal(name, "."))
		return error;
	if (!str_equal(name, ".."))
		return path_name_join(full, name, strlen(name));
	if (strrchr(full, '/') != NULL && !str_equal(full, "/"))
		*(strrchr(full, '/') == full ? full + 1 : strrchr(full, '/')) = '\0';
	return 0;
}

static int walk_end_parent(struct walk *walk, const struct walk_part *part)
{
	AUTO_CLOSE int probe = -1;
	int error;

	if (strlen(part->name) > NAME_MAX) {
		probe = walk_open(walk, part->name, O_NOFOLLOW);
		return probe < 0 ? probe : -ENAMETOOLONG;
	}
	error = walk_set_base(walk, part);
	walk->done = true;
	if (error == 0)
		error = walk_name_last(walk, part->name);
	return error < 0 ? error : walk_check_scope(walk);
}

/* Nothing is left but slashes: the walk ends at the directory where it is. */
static int walk_end_here(struct walk *walk)
{
	if (walk->goal != WALK_PARENT)
		return walk_end_object(walk, take_fd(&walk->dir));
	memcpy(walk->path->base, "/", sizeof("/"));
	walk->path->parent = take_fd(&walk->dir);
	walk->done = true;
	return walk_set_name(walk, walk->path->parent);
}

static int walk_continue(struct walk *walk, const struct walk_part *part)
{
	if (part->slash)
		*part->after = '/';
	walk->rest = part->after;
	return 0;
}

/* What is refused before a name is looked up: a slash behind the last one with O_CREAT, the way out of the scope. */
static int walk_refuse(const struct walk *walk, int error)
{
	AUTO_CLOSE int fd = walk_open(walk, ".", O_DIRECTORY);

	return fd < 0 ? fd : error;
}

static int walk_dots(struct walk *walk, const struct walk_part *part)
{
	const bool up = part->name[1] == '.';
	const char *name = part->name;
	int error;
	int fd;

	if (part->last && walk->goal == WALK_PARENT)
		return walk_end_parent(walk, part);
	if (up && (walk->path->flags & WALK_SCOPED) && walk_same_place(&walk->here, &walk->start)) {
		if (walk->path->flags & PATH_BENEATH)
			return walk_refuse(walk, -EXDEV);
		name = ".";
	}
	walk->root_known = walk->root_known || up;
	fd = walk_open(walk, name, O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	error = walk_enter(walk, fd);
	if (error < 0)
		return error;
	if (name[1] == '.')
		long_way_up(walk->way);
	walk->leap = true;
	return part->last ? walk_end_object(walk, take_fd(&walk->dir)) : walk_continue(walk, part);
}

/* In the kernel's order: the number of links, protected links (last ones only), then the mount. */
static int walk_may_follow(struct walk *walk, const struct walk_part *part, int link, const struct statx *info)
{
	struct statfs mount;

	if (walk->links++ >= WALK_LINKS_MAX)
		return -ELOOP;
	if (part->last && path_link_check(walk->call, &walk->here, info) < 0)
		return -EACCES;
	if (walk->path->flags & PATH_NO_SYMLINKS)
		return -ELOOP;
	if (fstatfs(link, &mount) < 0)
		return -errno;
	return (mount.f_flags & ST_NOSYMFOLLOW) ? -ELOOP : 0;
}

static int walk_jump_allowed(const struct walk *walk)
{
	if (walk->path->flags & PATH_NO_MAGICLINKS)
		return -ELOOP;
	return (walk->path->flags & WALK_SCOPED) ? -EXDEV : 0;
}

/* A magic link within the sandbox: the kernel jumps, with the target's rights; where to is judged afterwards. */
static int walk_jump(struct walk *walk, const struct walk_part *part)
{
	char name[PATH_NAME_SIZE];
	struct statx info;
	int error = walk_jump_allowed(walk);
	AUTO_CLOSE int fd = error < 0 ? error : walk_open(walk, part->name, 0);

	if (fd < 0)
		return fd;
	walk->suspect = true;
	walk->way[0] = '\0';
	error = walk_stat(fd, &info);
	if (error == 0)
		error = walk_judge_mount(walk, &info);
	if (error == 0 && procfs_holds(fd))
		error = procfs_judge_held(walk->call, fd);
	if (error == 0 && walk->judged) {
		error = path_name_read(walk->supervisor, fd, true, name);
		error = error >= 0 ? path_name_judge(walk->call, name) : error == -ENAMETOOLONG ? 0 : error;
	}
	if (error < 0)
		return error;
	if ((walk->path->flags & PATH_NO_XDEV) && info.stx_mnt_id != walk->here.stx_mnt_id)
		return -EXDEV;
	if ((!part->last || part->slash) && !S_ISDIR(info.stx_mode))
		return -ENOTDIR;
	if (part->last)
		return walk_end_object(walk, take_fd(&fd));
	error = walk_enter(walk, take_fd(&fd));
	return error < 0 ? error : walk_continue(walk, part);
}

static ssize_t walk_read_link(struct walk *walk, const struct walk_part *part, int link, char text[PATH_MAX])
{
	ssize_t length = walk->in_procfs ? procfs_self_text(walk->call, walk->place, part->name, text) : 0;

	if (length != 0)
		return length;
	length = errno_result((int)readlinkat(link, "", text, PATH_MAX));
	if (length == 0)
		return -ENOENT;
	return length < PATH_MAX ? length : -ENAMETOOLONG;
}

static int walk_follow(struct walk *walk, const struct walk_part *part, int link, const struct statx *info)
{
	char text[PATH_MAX];
	ssize_t length;
	int error = walk_may_follow(walk, part, link, info);

	if (error < 0)
		return error;
	if (procfs_is_magic(walk->place, part->name))
		return walk_jump(walk, part);
	length = walk_read_link(walk, part, link, text);
	if (length < 0)
		return (int)length;
	walk_continue(walk, part);
	if (walk->rest - walk->text < length)
		return -ENAMETOOLONG;
	walk->rest -= length;
	memcpy(walk->rest, text, (size_t)length);
	walk->leap = true;
	return text[0] == '/' ? walk_to_root(walk) : 0;
}

static int walk_open_part(const struct walk *walk, const struct walk_part *part)
{
	/* O_DIRECTORY makes an automount happen, as crossing it does: that may take its time. */
	int fd = walk_open(walk, part->name, O_NOFOLLOW | (part->last || walk->wary ? 0 : O_DIRECTORY));

	if (fd == -ENOTDIR && !part->last)
		fd = walk_open(walk, part->name, O_NOFOLLOW);
	return fd;
}

/* The last component is here and is not a link to follow; takes over fd when it succeeds. */
static int walk_end_found(struct walk *walk, const struct walk_part *part, int fd, const struct statx *info)
{
	int error;

	if (part->slash && !S_ISDIR(info->stx_mode))
		return -ENOTDIR;
	if ((walk->path->flags & PATH_NO_XDEV) && info->stx_mnt_id != walk->here.stx_mnt_id)
		return -EXDEV;
	if (walk->in_procfs && S_ISLNK(info->stx_mode)) {
		error = procfs_self_text(walk->call, walk->place, part->name, walk->path->link_text);
		if (error < 0)
			return error;
	}
	if (walk->goal == WALK_CREATE) {
		error = walk_set_base(walk, part);
		if (error < 0)
			return error;
	}
	return walk_end_object(walk, fd);
}

/* A name that is not opened for the result: whose it is in a procfs is known by a look only. */
static int walk_judge_parent(const struct walk *walk, const struct walk_part *part)
{
	AUTO_CLOSE int fd = walk->in_procfs ? walk_open(walk, part->name, O_NOFOLLOW) : -ENOENT;

	return fd < 0 ? 0 : procfs_judge_opened(walk->call, fd, walk->place, part->name);
}

static int walk_name(struct walk *walk, const struct walk_part *part)
{
	AUTO_CLOSE int fd = -1;
	struct statx info;
	int error = walk_judge(walk, part);

	if (error == 0 && part->last && walk->goal == WALK_PARENT)
		error = walk_judge_parent(walk, part);
	if (error < 0)
		return error;
	if (part->last && walk->goal == WALK_PARENT)
		return walk_end_parent(walk, part);
	if (part->last && part->slash && walk->goal == WALK_CREATE)
		return walk_refuse(walk, -EISDIR);
	fd = walk_open_part(walk, part);
	if (fd == -ENOENT && part->last && walk->goal == WALK_CREATE)
		return walk_end_parent(walk, part);
	if (fd < 0)
		return fd;
	error = walk_stat(fd, &info);
	if (error == 0)
		error = walk_judge_mount(walk, &info);
	if (error == 0 && walk->in_procfs)
		error = procfs_judge_opened(walk->call, fd, walk->place, part->name);
	if (error < 0)
		return error;
	if (S_ISLNK(info.stx_mode) && (!part->last || part->slash || (walk->path->flags & PATH_FOLLOW)))
		return walk_follow(walk, part, fd, &info);
	long_way_down(walk->way, part->name);
	if (part->last) {
		error = walk_end_found(walk, part, fd, &info);
		fd = walk->path->object >= 0 ? -1 : fd;
		return error;
	}
	if (!S_ISDIR(info.stx_mode))
		return -ENOTDIR;
	error = walk_enter(walk, take_fd(&fd));
	return error < 0 ? error : walk_continue(walk, part);
}

/*
 * The rest in one open, where nothing is decided on the way and no symlink is crossed: the errno of
 * a missing name, and the object, are the same as step by step. What turns out to be in a
 * procfs, or has too long a name, is given back. 1: not to be done in one.
 */
static int walk_leap(struct walk *walk, const char *rest)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | ((walk->path->flags & PATH_FOLLOW) ? 0 : O_NOFOLLOW),
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	AUTO_CLOSE int fd = -1;
	int error;

	if (walk->goal != WALK_OBJECT || walk->judged || walk->wary || walk->in_procfs ||
		(walk->path->flags & (WALK_SCOPED | PATH_NO_XDEV)) || procfs_names_ours(walk->supervisor, rest))
		return 1;
	fd = (int)errno_result(cage_call(walk->supervisor, SYS_openat2, walk->dir, rest, &how, sizeof(how)));
	if (fd == -ENOENT)
		return fd;
	if (fd < 0 || procfs_holds(fd))
		return 1;
	error = walk_set_name(walk, fd);
	if (error == -ENAMETOOLONG)
		return 1;
	walk->path->object = take_fd(&fd);
	walk->done = true;
	return error;
}

static int walk_step(struct walk *walk)
{
	struct walk_part part;
	int error = 1;

	part.name = walk->rest + strspn(walk->rest, "/");
	if (*part.name == '\0')
		return walk_end_here(walk);
	if (walk->leap && walk->leaps++ < WALK_LEAPS_MAX)
		error = walk_leap(walk, part.name);
	walk->leap = false;
	if (error <= 0)
		return error;
	part.after = part.name + strcspn(part.name, "/");
	part.slash = *part.after == '/';
	part.last = part.after[strspn(part.after, "/")] == '\0';
	*part.after = '\0';
	if (str_equal(part.name, ".") || str_equal(part.name, ".."))
		return walk_dots(walk, &part);
	return walk_name(walk, &part);
}

int walk_path(struct call *call, struct path *path, enum walk_goal goal)
{
	struct walk walk;
	int error = walk_begin(&walk, call, path, goal);

	while (error == 0 && !walk.done)
		error = walk_step(&walk);
	if (walk.dir >= 0)
		close(walk.dir);
	/* A name to be made or removed may be a mount point. */
	if (error == 0 && walk.wary && slow_name(call, path->name))
		return -SLOW_ERROR;
	return error;
}
