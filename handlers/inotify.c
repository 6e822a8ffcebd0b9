/*
 * inotify_add_watch: the watch is put on the held object, through a duplicate of the
 * target's inotify descriptor. Decides the notify category.
 */
#include <errno.h>
#include <sys/inotify.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

/* Descriptor and mask are judged before the path: an empty one asks about them alone. */
static int inotify_check(int fd, uint32_t mask)
{
	int error = errno_result(inotify_add_watch(fd, "", mask));

	return error == -ENOENT ? 0 : error;
}

static struct verdict inotify_enter(struct call *call)
{
	uint32_t mask = (uint32_t)call_arg_int(call, 2);
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = fds_get(call, call_arg_int(call, 0));
	char name[PATH_OF_FD_SIZE];
	/* One that cannot be reached is no bad one. */
	int error = fd < 0 && fd != -EBADF ? fd : inotify_check(fd, mask);

	if (error >= 0)
		error = common_lookup(call, ARG_NONE, 1, mask & IN_DONT_FOLLOW ? 0 : PATH_FOLLOW, &path);
	if (error >= 0)
		error = access_check_path(call, CAT_NOTIFY, &path);
	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return verdict_fail(error);
	/* The magic link must be followed; where it leads, nothing is any more. IN_UNMOUNT is in every watch. */
	path_of_fd(path.object, name);
	mask = (mask & ~(uint32_t)IN_DONT_FOLLOW) | IN_UNMOUNT;
	return verdict_result(errno_result(inotify_add_watch(fd, name, mask)));
}

const struct handler handler_inotify = {
	.name = "inotify",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_NOTIFY) | CAT_BIT(CAT_WALK),
	.enter = inotify_enter,
};
