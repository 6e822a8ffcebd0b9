/*
 * Names made and removed in a held directory: mkdir, rmdir, unlink, symlink and their
 * at forms. Each decides the category of its name; unlinkat is two calls in one, and asks
 * delete or rmdir as its flag says.
 */
#include <limits.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

static struct verdict namei_enter_mkdir(struct call *call)
{
	bool at = call_sysno(call) == SC_mkdirat;
	PATH_LOCAL(path);
	int error = common_lookup_parent(call, at ? 0 : ARG_NONE, at ? 1 : 0, &path);

	if (error >= 0)
		error = common_check_make(call, &path, CAT_MKDIR);
	if (error >= 0)
		error = identity_take_umask(call, NULL);
	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = errno_result(mkdirat(path.parent, path.base, (mode_t)call_arg_int(call, at ? 2 : 1)));
	return verdict_result(error);
}

static struct verdict namei_enter_remove(struct call *call)
{
	bool at = call_sysno(call) == SC_unlinkat;
	int flags = call_sysno(call) == SC_rmdir ? AT_REMOVEDIR : 0;
	PATH_LOCAL(path);
	int error;

	if (at)
		flags = call_arg_int(call, 2);
	if (flags & ~AT_REMOVEDIR)
		return verdict_fail(EINVAL);
	error = common_lookup_parent(call, at ? 0 : ARG_NONE, at ? 1 : 0, &path);
	if (error >= 0)
		error = common_check_remove(call, &path, flags ? CAT_RMDIR : CAT_DELETE);
	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = errno_result(unlinkat(path.parent, path.base, flags));
	return verdict_result(error);
}

static struct verdict namei_enter_symlink(struct call *call)
{
	bool at = call_sysno(call) == SC_symlinkat;
	PATH_LOCAL(path);
	char text[PATH_MAX];
	ssize_t error = mem_read_string(call, call_arg(call, 0), text, sizeof(text));

	if (error == 0)
		return verdict_fail(ENOENT);
	if (error > 0)
		error = common_lookup_parent(call, at ? 1 : ARG_NONE, at ? 2 : 1, &path);
	if (error >= 0)
		error = common_check_make(call, &path, CAT_SYMLINK);
	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = errno_result(symlinkat(text, path.parent, path.base));
	return verdict_result(error);
}

const struct handler handler_mkdir = {
	.name = "mkdir",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_WALK),
	.enter = namei_enter_mkdir,
};

const struct handler handler_unlink = {
	.name = "unlink",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_WALK),
	.enter = namei_enter_remove,
};

const struct handler handler_rmdir = {
	.name = "rmdir",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_WALK),
	.enter = namei_enter_remove,
};

const struct handler handler_unlinkat = {
	.name = "unlinkat",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_WALK),
	.enter = namei_enter_remove,
};

const struct handler handler_symlink = {
	.name = "symlink",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_SYMLINK) | CAT_BIT(CAT_WALK),
	.enter = namei_enter_symlink,
};
