/*
 * access, faccessat, faccessat2: may the target's real (or effective) ids do this to a
 * file? The kernel answers for the held object; the stat category decides whether
 * the file exists for the target at all.
 */
#include <sys/syscall.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/identity.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define ACCESS_MODES (R_OK | W_OK | X_OK)
#define ACCESS_AT_FLAGS (AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

static const struct {
	enum sysno sysno;
	int8_t dirfd;
	int8_t flags;
	uint8_t string;
	uint8_t mode;
} access_rows[] = {
	{ SC_access, ARG_NONE, ARG_NONE, 0, 1 },
	{ SC_faccessat, 0, ARG_NONE, 1, 2 },
	{ SC_faccessat2, 0, 3, 1, 2 },
};

static int access_of_object(struct call *call, const struct path *path, int mode)
{
	int error = access_check_path(call, CAT_STAT, path);

	if (error < 0)
		return error;
	/* AT_EACCESS: the ids to ask about are the ones we have assumed, not our real ones. */
	return (int)errno_result(syscall(SYS_faccessat2, path->object, "", mode, AT_EMPTY_PATH | AT_EACCESS));
}

static struct verdict access_enter(struct call *call)
{
	__typeof__(&access_rows[0]) row = COMMON_ROW(access_rows, call);
	unsigned flags = (unsigned)common_arg(call, row->flags, 0);
	int mode = call_arg_int(call, row->mode);
	PATH_LOCAL(path);
	int error = 0;

	if ((mode & ~ACCESS_MODES) || (flags & ~(unsigned)ACCESS_AT_FLAGS))
		return verdict_fail(EINVAL);
	/* The walk to the file is made with the real ids, too. */
	if (!(flags & AT_EACCESS))
		error = identity_take_real(call);
	if (error >= 0)
		error = common_lookup(call, row->dirfd, row->string, common_path_flags(flags), &path);
	if (error >= 0)
		error = common_mask(call, &path);
	if (error >= 0)
		error = access_of_object(call, &path, mode);
	return verdict_result(error);
}

const struct handler handler_access = {
	.name = "access",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = access_enter,
};
