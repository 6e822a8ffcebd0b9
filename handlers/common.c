/*
 * Helpers of the path handlers. Owns no state. The families ask the policy themselves,
 * after the path's own errors and before the effect; only what every maker and remover of
 * names asks is here.
 */
#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/path.h"
#include "handlers/common.h"

int common_arg(const struct call *call, int index, int otherwise)
{
	return index == ARG_NONE ? otherwise : call_arg_int(call, (unsigned)index);
}

unsigned common_path_flags(unsigned at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) | (at_flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
}

int common_lookup(struct call *call, int dirfd, unsigned string, unsigned path_flags, struct path *path)
{
	return path_lookup(call, common_arg(call, dirfd, AT_FDCWD), call_arg(call, string), path_flags, path);
}

int common_lookup_parent(struct call *call, int dirfd, unsigned string, struct path *path)
{
	return path_lookup_parent(call, common_arg(call, dirfd, AT_FDCWD), call_arg(call, string), 0, path);
}

int common_descriptor(struct call *call, unsigned index, struct path *path)
{
	int AUTO_CLOSE fd = fds_get(call, call_arg_int(call, index));
	int error;

	if (fd < 0)
		return fd;
	error = path_of_descriptor(call, fd, path);
	return error < 0 ? error : take_fd(&fd);
}

int common_base_mode(const struct path *path, mode_t *mode_out)
{
	struct stat st;
	char base[sizeof(path->base)];
	size_t len = strlen(path->base);
	int error;

	/* A trailing slash would follow a symlink, and turn a plain file into ENOTDIR. */
	memcpy(base, path->base, len + 1);
	if (len > 1 && base[len - 1] == '/')
		base[len - 1] = '\0';
	error = errno_result(fstatat(path->parent, base, &st, AT_SYMLINK_NOFOLLOW));
	*mode_out = error < 0 ? 0 : st.st_mode;
	return error;
}

bool common_base_is_fixed(const struct path *path)
{
	size_t len = strcspn(path->base, "/");

	return len == 0 || (len == 1 && path->base[0] == '.') ||
	       (len == 2 && path->base[0] == '.' && path->base[1] == '.');
}

static int common_check_missing(const struct path *path)
{
	mode_t mode;
	int error = common_base_mode(path, &mode);

	if (error == 0)
		return -EEXIST;
	return error == -ENOENT ? 0 : error;
}

int common_check_new(const struct path *path)
{
	int error = common_check_missing(path);

	/* A slash at its end promises a directory, which only mkdir makes. */
	return error == 0 && strchr(path->base, '/') ? -ENOENT : error;
}

int common_check_make(struct call *call, const struct path *path, bool directory)
{
	int error = directory ? common_check_missing(path) : common_check_new(path);

	return error < 0 ? error : access_check_path(call, CAT_CREATE, path);
}

int common_check_remove(struct call *call, const struct path *path)
{
	mode_t mode;
	int error;

	/* The kernel has an errno of its own for each of these, and never an effect. */
	if (common_base_is_fixed(path))
		return 0;
	error = common_base_mode(path, &mode);
	/* For the tip: Landlock lets names go only where some may be made. */
	access_wants(call, CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE));
	return error < 0 ? error : access_check_path(call, CAT_WRITE, path);
}
