/*
 * fanotify_mark: the mark is put on the held object, through a duplicate of the target's group.
 * Decides the notify category. Which groups and marks there may be is said in core/surface.c: only
 * such as give names, and neither descriptors nor a say in what others open.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/fanotify.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

/* These hold up whoever opens a file until the group answers: also the supervisor. */
#define FANOTIFY_ASKS (UINT64_C(0x10000) | UINT64_C(0x20000) | UINT64_C(0x40000) | UINT64_C(0x100000))

/* Group, flags and mask are judged before the path: an empty one asks about them alone. */
static int fanotify_check(int fd, unsigned flags, uint64_t mask)
{
	int error = errno_result(fanotify_mark(fd, flags, mask, AT_FDCWD, ""));

	if (error != -ENOENT)
		return error;
	/* Only a group from outside of the sandbox can be of a class that has them. */
	return mask & FANOTIFY_ASKS ? -EPERM : 0;
}

/* The object of the path, or the one that dirfd is where there is no path (Linux then wants more than O_PATH). */
static int fanotify_find(struct call *call, unsigned dirfd, unsigned flags, struct path *path, int *fd_out)
{
	if (call_arg(call, dirfd + 1))
		return common_lookup(call, (int)dirfd, dirfd + 1, flags & FAN_MARK_DONT_FOLLOW ? 0 : PATH_FOLLOW, path);
	*fd_out = common_descriptor(call, dirfd, path);
	if (*fd_out < 0)
		return *fd_out;
	return fcntl(*fd_out, F_GETFL) & O_PATH ? -EBADF : 0;
}

static struct verdict fanotify_enter(struct call *call)
{
	unsigned flags = (unsigned)call_arg_int(call, 1);
	uint64_t mask = call_arg_pair(call, 2, 2);
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = fds_get(call, call_arg_int(call, 0));
	int AUTO_CLOSE held = -1;
	char name[PATH_OF_FD_SIZE];
	/* One that cannot be reached is no bad one. */
	int error = fd < 0 && fd != -EBADF ? fd : fanotify_check(fd, flags, mask);

	/* FAN_MARK_FLUSH asks for no path, and is done. */
	if (error == 0 && !(flags & FAN_MARK_FLUSH))
		error = fanotify_find(call, call_is_compat(call) ? 4 : 3, flags, &path, &held);
	if (error >= 0 && (flags & FAN_MARK_ADD))
		error = access_check_path(call, CAT_NOTIFY, &path);
	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0 || (flags & FAN_MARK_FLUSH))
		return verdict_result(error);
	/* The magic link must be followed. */
	path_of_fd(held < 0 ? path.object : held, name);
	return verdict_result(
		errno_result(fanotify_mark(fd, flags & ~(unsigned)FAN_MARK_DONT_FOLLOW, mask, AT_FDCWD, name)));
}

const struct handler handler_fanotify = {
	.name = "fanotify",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_NOTIFY) | CAT_BIT(CAT_WALK),
	.enter = fanotify_enter,
};
