/*
 * fcntl(F_SETFL) without O_APPEND, while append+ rules exist, or with O_ASYNC where Landlock keeps no signals inside:
 * everything but such a file's descriptor, and O_ASYNC of a device, is set by us, on a duplicate, which shares the
 * flags. F_SETOWN: a descriptor's signals go to the caller or to nobody.
 */
#include <errno.h>
#include <sys/stat.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

/* A thread is in this call: until it returns, no other process can have its number. */
static struct verdict fcntl_set_owner(const struct call *call)
{
	int owner = call_arg_int(call, 2);

	return owner == 0 || owner == call_tid(call) ? verdict_continue() : verdict_fail(EPERM);
}

/* Whoever makes a terminal signal becomes its owner; also where it does, since FIOASYNC could end that meanwhile. */
static bool fcntl_would_own(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 || S_ISCHR(status.st_mode);
}

static struct verdict fcntl_set_flags(struct call *call)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = common_descriptor(call, 0, &path);
	int error = fd;

	if (error >= 0 && !path.unnamed)
		error = access_check_append(call, path.name, O_WRONLY);
	/* Natively an O_PATH descriptor is refused before anything is looked at. */
	if (error == -EPERM && fcntl(fd, F_GETFL) & O_PATH)
		error = -EBADF;
	if (error >= 0 && call_arg_int(call, 2) & O_ASYNC && fcntl_would_own(fd))
		error = -EPERM;
	if (error >= 0)
		error = call_revalidate(call);
	return verdict_result(error < 0 ? error : errno_result(fcntl(fd, F_SETFL, call_arg_int(call, 2))));
}

static struct verdict fcntl_enter(struct call *call)
{
	return call_arg_int(call, 1) == F_SETOWN ? fcntl_set_owner(call) : fcntl_set_flags(call);
}

const struct handler handler_fcntl = {
	.name = "fcntl",
	.flags = H_IDENTITY | H_REGISTERS,
	.enter = fcntl_enter,
};
