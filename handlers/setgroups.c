/*
 * setgroups where the policy names transitions of ids: the list is checked as the kernel does, and the call then
 * runs with an empty one. The program drops all its groups and is told that it has what it asked for.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>

#include "core/identity.h"
#include "core/mem.h"
#include "core/util.h"
#include "handlers/handlers.h"

#define SETGROUPS_PAGE 4096

/* A valid group is any but all ones, which widens to 32 bits. */
static int setgroups_check(const void *ids, size_t count, size_t size)
{
	const uint16_t *ids16 = ids;
	const uint32_t *ids32 = ids;

	for (size_t i = 0; i < count; i++)
		if (size == sizeof(*ids16) ? ids16[i] == UINT16_MAX : ids32[i] == UINT32_MAX)
			return -EINVAL;
	return 0;
}

/*
 * One id after the other, as the kernel does: EINVAL for a bad one before EFAULT for what is behind it. A piece never
 * crosses a page, so it can be read as a whole or not at all; only one id that lies across is a piece of its own.
 */
static int setgroups_read(struct call *call, uint64_t address, size_t count, size_t size)
{
	_Alignas(uint32_t) unsigned char ids[SETGROUPS_PAGE];
	int error = 0;

	while (count > 0 && error == 0) {
		size_t piece = (SETGROUPS_PAGE - address % SETGROUPS_PAGE) / size;

		if (piece == 0)
			piece = 1;
		if (piece > count)
			piece = count;
		error = mem_read(call, address, ids, piece * size);
		if (error == 0)
			error = setgroups_check(ids, piece, size);
		address += piece * size;
		count -= piece;
	}
	return error;
}

static struct verdict setgroups_enter(struct call *call)
{
	bool short_ids = call_has_short_ids(call) && call_sysno(call) == SC_setgroups;
	unsigned count = (unsigned)call_arg_int(call, 0);
	int error;

	/* Said before anything else (kernel/groups.c), and also where the caller's rights cannot be read. */
	if (identity_capable(call, CAP_SETGID) != 1)
		return verdict_fail(EPERM);
	if (count > NGROUPS_MAX)
		return verdict_fail(EINVAL);
	error = setgroups_read(call, call_arg(call, 1), count, short_ids ? sizeof(uint16_t) : sizeof(uint32_t));
	if (error < 0)
		return verdict_fail(error);
	identity_mark_changing(call);
	call_set_arg(call, 0, 0);
	return verdict_rewrite();
}

const struct handler handler_setgroups = {
	.name = "setgroups",
	.flags = H_TRACE | H_READS_MEM,
	.enter = setgroups_enter,
};
