/*
 * statfs, fstatfs and their 64 forms: facts about the filesystem of the held object,
 * in the layout of the caller. Decides the stat category.
 */
#include <sys/vfs.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

static bool statfs_is_wide(const struct call *call)
{
	return call_sysno(call) == SC_statfs64 || call_sysno(call) == SC_fstatfs64;
}

static struct verdict statfs_answer(struct call *call, int fd, const struct path *path)
{
	struct statfs result;
	bool wide = statfs_is_wide(call);
	int error = access_check_path(call, CAT_STAT, path);

	if (error >= 0)
		error = errno_result(fstatfs(fd, &result));
	if (error < 0)
		return verdict_fail(error);
	return verdict_result(mem_write_statfs(call, call_arg(call, wide ? 2 : 1), wide ? STAT_64 : STAT_NEW, &result));
}

static bool statfs_size_is_wrong(const struct call *call)
{
	return statfs_is_wide(call) && !mem_statfs64_fits(call, call_arg(call, 1));
}

static struct verdict statfs_enter(struct call *call)
{
	PATH_LOCAL(path);
	int error;

	if (statfs_size_is_wrong(call))
		return verdict_fail(EINVAL);
	error = common_lookup(call, ARG_NONE, 0, PATH_FOLLOW, &path);
	return error < 0 ? verdict_fail(error) : statfs_answer(call, path.object, &path);
}

static struct verdict statfs_enter_fd(struct call *call)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = -1;

	if (statfs_size_is_wrong(call))
		return verdict_fail(EINVAL);
	fd = common_descriptor(call, 0, &path);
	return fd < 0 ? verdict_fail(fd) : statfs_answer(call, fd, &path);
}

const struct handler handler_statfs = {
	.name = "statfs",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = statfs_enter,
};

const struct handler handler_fstatfs = {
	.name = "fstatfs",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT),
	.enter = statfs_enter_fd,
};
