/*
 * File times: utime, utimes, futimesat, utimensat and utimensat_time64, brought to
 * the form of utimensat. Decides the utime category.
 */
#include <time.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define UTIME_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
#define USEC_PER_SEC 1000000

enum utime_kind { UTIME_SECONDS, UTIME_MICROSECONDS, UTIME_NANOSECONDS };

struct utime_row {
	enum sysno sysno;
	enum utime_kind kind;
	int8_t dirfd;
	int8_t flags;
	uint8_t string;
	uint8_t times;
};

static const struct utime_row utime_rows[] = {
	{ SC_utime, UTIME_SECONDS, ARG_NONE, ARG_NONE, 0, 1 },
	{ SC_utimes, UTIME_MICROSECONDS, ARG_NONE, ARG_NONE, 0, 1 },
	{ SC_futimesat, UTIME_MICROSECONDS, 0, ARG_NONE, 1, 2 },
	{ SC_utimensat, UTIME_NANOSECONDS, 0, 3, 1, 2 },
	{ SC_utimensat_time64, UTIME_NANOSECONDS, 0, 3, 1, 2 },
};

/* Up to four longs of the caller. */
static int utime_read_longs(struct call *call, uint64_t address, unsigned count, int64_t values[4])
{
	unsigned width = call_kernel_long_bytes(call);
	uint64_t raw[4];
	int error = mem_read_longs(call, address, width, count, raw);

	for (unsigned i = 0; error >= 0 && i < count; i++)
		values[i] = width == sizeof(uint32_t) ? (int32_t)raw[i] : (int64_t)raw[i];
	return error;
}

static int utime_read_seconds(struct call *call, uint64_t address, struct timespec times[2])
{
	int64_t values[4];
	int error = utime_read_longs(call, address, 2, values);

	for (unsigned i = 0; error >= 0 && i < 2; i++)
		times[i] = (struct timespec){ .tv_sec = (time_t)values[i] };
	return error;
}

static int utime_read_microseconds(struct call *call, uint64_t address, struct timespec times[2])
{
	int64_t values[4];
	int error = utime_read_longs(call, address, 4, values);

	for (unsigned i = 0; error >= 0 && i < 2; i++) {
		if (values[2 * i + 1] < 0 || values[2 * i + 1] >= USEC_PER_SEC)
			return -EINVAL;
		times[i].tv_sec = (time_t)values[2 * i];
		times[i].tv_nsec = (long)values[2 * i + 1] * 1000;
	}
	return error;
}

/* A NULL address means now, as UTIME_NOW twice does: also to the kernel's permission rules. */
static int utime_read(struct call *call, const struct utime_row *row, struct timespec times[2])
{
	uint64_t address = call_arg(call, row->times);

	if (!address) {
		times[0] = times[1] = (struct timespec){ .tv_nsec = UTIME_NOW };
		return 0;
	}
	switch (row->kind) {
	case UTIME_SECONDS:
		return utime_read_seconds(call, address, times);
	case UTIME_MICROSECONDS:
		return utime_read_microseconds(call, address, times);
	case UTIME_NANOSECONDS:
		return mem_read_timespecs(call, address, times);
	}
	return -EINVAL;
}

/* No name: the descriptor itself, which then may not be O_PATH. */
static int utime_set_fd(struct call *call, const struct utime_row *row, const struct timespec times[2])
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = -1;
	int error;

	if (common_arg(call, row->flags, 0))
		return -EINVAL;
	error = fd = common_descriptor(call, (unsigned)row->dirfd, &path);
	if (error >= 0)
		error = access_check_path(call, CAT_UTIME, &path);
	if (error >= 0)
		error = call_revalidate(call);
	return error < 0 ? error : errno_result(futimens(fd, times));
}

static int utime_set_path(struct call *call, const struct utime_row *row, const struct timespec times[2])
{
	PATH_LOCAL(path);
	unsigned flags = (unsigned)common_arg(call, row->flags, 0);
	int error;

	if (flags & ~(unsigned)UTIME_AT_FLAGS)
		return -EINVAL;
	error = common_lookup(call, row->dirfd, row->string, common_path_flags(flags), &path);
	if (error >= 0)
		error = access_check_path(call, CAT_UTIME, &path);
	if (error >= 0)
		error = call_revalidate(call);
	return error < 0 ? error : errno_result(utimensat(path.object, "", times, AT_EMPTY_PATH));
}

static struct verdict utime_enter(struct call *call)
{
	const struct utime_row *row = COMMON_ROW(utime_rows, call);
	struct timespec times[2];
	int error = utime_read(call, row, times);

	if (error < 0)
		return verdict_fail(error);
	/* Nothing to change: the kernel does not even look at the path. */
	if (row->kind == UTIME_NANOSECONDS && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return verdict_return(0);
	if (row->dirfd != ARG_NONE && !call_arg(call, row->string) &&
		call_arg_int(call, (unsigned)row->dirfd) != AT_FDCWD)
		return verdict_result(utime_set_fd(call, row, times));
	return verdict_result(utime_set_path(call, row, times));
}

const struct handler handler_utime = {
	.name = "utime",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_UTIME) | CAT_BIT(CAT_WALK),
	.enter = utime_enter,
};
