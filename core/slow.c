/*
 * What is known of slow mounts without touching them: the kernel's list, the text of links in
 * procfs, the number of a held object's mount.
 */
#include "core/slow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/call.h"
#include "core/mounts.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

bool slow_matters(const struct call *call)
{
	const struct mounts *mounts = call->sandbox->supervisor->mounts;

	/* A worker decides by the policy that it was forked with. Rather wait here than decide by an old one. */
	return !call->may_block && !call->sandbox->policy_changed && mounts && mounts_any_slow(mounts);
}

bool slow_name(const struct call *call, const char *name)
{
	return mounts_below_slow(call->sandbox->supervisor->mounts, name);
}

bool slow_mount(const struct call *call, uint64_t mount_id)
{
	return mounts_is_slow(call->sandbox->supervisor->mounts, mount_id);
}

bool slow_link(const struct call *call, const char *link)
{
	char name[PATH_MAX];
	ssize_t length = readlinkat(call->sandbox->supervisor->proc_fd, link, name, sizeof(name) - 1);

	/* What cannot be read, or is too long, is left to whoever may wait. */
	if (length < 0 || length == sizeof(name) - 1)
		return errno == EACCES || errno == ENAMETOOLONG || length > 0;
	name[length] = '\0';
	return slow_name(call, name);
}

bool slow_object(const struct call *call, int fd)
{
	struct statx info;

	/* Nothing is asked for that the filesystem would have to say; the mount is the kernel's own knowledge. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &info) < 0)
		return true;
	return !(info.stx_mask & STATX_MNT_ID) || slow_mount(call, info.stx_mnt_id);
}
