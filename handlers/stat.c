/*
 * The stat family: stat, lstat, fstat, newfstatat, statx and their older and wider
 * forms. Asks our kernel about the held object and writes the answer in the layout
 * of the caller. Decides the stat category only.
 */
#include <linux/stat.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define STAT_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)

struct stat_row {
	enum sysno sysno;
	int8_t dirfd;
	int8_t flags;
	uint8_t string;
	uint8_t buffer;
	uint8_t layout;
	uint8_t at_flags; /* where the call has no flags of its own */
};

/* AT_SYMLINK_NOFOLLOW in a byte. */
#define NOFOLLOW 1
#define FOLLOW 0

static const struct stat_row stat_rows[] = {
	{ SC_stat, ARG_NONE, ARG_NONE, 0, 1, STAT_NEW, FOLLOW },
	{ SC_lstat, ARG_NONE, ARG_NONE, 0, 1, STAT_NEW, NOFOLLOW },
	{ SC_newfstatat, 0, 3, 1, 2, STAT_NEW, FOLLOW },
	{ SC_stat64, ARG_NONE, ARG_NONE, 0, 1, STAT_64, FOLLOW },
	{ SC_lstat64, ARG_NONE, ARG_NONE, 0, 1, STAT_64, NOFOLLOW },
	{ SC_fstatat64, 0, 3, 1, 2, STAT_64, FOLLOW },
	{ SC_oldstat, ARG_NONE, ARG_NONE, 0, 1, STAT_OLD, FOLLOW },
	{ SC_oldlstat, ARG_NONE, ARG_NONE, 0, 1, STAT_OLD, NOFOLLOW },
};

/* What a path names, decided: 0 with *result_out, or -errno. */
static int stat_path(
	struct call *call, int dirfd, uint64_t string, unsigned flags, unsigned mask, struct statx *result_out)
{
	PATH_LOCAL(path);
	unsigned path_flags = common_path_flags(flags) | (flags & AT_EMPTY_PATH ? PATH_NULL_EMPTY : 0);
	unsigned sync = flags & AT_STATX_SYNC_TYPE;
	int error;

	error = path_lookup(call, dirfd, string, path_flags, &path);
	if (error < 0)
		return error;
	error = access_check_path(call, CAT_STAT, &path);
	if (error >= 0)
		error = common_mask(call, &path);
	if (error < 0)
		return error;
	return errno_result(statx(path.object, "", (int)(AT_EMPTY_PATH | sync), mask, result_out));
}

static struct verdict stat_enter(struct call *call)
{
	const struct stat_row *row = COMMON_ROW(stat_rows, call);
	unsigned flags = (unsigned)common_arg(call, row->flags, row->at_flags == NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
	int dirfd = common_arg(call, row->dirfd, AT_FDCWD);
	struct statx result;
	int error;

	if (flags & ~(unsigned)STAT_AT_FLAGS)
		return verdict_fail(EINVAL);
	error = stat_path(call, dirfd, call_arg(call, row->string), flags, STATX_BASIC_STATS, &result);
	if (error < 0)
		return verdict_fail(error);
	return verdict_result(mem_write_stat(call, call_arg(call, row->buffer), row->layout, &result));
}

static struct verdict stat_enter_statx(struct call *call)
{
	unsigned flags = (unsigned)call_arg_int(call, 2);
	unsigned mask = (unsigned)call_arg_int(call, 3);
	struct statx result;
	int error;

	if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
		(flags & ~(unsigned)STAT_AT_FLAGS))
		return verdict_fail(EINVAL);
	error = stat_path(call, call_arg_int(call, 0), call_arg(call, 1), flags, mask, &result);
	if (error < 0)
		return verdict_fail(error);
	return verdict_result(mem_write(call, call_arg(call, 4), &result, sizeof(result)));
}

static const struct {
	enum sysno sysno;
	enum stat_layout layout;
} stat_fd_rows[] = {
	{ SC_fstat, STAT_NEW },
	{ SC_fstat64, STAT_64 },
	{ SC_oldfstat, STAT_OLD },
};

static struct verdict stat_enter_fd(struct call *call)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = common_descriptor(call, 0, &path);
	struct statx result;
	int error = fd;

	if (error >= 0)
		error = access_check_path(call, CAT_STAT, &path);
	if (error >= 0)
		error = errno_result(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &result));
	if (error < 0)
		return verdict_fail(error);
	return verdict_result(mem_write_stat(call, call_arg(call, 1), COMMON_ROW(stat_fd_rows, call)->layout, &result));
}

const struct handler handler_stat = {
	.name = "stat",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = stat_enter,
};

const struct handler handler_statx = {
	.name = "statx",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = stat_enter_statx,
};

const struct handler handler_fstat = {
	.name = "fstat",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT),
	.enter = stat_enter_fd,
};
