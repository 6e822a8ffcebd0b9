/*
 * Flags and project of an inode by name: file_getattr decides the stat category, file_setattr the
 * chattr category. The kernel itself says what it thinks of the structure, on our copy: it may
 * grow without us. Linux 6.17; before that the target sees ENOSYS.
 */
#include <sys/syscall.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

/* 6.17 */
#ifndef SYS_file_getattr
#define SYS_file_getattr SYS_OF_ALL(468)
#define SYS_file_setattr SYS_OF_ALL(469)
#endif

#define FILEATTR_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
#define FILEATTR_SIZE_MIN 24

/* What one call works with; the buffer is the caller's. */
struct fileattr_job {
	long number;
	bool sets;
	unsigned at_flags;
	size_t size;
	void *buffer;
};

/* A buffer as large as the target's, filled from it where it is to be set. */
static int fileattr_prepare(struct call *call, struct fileattr_job *job)
{
	int error;

	if (common_call_is_missing(job->number))
		return -ENOSYS;
	if (job->at_flags & ~(unsigned)FILEATTR_AT_FLAGS)
		return -EINVAL;
	if (job->size > (size_t)sysconf(_SC_PAGESIZE))
		return -E2BIG;
	if (job->size < FILEATTR_SIZE_MIN)
		return -EINVAL;
	job->buffer = calloc(1, job->size);
	if (!job->buffer)
		return -ENOMEM;
	error = job->sets ? mem_read(call, call_arg(call, 2), job->buffer, job->size) : 0;
	if (error < 0)
		return error;
	/* On no descriptor at all: what is wrong with the structure is seen before that. */
	error = errno_result((int)syscall(job->number, -1, "", job->buffer, job->size, AT_EMPTY_PATH));
	return error == -EBADF ? 0 : error;
}

static int fileattr_do(struct call *call, const struct fileattr_job *job)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = -1;
	char name[PATH_OF_FD_SIZE] = "";
	int error = common_object(call, 0, 1, job->at_flags, &path, &fd);

	if (error >= 0)
		error = access_check_path(call, job->sets ? CAT_CHATTR : CAT_STAT, &path);
	if (error >= 0)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	if (fd >= 0)
		return errno_result((int)syscall(job->number, fd, "", job->buffer, job->size, AT_EMPTY_PATH));
	path_of_fd(path.object, name);
	return errno_result((int)syscall(job->number, AT_FDCWD, name, job->buffer, job->size, 0));
}

static struct verdict fileattr_enter(struct call *call)
{
	bool sets = call_sysno(call) == SC_file_setattr;
	struct fileattr_job job = {
		.number = sets ? SYS_file_setattr : SYS_file_getattr,
		.sets = sets,
		.at_flags = (unsigned)call_arg_int(call, 4),
		.size = call_arg(call, 3),
	};
	void AUTO_FREE *buffer = NULL;
	int error = fileattr_prepare(call, &job);

	buffer = job.buffer;
	if (error >= 0)
		error = fileattr_do(call, &job);
	if (error >= 0 && !sets)
		error = mem_write(call, call_arg(call, 2), buffer, job.size);
	return verdict_result(error);
}

const struct handler handler_file_getattr = {
	.name = "file_getattr",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_STAT) | CAT_BIT(CAT_WALK),
	.enter = fileattr_enter,
};

const struct handler handler_file_setattr = {
	.name = "file_setattr",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHATTR) | CAT_BIT(CAT_WALK),
	.enter = fileattr_enter,
};
