/*
 * Helpers of the path handlers. Owns no state. The families ask the policy themselves,
 * after the path's own errors and before the effect; only what every maker and remover of
 * names asks is here.
 */
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/mem.h"
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

int common_object(struct call *call, unsigned dirfd, unsigned string, unsigned at_flags, struct path *path, int *fd_out)
{
	uint64_t address = call_arg(call, string);
	char first = '\0';
	int error = 0;

	*fd_out = -1;
	if (!(at_flags & AT_EMPTY_PATH) || call_arg_int(call, dirfd) == AT_FDCWD)
		return common_lookup(call, (int)dirfd, string,
			common_path_flags(at_flags) | (at_flags & AT_EMPTY_PATH ? PATH_NULL_EMPTY : 0), path);
	if (address)
		error = mem_read(call, address, &first, 1);
	if (error < 0)
		return error;
	/* It is read again as a name: one that became empty meanwhile is ENOENT, never the descriptor. */
	if (first)
		return common_lookup(
			call, (int)dirfd, string, common_path_flags(at_flags & ~(unsigned)AT_EMPTY_PATH), path);
	error = *fd_out = common_descriptor(call, dirfd, path);
	return error < 0 ? error : 0;
}

bool common_call_is_missing(long number)
{
	/* Wrong in every argument: it has no effect where it exists. */
	return syscall(number, -1L, NULL, -1L, NULL, -1L, -1L) < 0 && errno == ENOSYS;
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

int common_check_make(struct call *call, const struct path *path, enum category category)
{
	int error = category == CAT_MKDIR ? common_check_missing(path) : common_check_new(path);

	if (error >= 0)
		error = access_check_made(call, path->name);
	return error < 0 ? error : access_check_path(call, category, path);
}

int common_read_only(const struct path *path, int error)
{
	struct statvfs fs;

	return fstatvfs(path->parent, &fs) == 0 && (fs.f_flag & ST_RDONLY) ? -EROFS : error;
}

int common_check_remove(struct call *call, const struct path *path, enum category category)
{
	mode_t mode;
	int error;

	/* The kernel has an errno of its own for each of these, and never an effect. */
	if (common_base_is_fixed(path))
		return 0;
	error = common_base_mode(path, &mode);
	return error < 0 ? common_read_only(path, error) : access_check_path(call, category, path);
}
