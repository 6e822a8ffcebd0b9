/*
 * What was opened, by its type: never-blocking descriptors made ordinary again, FIFOs
 * that need a partner, terminals, sizes that a caller cannot handle. Knows no names but for
 * the one decision that needs an object (readdir).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/util.h"
#include "handlers/open_job.h"

#define OPEN_WAIT_FIRST_MS 1
#define OPEN_WAIT_LAST_MS 20

/* /dev/tty */
#define OPEN_TTY_MAJOR 5
#define OPEN_TTY_MINOR 0

static struct verdict open_give(uint64_t flags, int reserved, int fd)
{
	struct verdict verdict = verdict_add_fd(fd, (uint32_t)flags);

	verdict.value = reserved;
	return verdict;
}

struct verdict open_result(const struct open_job *job, int fd)
{
	struct verdict verdict = open_give(job->request.flags, job->reserved, fd);

	verdict.alone = verdict.alone || job->special;
	return verdict;
}

/* What was waited for is a FIFO, a device, or a file under a lease. */
static struct verdict open_give_late(const struct open_state *state, int fd)
{
	struct verdict verdict = open_give(state->flags, state->reserved, fd);

	verdict.alone = true;
	return verdict;
}

bool open_too_large(const struct open_request *request, const struct stat *object)
{
	return !request->large && !(request->flags & O_PATH) && S_ISREG(object->st_mode) && object->st_size > INT32_MAX;
}

/* The flags that F_SETFL takes are given as they were asked for, so that only O_NONBLOCK changes. */
static int open_clear_nonblock(uint64_t flags, int fd)
{
	return errno_result(fcntl(fd, F_SETFL, (int)(flags & ~(uint64_t)O_NONBLOCK)));
}

/* The state that survives until resume. */
static void open_save(struct open_job *job, int held)
{
	struct open_state *state = call_state(job->call);

	*state = (struct open_state){
		.flags = job->request.flags,
		.held = held + 1,
		.reserved = job->reserved,
		.wait_ms = OPEN_WAIT_FIRST_MS,
		.large = job->request.large,
	};
}

/* Natively the number is taken first: a call that finds none does not wait. */
static bool open_may_wait(const struct open_job *job)
{
	return job->reserved >= 0 || !identity_table_full(job->call);
}

struct verdict open_in_worker(struct open_job *job, const struct path *path)
{
	uint64_t flags = open_flags_reopen(job->request.flags) & ~(uint64_t)O_NONBLOCK;
	int error;

	if (!open_may_wait(job))
		return verdict_fail(EMFILE);
	open_save(job, -1);
	error = call_wait_worker_open(job->call, path->object, flags);
	return error < 0 ? verdict_fail(error) : verdict_wait();
}

/* Has a writer come since this reading end was opened? Nothing is taken out of the pipe. */
static bool open_fifo_has_writer(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };

	/* Hang-up: one was here and has left. */
	if (poll(&look, 1, 0) > 0 && look.revents)
		return true;
	/*
	 * A silent one shows in how a read fails: end-of-file without, EAGAIN with a writer. Data that
	 * comes in between cannot be stored at NULL and stay: EFAULT.
	 */
	return syscall(SYS_read, fd, NULL, (size_t)1) < 0;
}

/*
 * Our reading end was met by name, so it counts already: a writer may have seen it and be gone
 * before a worker could open another. It is kept, and looked at, until one has come.
 */
static struct verdict open_fifo_wait(struct open_job *job, int fd)
{
	int error;

	if (!open_may_wait(job)) {
		close(fd);
		return verdict_fail(EMFILE);
	}
	open_save(job, fd);
	error = call_wait_ms(job->call, OPEN_WAIT_FIRST_MS);
	return error < 0 ? verdict_fail(error) : verdict_wait();
}

static bool open_is_named_fifo(int fd, const struct stat *object)
{
	struct statfs fs;

	return S_ISFIFO(object->st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type != PIPEFS_MAGIC;
}

/* Drivers of block devices understand O_NONBLOCK in ways of their own: opened again without. */
static int open_again_blocking(struct open_job *job, struct path *path, int fd)
{
	int again;

	if (path->object < 0)
		path->object = fd;
	else
		close(fd);
	again = path_reopen(job->call, path, open_flags_reopen(job->request.flags) & ~(uint64_t)O_NONBLOCK);
	return again;
}

static struct verdict open_finish_waitable(struct open_job *job, struct path *path, int fd, const struct stat *opened)
{
	uint64_t flags = job->request.flags;
	int error;

	if (S_ISBLK(opened->st_mode)) {
		fd = open_again_blocking(job, path, fd);
		return fd < 0 ? verdict_fail(fd) : open_result(job, fd);
	}
	if ((flags & O_ACCMODE) == O_RDONLY && open_is_named_fifo(fd, opened) && !open_fifo_has_writer(fd))
		return open_fifo_wait(job, fd);
	error = open_clear_nonblock(flags, fd);
	if (error < 0) {
		close(fd);
		return verdict_fail(error);
	}
	return open_result(job, fd);
}

bool open_is_terminal(const struct stat *object)
{
	return S_ISCHR(object->st_mode) && object->st_rdev == makedev(OPEN_TTY_MAJOR, OPEN_TTY_MINOR);
}

struct verdict open_terminal(struct open_job *job)
{
	int fd = fds_open_terminal(job->call, (int)open_flags_reopen(job->request.flags));
	int error;

	if (fd < 0)
		return verdict_fail(fd);
	error = open_flags_added_nonblock(job->request.flags) ? open_clear_nonblock(job->request.flags, fd) : 0;
	if (error < 0) {
		close(fd);
		return verdict_fail(error);
	}
	return open_result(job, fd);
}

/* Opening failed: a lease that must be broken first, or a FIFO without a reader, is waited for. */
static struct verdict open_finish_failed(struct open_job *job, const struct path *path, int error)
{
	struct stat object;

	if (path->object < 0 || !open_flags_added_nonblock(job->request.flags))
		return verdict_fail(error);
	if (error == -EAGAIN)
		return open_in_worker(job, path);
	if (error == -ENXIO && fstat(path->object, &object) == 0 && S_ISFIFO(object.st_mode))
		return open_in_worker(job, path);
	return verdict_fail(error);
}

/* What only the object tells: 0, or why the descriptor is not given away after all. */
static int open_finish_check(struct open_job *job, const struct path *path, const struct stat *opened)
{
	if (open_too_large(&job->request, opened))
		return -EOVERFLOW;
	/* By name: whether it is a directory was not known when the rest was decided. */
	if (path->object < 0 && S_ISDIR(opened->st_mode))
		return access_check(job->call, CAT_READDIR, path->name);
	return 0;
}

struct verdict open_finish(struct open_job *job, struct path *path, int fd)
{
	uint64_t flags = job->request.flags;
	AUTO_CLOSE int opened_fd = fd;
	struct stat opened;
	int error;

	if (fd < 0)
		return open_finish_failed(job, path, fd);
	if (flags & (O_PATH | O_DIRECTORY))
		return open_result(job, take_fd(&opened_fd));
	if (fstat(fd, &opened) < 0)
		return verdict_fail(-EACCES);
	job->special = !S_ISREG(opened.st_mode);
	if (open_is_terminal(&opened))
		return open_terminal(job);
	error = open_finish_check(job, path, &opened);
	if (error < 0)
		return verdict_fail(error);
	if (!open_flags_added_nonblock(flags))
		return open_result(job, take_fd(&opened_fd));
	return open_finish_waitable(job, path, take_fd(&opened_fd), &opened);
}

static struct verdict open_resume_worker(const struct open_state *state, const struct wake *wake)
{
	const struct open_request request = { .flags = state->flags, .large = state->large };
	struct stat opened;

	if (wake->fd < 0)
		return verdict_fail(wake->result < 0 ? (int)wake->result : -EIO);
	if (fstat(wake->fd, &opened) < 0 || open_too_large(&request, &opened)) {
		close(wake->fd);
		return verdict_fail(EOVERFLOW);
	}
	return open_give_late(state, wake->fd);
}

struct verdict open_resume(struct call *call, const struct wake *wake)
{
	struct open_state *state = call_state(call);
	int error;

	if (wake->reason == WAKE_WORKER)
		return open_resume_worker(state, wake);
	if (!open_fifo_has_writer(state->held - 1)) {
		if (state->wait_ms < OPEN_WAIT_LAST_MS)
			state->wait_ms *= 2;
		error = call_wait_ms(call, state->wait_ms);
		return error < 0 ? verdict_fail(error) : verdict_wait();
	}
	error = open_clear_nonblock(state->flags, state->held - 1);
	if (error < 0)
		return verdict_fail(error);
	return open_give_late(state, take_fd(&state->held) - 1);
}

void open_cancel(struct call *call)
{
	struct open_state *state = call_state(call);

	if (state->held > 0)
		close(state->held - 1);
	state->held = 0;
}
