/*
 * Lengths of files: truncate, ftruncate, their 64 forms, and fallocate. Decides the
 * truncate category. A file that somebody holds a lease on is opened by a worker:
 * truncate(2) itself would block us until the lease is broken.
 */
#include <sys/stat.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/limits.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

struct truncate_state {
	bool holds_object;
	int object; /* stays open while a worker opens it anew */
	int64_t length;
};

_Static_assert(sizeof(struct truncate_state) <= CALL_STATE_MAX, "state of a waiting truncate");

static int64_t truncate_length(const struct call *call)
{
	enum sysno sysno = call_sysno(call);

	if (sysno == SC_truncate64 || sysno == SC_ftruncate64)
		return (int64_t)call_arg_pair(call, 1, 1);
	/* A long: 32 bits with a sign in the narrow forms. */
	return call_is_compat(call) ? call_arg_int(call, 1) : (int64_t)call_arg(call, 1);
}

/* The effect, on a descriptor that is open for writing. */
static int truncate_set(struct call *call, int fd, int64_t length)
{
	struct limits_fsize limit;
	int error = call_revalidate(call);

	if (error >= 0)
		error = limits_take_fsize(call, &limit);
	if (error < 0)
		return error;
	error = errno_result(ftruncate(fd, (off_t)length));
	limits_drop_fsize(&limit);
	if (error == -EFBIG)
		limits_signal_fsize(call, &limit, (uint64_t)length);
	return error;
}

static int truncate_find(struct call *call, struct path *path)
{
	const char *shown = NULL;
	struct stat st;
	int error = common_lookup(call, ARG_NONE, 0, PATH_FOLLOW, path);

	if (error >= 0)
		error = common_mask(call, path);
	if (error > 0)
		shown = access_mask(call, path->name);
	if (error >= 0)
		error = errno_result(fstatat(path->object, "", &st, AT_EMPTY_PATH));
	if (error < 0)
		return error;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	error = access_check_path(call, CAT_TRUNCATE, path);
	/* What mask+ shows is judged by its own name, too. */
	if (!error && shown)
		error = access_check(call, CAT_TRUNCATE, shown);
	return error < 0 ? error : access_check_append(call, path->name, O_TRUNC);
}

/* Gives the object to the state of the call; the worker's answer goes to resume. */
static struct verdict truncate_wait(struct call *call, struct path *path, int64_t length)
{
	struct truncate_state *state = call_state(call);
	int error = call_wait_worker_open(call, path->object, O_WRONLY | O_LARGEFILE);

	if (error < 0)
		return verdict_fail(error);
	*state = (struct truncate_state){ .holds_object = true, .object = take_fd(&path->object), .length = length };
	return verdict_wait();
}

static struct verdict truncate_enter(struct call *call)
{
	int64_t length = truncate_length(call);
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = -1;
	int error;

	if (length < 0)
		return verdict_fail(EINVAL);
	error = truncate_find(call, &path);
	if (error < 0)
		return verdict_fail(error);
	/* Opening asks the same rights as truncate; while it is open nobody gets a lease. */
	fd = path_reopen(call, &path, O_WRONLY | O_NONBLOCK | O_LARGEFILE);
	if (fd == -EAGAIN)
		return truncate_wait(call, &path, length);
	return verdict_result(fd < 0 ? fd : truncate_set(call, fd, length));
}

static struct verdict truncate_resume(struct call *call, const struct wake *wake)
{
	const struct truncate_state *state = call_state(call);
	int AUTO_CLOSE fd = wake->fd;

	if (wake->reason != WAKE_WORKER)
		return verdict_fail(EINTR);
	if (wake->result < 0 || fd < 0)
		return verdict_fail(wake->result < 0 ? (int)wake->result : EIO);
	return verdict_result(truncate_set(call, fd, state->length));
}

static void truncate_cancel(struct call *call)
{
	const struct truncate_state *state = call_state(call);

	if (state->holds_object)
		close(state->object);
}

/* A duplicate of argument 0, decided. fd (ours to close) or -errno. */
static int truncate_find_fd(struct call *call)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = common_descriptor(call, 0, &path);
	int error = fd;

	if (error >= 0)
		error = access_check_path(call, CAT_TRUNCATE, &path);
	if (error >= 0 && !path.unnamed)
		error = access_check_append(call, path.name, O_TRUNC);
	return error < 0 ? error : take_fd(&fd);
}

static struct verdict truncate_enter_fd(struct call *call)
{
	int64_t length = truncate_length(call);
	int AUTO_CLOSE fd = -1;

	if (length < 0)
		return verdict_fail(EINVAL);
	fd = truncate_find_fd(call);
	return verdict_result(fd < 0 ? fd : truncate_set(call, fd, length));
}

static struct verdict truncate_enter_fallocate(struct call *call)
{
	int64_t offset = (int64_t)call_arg_pair(call, 2, 2);
	int64_t length = (int64_t)call_arg_pair(call, 3, 4);
	int AUTO_CLOSE fd = truncate_find_fd(call);
	struct limits_fsize limit;
	int error = fd;

	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = limits_take_fsize(call, &limit);
	if (error < 0)
		return verdict_fail(error);
	error = errno_result(fallocate(fd, call_arg_int(call, 1), (off_t)offset, (off_t)length));
	limits_drop_fsize(&limit);
	if (error == -EFBIG)
		limits_signal_fsize(call, &limit, (uint64_t)offset + (uint64_t)length);
	return verdict_result(error);
}

const struct handler handler_truncate = {
	.name = "truncate",
	.flags = H_READS_MEM | H_IDENTITY | H_MAY_WAIT,
	.categories = CAT_BIT(CAT_TRUNCATE) | CAT_BIT(CAT_WALK),
	.state_size = sizeof(struct truncate_state),
	.enter = truncate_enter,
	.resume = truncate_resume,
	.cancel = truncate_cancel,
};

const struct handler handler_ftruncate = {
	.name = "ftruncate",
	.flags = H_IDENTITY,
	.categories = CAT_BIT(CAT_TRUNCATE),
	.enter = truncate_enter_fd,
};

const struct handler handler_fallocate = {
	.name = "fallocate",
	.flags = H_IDENTITY,
	.categories = CAT_BIT(CAT_TRUNCATE),
	.enter = truncate_enter_fallocate,
};
