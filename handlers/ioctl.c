/*
 * ioctl, by its request: a value in a register, so that what is allowed goes on in the kernel.
 * Comes here only for what is refused or logged (core/plan_files.c). The paths of devices are
 * decided when they are opened.
 */
#include "core/access.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

static struct verdict ioctl_enter(struct call *call)
{
	int error = access_check_request(call, (uint32_t)call_arg_int(call, 1));

	return error < 0 ? verdict_fail(error) : verdict_continue();
}

const struct handler handler_ioctl = {
	.name = "ioctl",
	.flags = H_REGISTERS,
	.categories = CAT_BIT(CAT_IOCTL),
	.enter = ioctl_enter,
};
