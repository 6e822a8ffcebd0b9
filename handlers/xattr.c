/*
 * Extended attributes: get and list decide the read category, set and remove the
 * chattr category. Values go through a buffer of at most 64 KiB on the heap; the
 * name and the value are read before the path, as current kernels do.
 */
#include <linux/limits.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define XATTR_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

enum xattr_verb { XATTR_GET, XATTR_LIST, XATTR_SET, XATTR_REMOVE };
enum xattr_by { XATTR_BY_PATH, XATTR_BY_LINK, XATTR_BY_FD, XATTR_BY_AT };

/* 6.13, with the three others. */
#ifndef SYS_listxattrat
#define SYS_listxattrat SYS_OF_ALL(465)
#endif

struct xattr_row {
	enum sysno sysno;
	enum xattr_verb verb;
	enum xattr_by by;
	uint8_t name;  /* the argument that is its name */
	uint8_t value; /* the value or the answer, its size behind it; of getxattrat and setxattrat a block */
};

static const struct xattr_row xattr_rows[] = {
	{ SC_getxattr, XATTR_GET, XATTR_BY_PATH, 1, 2 },
	{ SC_lgetxattr, XATTR_GET, XATTR_BY_LINK, 1, 2 },
	{ SC_fgetxattr, XATTR_GET, XATTR_BY_FD, 1, 2 },
	{ SC_getxattrat, XATTR_GET, XATTR_BY_AT, 3, 4 },
	{ SC_listxattr, XATTR_LIST, XATTR_BY_PATH, 0, 1 },
	{ SC_llistxattr, XATTR_LIST, XATTR_BY_LINK, 0, 1 },
	{ SC_flistxattr, XATTR_LIST, XATTR_BY_FD, 0, 1 },
	{ SC_listxattrat, XATTR_LIST, XATTR_BY_AT, 0, 3 },
	{ SC_setxattr, XATTR_SET, XATTR_BY_PATH, 1, 2 },
	{ SC_lsetxattr, XATTR_SET, XATTR_BY_LINK, 1, 2 },
	{ SC_fsetxattr, XATTR_SET, XATTR_BY_FD, 1, 2 },
	{ SC_setxattrat, XATTR_SET, XATTR_BY_AT, 3, 4 },
	{ SC_removexattr, XATTR_REMOVE, XATTR_BY_PATH, 1, 0 },
	{ SC_lremovexattr, XATTR_REMOVE, XATTR_BY_LINK, 1, 0 },
	{ SC_fremovexattr, XATTR_REMOVE, XATTR_BY_FD, 1, 0 },
	{ SC_removexattrat, XATTR_REMOVE, XATTR_BY_AT, 3, 0 },
};

/* What getxattrat and setxattrat are given instead of three arguments. */
struct xattr_block {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* What one call works with; the buffer is the caller's. */
struct xattr_job {
	const struct xattr_row *row;
	char name[XATTR_NAME_MAX + 1];
	char *buffer;
	size_t size; /* of the buffer, 0: how much would it be? */
	int flags;
	unsigned at_flags;
	uint64_t address; /* of the value, or where the answer goes */
};

static int xattr_read_name(struct call *call, struct xattr_job *job)
{
	ssize_t len = mem_read_string(call, call_arg(call, job->row->name), job->name, sizeof(job->name));

	if (len == 0 || len == -ENAMETOOLONG)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static bool xattr_writes(const struct xattr_job *job)
{
	return job->row->verb == XATTR_SET || job->row->verb == XATTR_REMOVE;
}

/* Where the value is, how large, and the flags: in registers, or in a block in memory. */
static int xattr_read_arguments(struct call *call, struct xattr_job *job)
{
	const struct xattr_row *row = job->row;
	uint64_t first = call_arg(call, row->value);
	uint64_t second = call_arg(call, row->value + 1U);
	struct xattr_block block = { .value = first };
	int error;

	if (row->verb == XATTR_REMOVE)
		return 0;
	job->address = first;
	job->size = second;
	job->flags = row->verb == XATTR_SET && row->by != XATTR_BY_AT ? call_arg_int(call, row->value + 2U) : 0;
	if (row->by != XATTR_BY_AT || row->verb == XATTR_LIST)
		return 0;
	error = mem_read_struct(call, first, second, &block, sizeof(block));
	job->address = block.value;
	job->size = block.size;
	job->flags = (int)block.flags;
	return error >= 0 && row->verb == XATTR_GET && job->flags ? -EINVAL : error;
}

static int xattr_read_at_flags(struct call *call, struct xattr_job *job)
{
	if (job->row->by == XATTR_BY_AT)
		job->at_flags = (unsigned)call_arg_int(call, 2);
	else
		job->at_flags = job->row->by == XATTR_BY_LINK ? AT_SYMLINK_NOFOLLOW : 0;
	return job->at_flags & ~(unsigned)XATTR_AT_FLAGS ? -EINVAL : 0;
}

/* A buffer for the value or the answer; the kernel, too, looks at no more than 64 KiB of an answer's size. */
static int xattr_make_buffer(struct xattr_job *job)
{
	if (job->size > XATTR_SIZE_MAX && job->row->verb == XATTR_SET)
		return -E2BIG;
	if (job->size > XATTR_SIZE_MAX)
		job->size = XATTR_SIZE_MAX;
	if (job->size == 0)
		return 0;
	job->buffer = malloc(job->size);
	return job->buffer ? 0 : -ENOMEM;
}

/* Everything that is seen before the path, in the kernel's order. */
static int xattr_prepare(struct call *call, struct xattr_job *job)
{
	int error = xattr_read_arguments(call, job);

	if (error >= 0)
		error = xattr_read_at_flags(call, job);
	if (error >= 0 && job->flags & ~(XATTR_CREATE | XATTR_REPLACE))
		error = -EINVAL;
	if (error >= 0 && job->row->verb != XATTR_LIST)
		error = xattr_read_name(call, job);
	if (error >= 0)
		error = xattr_make_buffer(job);
	if (error >= 0 && job->row->verb == XATTR_SET)
		error = mem_read(call, job->address, job->buffer, job->size);
	return error;
}

static ssize_t xattr_act_fd(const struct xattr_job *job, int fd)
{
	switch (job->row->verb) {
	case XATTR_GET:
		return errno_result(fgetxattr(fd, job->name, job->buffer, job->size));
	case XATTR_LIST:
		return errno_result(flistxattr(fd, job->buffer, job->size));
	case XATTR_SET:
		return errno_result(fsetxattr(fd, job->name, job->buffer, job->size, job->flags));
	case XATTR_REMOVE:
		return errno_result(fremovexattr(fd, job->name));
	}
	return -EINVAL;
}

/* name is /proc/self/fd/N, which leads to the held object itself, a symlink included. */
static ssize_t xattr_act_name(const struct xattr_job *job, const char *name)
{
	switch (job->row->verb) {
	case XATTR_GET:
		return errno_result(getxattr(name, job->name, job->buffer, job->size));
	case XATTR_LIST:
		return errno_result(listxattr(name, job->buffer, job->size));
	case XATTR_SET:
		return errno_result(setxattr(name, job->name, job->buffer, job->size, job->flags));
	case XATTR_REMOVE:
		return errno_result(removexattr(name, job->name));
	}
	return -EINVAL;
}

/* The decision and the act, on a descriptor of the target's (fd) or on path->object. */
static ssize_t xattr_do(struct call *call, const struct xattr_job *job, const struct path *path, int fd)
{
	char name[PATH_OF_FD_SIZE];
	int error = access_check_path(call, xattr_writes(job) ? CAT_CHATTR : CAT_READ, path);

	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	if (fd >= 0)
		return xattr_act_fd(job, fd);
	path_of_fd(path->object, name);
	return xattr_act_name(job, name);
}

/*
 * An empty string and AT_FDCWD are the current directory to getxattrat and setxattrat, and a bad
 * descriptor to the two others, as of 6.18: this kernel says what it thinks, of our own.
 */
static bool xattr_refuses_cwd(const struct xattr_job *job, const struct path *path, int fd)
{
	if (job->row->by != XATTR_BY_AT || fd >= 0 || !path->is_fd)
		return false;
	if (job->row->verb != XATTR_LIST && job->row->verb != XATTR_REMOVE)
		return false;
	return syscall(SYS_listxattrat, AT_FDCWD, "", AT_EMPTY_PATH, NULL, 0UL) < 0 && errno == EBADF;
}

static ssize_t xattr_find_and_do(struct call *call, const struct xattr_job *job)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = -1;
	int error = 0;

	if (job->row->by == XATTR_BY_FD)
		error = fd = common_descriptor(call, 0, &path);
	else if (job->row->by == XATTR_BY_AT)
		error = common_object(call, 0, 1, job->at_flags, &path, &fd);
	else
		error = common_lookup(call, ARG_NONE, 0, common_path_flags(job->at_flags), &path);
	if (error >= 0 && xattr_refuses_cwd(job, &path, fd))
		error = -EBADF;
	return error < 0 ? error : xattr_do(call, job, &path, fd);
}

static struct verdict xattr_enter(struct call *call)
{
	struct xattr_job job = { .row = COMMON_ROW(xattr_rows, call) };
	char AUTO_FREE *buffer = NULL;
	ssize_t result;
	int error;

	if (job.row->by == XATTR_BY_AT && common_call_is_missing(SYS_listxattrat))
		return verdict_fail(ENOSYS);
	result = xattr_prepare(call, &job);
	buffer = job.buffer;
	if (result >= 0)
		result = xattr_find_and_do(call, &job);
	if (result <= 0 || xattr_writes(&job) || job.size == 0)
		return verdict_result(result);
	error = mem_write(call, job.address, buffer, (size_t)result);
	return verdict_result(error < 0 ? error : result);
}

const struct handler handler_xattr_read = {
	.name = "xattr_read",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_READ) | CAT_BIT(CAT_WALK),
	.enter = xattr_enter,
};

const struct handler handler_fxattr_read = {
	.name = "fxattr_read",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_READ),
	.enter = xattr_enter,
};

const struct handler handler_xattr_write = {
	.name = "xattr_write",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHATTR) | CAT_BIT(CAT_WALK),
	.enter = xattr_enter,
};

const struct handler handler_fxattr_write = {
	.name = "fxattr_write",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHATTR),
	.enter = xattr_enter,
};
