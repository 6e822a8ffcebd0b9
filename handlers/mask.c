/*
 * What mask+ shows in the place of a file. The target is opened with the rights of the caller, by no
 * symlink, which somebody in the sandbox could have put there, and takes the place of the object that the path led to.
 */
#include <unistd.h>

#include "core/access.h"
#include "core/path.h"
#include "handlers/common.h"

int common_mask(const struct call *call, struct path *path)
{
	const char *target = path->unnamed ? NULL : access_mask(call, path->name);
	int fd;

	if (!target)
		return 0;
	fd = path_open_shown(call, target);
	if (fd < 0)
		return fd;
	if (path->object >= 0)
		close(path->object);
	path->object = fd;
	return 1;
}
