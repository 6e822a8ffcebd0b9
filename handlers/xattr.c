/*
 * Extended attributes: get and list decide the read category, set and remove the
 * write category. Values go through a buffer of at most 64 KiB on the heap; the
 * name and the value are read before the path, as current kernels do.
 */
#include <linux/limits.h>
#include <sys/xattr.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

enum xattr_verb { XATTR_GET, XATTR_LIST, XATTR_SET, XATTR_REMOVE };
enum xattr_by { XATTR_BY_PATH, XATTR_BY_LINK, XATTR_BY_FD };

struct xattr_row {
	enum sysno sysno;
	enum xattr_verb verb;
	enum xattr_by by;
};

static const struct xattr_row xattr_rows[] = {
	{ SC_getxattr, XATTR_GET, XATTR_BY_PATH },
	{ SC_lgetxattr, XATTR_GET, XATTR_BY_LINK },
	{ SC_fgetxattr, XATTR_GET, XATTR_BY_FD },
	{ SC_listxattr, XATTR_LIST, XATTR_BY_PATH },
	{ SC_llistxattr, XATTR_LIST, XATTR_BY_LINK },
	{ SC_flistxattr, XATTR_LIST, XATTR_BY_FD },
	{ SC_setxattr, XATTR_SET, XATTR_BY_PATH },
	{ SC_lsetxattr, XATTR_SET, XATTR_BY_LINK },
	{ SC_fsetxattr, XATTR_SET, XATTR_BY_FD },
	{ SC_removexattr, XATTR_REMOVE, XATTR_BY_PATH },
	{ SC_lremovexattr, XATTR_REMOVE, XATTR_BY_LINK },
	{ SC_fremovexattr, XATTR_REMOVE, XATTR_BY_FD },
};

/* What one call works with; the buffer is the caller's. */
struct xattr_job {
	const struct xattr_row *row;
	char name[XATTR_NAME_MAX + 1];
	char *buffer;
	size_t size; /* of the buffer, 0: how much would it be? */
	int flags;
	bool answers; /* the buffer goes to the target, at `out` */
	uint64_t out;
};

static int xattr_read_name(struct call *call, char name[XATTR_NAME_MAX + 1])
{
	ssize_t len = mem_read_string(call, call_arg(call, 1), name, XATTR_NAME_MAX + 1);

	if (len == 0 || len == -ENAMETOOLONG)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static int xattr_read_value(struct call *call, struct xattr_job *job)
{
	job->size = call_arg(call, 3);
	if (job->size == 0)
		return 0;
	if (job->size > XATTR_SIZE_MAX)
		return -E2BIG;
	job->buffer = malloc(job->size);
	return job->buffer ? mem_read(call, call_arg(call, 2), job->buffer, job->size) : -ENOMEM;
}

static int xattr_prepare_set(struct call *call, struct xattr_job *job)
{
	int error;

	job->flags = call_arg_int(call, 4);
	if (job->flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	error = xattr_read_name(call, job->name);
	return error < 0 ? error : xattr_read_value(call, job);
}

/* A buffer for the answer; the kernel, too, looks at no more than 64 KiB of the size. */
static int xattr_prepare_answer(struct xattr_job *job, uint64_t out, uint64_t size)
{
	job->answers = true;
	job->out = out;
	job->size = size < XATTR_SIZE_MAX ? size : XATTR_SIZE_MAX;
	if (job->size == 0)
		return 0;
	job->buffer = malloc(job->size);
	return job->buffer ? 0 : -ENOMEM;
}

static int xattr_prepare(struct call *call, struct xattr_job *job)
{
	int error = 0;

	switch (job->row->verb) {
	case XATTR_GET:
		error = xattr_read_name(call, job->name);
		return error < 0 ? error : xattr_prepare_answer(job, call_arg(call, 2), call_arg(call, 3));
	case XATTR_LIST:
		return xattr_prepare_answer(job, call_arg(call, 1), call_arg(call, 2));
	case XATTR_SET:
		return xattr_prepare_set(call, job);
	case XATTR_REMOVE:
		return xattr_read_name(call, job->name);
	}
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
	bool writes = job->row->verb == XATTR_SET || job->row->verb == XATTR_REMOVE;
	char name[PATH_OF_FD_SIZE];
	int error = access_check_path(call, writes ? CAT_WRITE : CAT_READ, path);

	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	if (fd >= 0)
		return xattr_act_fd(job, fd);
	path_of_fd(path->object, name);
	return xattr_act_name(job, name);
}

static ssize_t xattr_find_and_do(struct call *call, const struct xattr_job *job)
{
	struct path AUTO_PATH path = PATH_INIT;
	int AUTO_CLOSE fd = -1;
	int error = 0;

	if (job->row->by == XATTR_BY_FD)
		error = fd = common_descriptor(call, 0, &path);
	else
		error = common_lookup(call, ARG_NONE, 0, job->row->by == XATTR_BY_PATH ? PATH_FOLLOW : 0, &path);
	return error < 0 ? error : xattr_do(call, job, &path, fd);
}

static struct verdict xattr_enter(struct call *call)
{
	struct xattr_job job = { .row = COMMON_ROW(xattr_rows, call) };
	char AUTO_FREE *buffer = NULL;
	ssize_t result = xattr_prepare(call, &job);
	int error;

	buffer = job.buffer;
	if (result >= 0)
		result = xattr_find_and_do(call, &job);
	if (result <= 0 || !job.answers || job.size == 0)
		return verdict_result(result);
	error = mem_write(call, job.out, buffer, (size_t)result);
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
	.categories = CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_WALK),
	.enter = xattr_enter,
};

const struct handler handler_fxattr_write = {
	.name = "fxattr_write",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_WRITE),
	.enter = xattr_enter,
};
