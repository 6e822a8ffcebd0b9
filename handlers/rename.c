/*
 * A second name for a thing that has one: rename, link and their at forms. The rename category
 * decides on both ends. Names hold still: a name that allows more than the old one is refused. This is
 * sound because every rename and link of the sandbox comes through here, one after the
 * other: between the look at base and the act, nothing older can have moved there. In a
 * worker that is not so, and nothing is decided by what is there.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/identity.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define RENAME_ALL_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)
#define RENAME_SETGID (S_ISGID | S_IXGRP)
#define LINK_AT_FLAGS (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)

static bool rename_flags_are_wrong(unsigned flags)
{
	return (flags & ~(unsigned)RENAME_ALL_FLAGS) ||
	       ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)));
}

/*
 * A directory that may not be searched is an error of its path, found before the other path is
 * looked at. What is there, or not, is of no interest yet.
 */
static int rename_find_parent(struct call *call, int dirfd, unsigned string, struct path *path)
{
	mode_t mode;
	int error = common_lookup_parent(call, dirfd, string, path);

	if (error >= 0 && common_base_mode(path, &mode) == -EACCES)
		error = -EACCES;
	return error;
}

/* One direction of a move, by what is there now. Nothing there: ENOENT, never a move unseen. */
static int rename_check(struct call *call, const struct path *from, const struct path *to)
{
	mode_t mode;
	int error = common_base_mode(from, &mode);

	/* Where it may have become a directory before it is moved, it counts as one. */
	return error < 0 ? error
			 : access_check_move(call, from->name, to->name, S_ISDIR(mode) || call_runs_beside(call));
}

/* Both ends as they are now: 0, or the error that comes before any right is asked for. */
static int rename_check_ends(const struct path *from, const struct path *to, unsigned flags)
{
	mode_t mode;
	int error = common_base_mode(from, &mode);

	if (error < 0)
		return error;
	error = common_base_mode(to, &mode);
	if (error == 0)
		return flags & RENAME_NOREPLACE ? -EEXIST : 0;
	return error == -ENOENT && !(flags & RENAME_EXCHANGE) ? 0 : error;
}

static int rename_ask(struct call *call, const struct path *from, const struct path *to, unsigned flags)
{
	int error = rename_check_ends(from, to, flags);

	if (error >= 0 && !(flags & RENAME_EXCHANGE))
		error = access_check_made(call, to->name);
	if (error >= 0)
		error = access_check_path(call, CAT_RENAME, from);
	/* A whiteout is a character device that is left behind. */
	if (error >= 0 && (flags & RENAME_WHITEOUT))
		error = access_check_path(call, CAT_MKCDEV, from);
	if (error >= 0)
		error = access_check_path(call, CAT_RENAME, to);
	return error;
}

static int rename_judge(struct call *call, const struct path *from, const struct path *to, unsigned flags)
{
	int error;

	/* The kernel has an errno of its own for each of these, and never an effect. */
	if (common_base_is_fixed(from) || common_base_is_fixed(to))
		return 0;
	error = rename_ask(call, from, to, flags);
	if (error >= 0)
		error = rename_check(call, from, to);
	if (error >= 0 && (flags & RENAME_EXCHANGE))
		error = rename_check(call, to, from);
	return error;
}

static bool rename_mounts_differ(const struct path *from, const struct path *to)
{
	struct statx old, new;
	unsigned known;

	if (statx(from->parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &old) < 0 ||
		statx(to->parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &new) < 0)
		return false;
	known = old.stx_mask & new.stx_mask;
	return (known & STATX_MNT_ID) && old.stx_mnt_id != new.stx_mnt_id;
}

static int rename_do(struct call *call, const struct path *from, const struct path *to, unsigned flags)
{
	int error = rename_judge(call, from, to, flags);

	/* The kernel compares the mounts, and asks whether it may write, before it looks at what is there. */
	if (error == -ENOENT || error == -EEXIST)
		return rename_mounts_differ(from, to) ? -EXDEV : common_read_only(from, error);
	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	return (int)errno_result(syscall(SYS_renameat2, from->parent, from->base, to->parent, to->base, flags));
}

/* The kernel looks at the old name before it looks at the last part of the new one. */
static int rename_find_new(struct call *call, bool at, const struct path *from, struct path *to)
{
	int error = rename_find_parent(call, at ? 2 : ARG_NONE, at ? 3 : 1, to);
	mode_t mode;

	if (error == -ENAMETOOLONG && strnlen(to->string, sizeof(to->string)) < sizeof(to->string) &&
		common_base_mode(from, &mode) == -ENOENT)
		error = -ENOENT;
	return error;
}

static struct verdict rename_enter(struct call *call)
{
	bool at = call_sysno(call) != SC_rename;
	unsigned flags = call_sysno(call) == SC_renameat2 ? (unsigned)call_arg_int(call, 4) : 0;
	PATH_LOCAL(from);
	PATH_LOCAL(to);
	int error;

	if (rename_flags_are_wrong(flags))
		return verdict_fail(EINVAL);
	error = rename_find_parent(call, at ? 0 : ARG_NONE, at ? 1 : 0, &from);
	if (error >= 0)
		error = rename_find_new(call, at, &from, &to);
	if (error >= 0)
		error = rename_do(call, &from, &to, flags);
	return verdict_result(error);
}

/* A file that never had a name (O_TMPFILE) has one end only; else the old name binds. */
static int rename_check_link(struct call *call, const struct path *from, const struct path *to)
{
	struct stat st;
	int error = errno_result(fstatat(from->object, "", &st, AT_EMPTY_PATH));

	if (error < 0)
		return error;
	/* Nobody knows what the rules say of it: it is outside of every mount that has names here. */
	if (st.st_nlink > 0 && from->unnamed)
		return -EXDEV;
	if (st.st_nlink > 0)
		error = access_check_path(call, CAT_RENAME, from);
	if (error >= 0)
		error = access_check_path(call, CAT_RENAME, to);
	if (error < 0 || st.st_nlink == 0)
		return error;
	return access_check_move(call, from->name, to->name, false);
}

/* As fs.protected_hardlinks: who gives a file a second name owns it, or could open it for reading and writing. */
static int rename_check_source(struct call *call, const struct path *from)
{
	struct stat st;

	if (!access_guards_hardlinks(call))
		return 0;
	if (fstat(from->object, &st) < 0)
		return -errno;
	if (st.st_uid == (uid_t)setfsuid((uid_t)-1) || identity_acts_with(call, CAP_FOWNER))
		return 0;
	if (S_ISREG(st.st_mode) && !(st.st_mode & S_ISUID) && (st.st_mode & RENAME_SETGID) != RENAME_SETGID &&
		syscall(SYS_faccessat2, from->object, "", R_OK | W_OK, AT_EACCESS | AT_EMPTY_PATH) == 0)
		return 0;
	return access_refuse_link(call, true);
}

static struct verdict rename_enter_link(struct call *call)
{
	bool at = call_sysno(call) == SC_linkat;
	int flags = at ? call_arg_int(call, 4) : 0;
	unsigned path_flags = (flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
	PATH_LOCAL(from);
	PATH_LOCAL(to);
	char name[PATH_OF_FD_SIZE];
	int error;

	if (flags & ~LINK_AT_FLAGS)
		return verdict_fail(EINVAL);
	error = common_lookup(call, at ? 0 : ARG_NONE, at ? 1 : 0, path_flags, &from);
	if (error >= 0)
		error = common_lookup_parent(call, at ? 2 : ARG_NONE, at ? 3 : 1, &to);
	if (error >= 0)
		error = common_check_new(&to);
	if (error >= 0)
		error = access_check_made(call, to.name);
	if (error >= 0)
		error = rename_check_link(call, &from, &to);
	if (error >= 0)
		error = rename_check_source(call, &from);
	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return verdict_fail(error);
	/* The name leads to the held object, a symlink included; it asks no capability. */
	path_of_fd(from.object, name);
	return verdict_result(errno_result(linkat(AT_FDCWD, name, to.parent, to.base, AT_SYMLINK_FOLLOW)));
}

const struct handler handler_rename = {
	.name = "rename",
	.flags = H_READS_MEM | H_IDENTITY | H_HOLDS_NAMES,
	.categories = CAT_BIT(CAT_RENAME) | CAT_BIT(CAT_MKCDEV) | CAT_BIT(CAT_WALK),
	.enter = rename_enter,
};

const struct handler handler_link = {
	.name = "link",
	.flags = H_READS_MEM | H_IDENTITY | H_HOLDS_NAMES,
	.categories = CAT_BIT(CAT_RENAME) | CAT_BIT(CAT_WALK),
	.enter = rename_enter_link,
};
