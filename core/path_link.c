/*
 * The rule of fs.protected_symlinks, whoever asks for it. Opens nothing.
 */
#include "core/path_link.h"

#include <errno.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "core/access.h"
#include "core/call.h"
#include "core/mounts.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

bool path_link_is_hostile(unsigned dir_mode, unsigned dir_uid, unsigned link_uid, unsigned follower)
{
	if (link_uid == follower || (dir_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
		return false;
	return dir_uid != link_uid;
}

int path_link_check(struct call *call, const struct statx *dir, const struct statx *link)
{
	const unsigned follower = (unsigned)setfsuid((uid_t)-1);

	if (!path_link_is_hostile(dir->stx_mode, dir->stx_uid, link->stx_uid, follower))
		return 0;
	if (mounts_protected_symlinks(call->sandbox->supervisor->mounts))
		return -EACCES;
	return access_guards_symlinks(call) ? access_refuse_link(call, false) : 0;
}
