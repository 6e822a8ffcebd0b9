/*
 * Canonical names from held descriptors. A string out of /proc proves nothing by
 * itself: detached and over-mounted directories read like ordinary ones, and removed ones
 * only gain a suffix that a file name may carry too. Decides walk on the prefixes of a name; opens nothing.
 */
#include "core/path_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/access.h"
#include "core/mounts.h"
#include "core/path_long.h"
#include "core/supervisor.h"
#include "core/util.h"

#define NAME_SECRET "!memfd_secret:" /* as the handler of memfd_secret asks create */
#define NAME_DETACHED_PREFIX "!detached"

#define NAME_FIELDS (STATX_INO | STATX_NLINK | STATX_MNT_ID)

/* A rename between two looks is no sign of a detached mount: look again so many times. */
enum { NAME_TRIES = 3 };

/* By the kernel's list of mounts, which asks nobody for the right to walk the name that it told. */
static bool path_name_leads(const struct supervisor *supervisor, const struct statx *held, const char *name)
{
	return (held->stx_mask & STATX_MNT_ID) && supervisor->mounts &&
	       mounts_lead_to(supervisor->mounts, held->stx_mnt_id, name);
}

/* 1 or 0. Who holds an object may have no right to walk its name (any more); -EACCES when then nothing can be told. */
static int path_name_agrees_unseen(
	const struct supervisor *supervisor, const struct statx *held, const char *name, bool deleted)
{
	if (deleted)
		return held->stx_nlink == 0 ? 0 : -EACCES;
	return path_name_leads(supervisor, held, name) ? 1 : -EACCES;
}

/* 1 or 0; or -errno where the name cannot be looked at. last: who renames faster than we look hides nothing by it. */
static int path_name_agrees(
	const struct supervisor *supervisor, const struct statx *held, const char *name, bool deleted, bool last)
{
	struct statx named;

	if (statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, NAME_FIELDS, &named) <
		0) {
		if (errno == EACCES)
			return path_name_agrees_unseen(supervisor, held, name, deleted);
		/* The last: a long name, and what marks it as deleted. */
		if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
			return -errno;
		named.stx_mask = 0;
	}
	if ((held->stx_mask & named.stx_mask & STATX_MNT_ID) && held->stx_mnt_id == named.stx_mnt_id &&
		held->stx_ino == named.stx_ino && held->stx_dev_major == named.stx_dev_major &&
		held->stx_dev_minor == named.stx_dev_minor)
		return 1;
	return last && !deleted && path_name_leads(supervisor, held, name);
}

static int path_name_prefix(char name[PATH_NAME_SIZE], const char *prefix)
{
	const size_t added = strlen(prefix);
	const size_t length = strlen(name);

	if (added + length >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(name + added, name, length + 1);
	memcpy(name, prefix, added);
	return 0;
}

static ssize_t path_name_link(const struct supervisor *supervisor, int fd, char name[PATH_NAME_SIZE])
{
	char number[16];
	ssize_t length;

	snprintf(number, sizeof(number), "%d", fd);
	length = readlinkat(supervisor->self_fd_dir, number, name, PATH_MAX);
	if (length < 0)
		return -errno;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	name[length] = '\0';
	return length;
}

/* Before the mount went, the name had its point in front: only one that is told now has not. */
static int path_name_told_still(const struct supervisor *supervisor, int fd, const char *name)
{
	char now[PATH_NAME_SIZE];
	ssize_t length = path_name_link(supervisor, fd, now);

	return length < 0 ? (int)length : str_equal(now, name) ? 0 : -EACCES;
}

/*
 * The name does not lead to what is held. Where it is on a mount that we know, that is covered, or was unmounted since
 * we began: then the kernel tells the names below the mount alone, and `point` is what they lack. It keeps the name by
 * which rules know it. The kind, or -errno.
 */
static int path_name_place(
	const struct supervisor *supervisor, int fd, const struct statx *held, const char *name, const char **point)
{
	enum mount_state state = MOUNT_NEVER_SEEN;
	int error;

	if (name[0] != '/')
		return NAME_DETACHED;
	if ((held->stx_mask & STATX_MNT_ID) && supervisor->mounts) {
		mounts_refresh(supervisor->mounts);
		state = mounts_point(supervisor->mounts, held->stx_mnt_id, point);
	}
	if (state == MOUNT_NEVER_SEEN)
		return NAME_DETACHED;
	if (state == MOUNT_GONE) {
		error = path_name_told_still(supervisor, fd, name);
		return error < 0 ? error : NAME_COVERED;
	}
	if (state == MOUNT_GONE_WITH_OTHERS || !name_is_below(name, *point, strlen(*point)))
		return -EACCES;
	*point = "";
	return NAME_COVERED;
}

/* memfd files and their like live on a mount of the kernel's own, at its root. */
static int path_name_cut_deleted(char name[PATH_NAME_SIZE])
{
	name[name_removed_length(name)] = '\0';
	if (str_equal(name, "/secretmem"))
		memcpy(name, NAME_SECRET, sizeof(NAME_SECRET));
	else if (str_starts(name, "/memfd:"))
		name[0] = '!';
	else
		return NAME_DELETED;
	return NAME_MEMORY;
}

/* A name that leads nowhere, or elsewhere. */
static int path_name_give(
	const struct supervisor *supervisor, int fd, const struct statx *held, char name[PATH_NAME_SIZE], bool deleted)
{
	const char *prefix = NULL;
	int kind = path_name_place(supervisor, fd, held, name, &prefix);
	int error;

	if (kind < 0)
		return kind;
	if (deleted && path_name_cut_deleted(name) == NAME_MEMORY)
		return NAME_MEMORY;
	if (kind == NAME_DETACHED)
		prefix = name[0] == '/' ? NAME_DETACHED_PREFIX : NAME_DETACHED_PREFIX "/";
	else if (str_equal(name, "/") && prefix[0])
		name[0] = '\0';
	error = path_name_prefix(name, prefix);
	return error < 0 ? error : deleted && kind == NAME_COVERED ? NAME_DELETED : kind;
}

int path_name_read(const struct supervisor *supervisor, int fd, bool verify, char name[PATH_NAME_SIZE])
{
	struct statx held = { .stx_mask = 0 };
	bool deleted = false;
	ssize_t length = 0;
	int agrees = 0;

	for (int tries = 0; tries < NAME_TRIES; tries++) {
		length = path_name_link(supervisor, fd, name);
		if (length == -ENAMETOOLONG && long_names_find(supervisor, fd, name))
			return NAME_SURE;
		if (length < 0)
			return (int)length;
		if (name[0] != '/')
			break;
		deleted = name_removed_length(name) != 0;
		if (!verify && !deleted)
			return NAME_SURE;
		if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, NAME_FIELDS, &held) < 0)
			return -errno;
		agrees = path_name_agrees(supervisor, &held, name, deleted, tries + 1 == NAME_TRIES);
		if (agrees != 0)
			return agrees > 0 ? NAME_SURE : agrees;
		if (deleted)
			break;
	}
	if (name[0] != '/' && name[0] != '(')
		return NAME_NONE;
	return path_name_give(supervisor, fd, &held, name, deleted);
}

int path_name_join(char name[PATH_NAME_SIZE], const char *component, size_t length)
{
	size_t end = strlen(name);

	if (end > 0 && name[end - 1] == '/')
		end--;
	if (end + 1 + length >= PATH_NAME_SIZE)
		return -ENAMETOOLONG;
	name[end] = '/';
	memcpy(name + end + 1, component, length);
	name[end + 1 + length] = '\0';
	return 0;
}

int path_name_judge(struct call *call, const char *name)
{
	char prefix[PATH_NAME_SIZE];
	int error = 0;

	for (size_t i = 1; error == 0 && name[0] == '/' && name[i - 1] != '\0'; i++) {
		prefix[i - 1] = name[i - 1];
		if (i == 1 || (name[i] != '/' && name[i] != '\0'))
			continue;
		prefix[i] = '\0';
		error = access_check(call, CAT_WALK, prefix);
	}
	return error;
}
