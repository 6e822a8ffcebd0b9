/*
 * mknod and mknodat. The type says which category decides: mkbdev, mkcdev, mkfifo, or create
 * for a plain file and a socket. Device nodes need CAP_MKNOD: the target's own, which is assumed.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/identity.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

/* What the kernel says of the type before it looks at the path. */
static int node_check_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

static enum category node_category(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFBLK:
		return CAT_MKBDEV;
	case S_IFCHR:
		return CAT_MKCDEV;
	case S_IFIFO:
		return CAT_MKFIFO;
	default:
		return CAT_CREATE;
	}
}

/* A device reaches the machine behind every rule: a default that allows it is not enough. */
static int node_check_device(struct call *call, const struct path *path, enum category category)
{
	if (category != CAT_MKBDEV && category != CAT_MKCDEV)
		return 0;
	return access_has_rule(call, category, path->name) ? 0 : -EPERM;
}

static struct verdict node_enter(struct call *call)
{
	bool at = call_sysno(call) == SC_mknodat;
	mode_t mode = (uint16_t)call_arg_int(call, at ? 2 : 1);
	unsigned device = (unsigned)call_arg_int(call, at ? 3 : 2);
	PATH_LOCAL(path);
	int error = node_check_type(mode);

	if (error >= 0)
		error = common_lookup_parent(call, at ? 0 : ARG_NONE, at ? 1 : 0, &path);
	if (error >= 0)
		error = common_check_make(call, &path, node_category(mode));
	if (error >= 0)
		error = node_check_device(call, &path, node_category(mode));
	if (error >= 0)
		error = identity_take_umask(call, NULL);
	if (error >= 0)
		error = call_revalidate(call);
	/* Not through libc, which takes the device number apart and puts it together anew. */
	if (error >= 0)
		error = (int)errno_result(syscall(SYS_mknodat, path.parent, path.base, mode, device));
	return verdict_result(error);
}

const struct handler handler_mknod = {
	.name = "mknod",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_MKBDEV) | CAT_BIT(CAT_MKCDEV) | CAT_BIT(CAT_MKFIFO) | CAT_BIT(CAT_CREATE) |
		      CAT_BIT(CAT_WALK),
	.enter = node_enter,
};
