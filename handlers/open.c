/*
 * open, openat, openat2, creat. Finds the object, decides on what the flags will do to
 * it, then opens it as the target would: errors of the path come before the decision, effects
 * (creating, truncating) after it. Nothing here blocks: see open_finish.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>

#include "core/access.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"
#include "handlers/open_job.h"

/* Somebody else moves the name while we look at it: so many times we look again. */
#define OPEN_TRIES 8

_Static_assert(sizeof(struct open_state) <= CALL_STATE_MAX, "state of a waiting open");

static int open_request_how(struct call *call, struct open_request *request)
{
	struct open_how how;
	int error = mem_read_open_how(call, call_arg(call, 2), call_arg(call, 3), &how);

	if (error < 0)
		return error;
	request->dirfd = call_arg_int(call, 0);
	request->address = call_arg(call, 1);
	request->flags = how.flags;
	request->mode = how.mode;
	request->resolve = how.resolve;
	request->large = true;
	return 0;
}

/* What is asked for, as the kernel would understand it. 0 or -errno. */
static int open_request_read(struct call *call, struct open_request *request)
{
	enum sysno sysno = call_sysno(call);
	unsigned first = sysno == SC_openat ? 1 : 0;
	int error;

	*request = (struct open_request){ .dirfd = AT_FDCWD, .large = !call_is_compat(call) };
	if (sysno == SC_openat2) {
		error = open_request_how(call, request);
		return error < 0 ? error : open_flags_check(request);
	}
	if (sysno == SC_openat)
		request->dirfd = call_arg_int(call, 0);
	request->address = call_arg(call, first);
	if (sysno == SC_creat) {
		/* 32-bit callers reach the native creat, which implies O_LARGEFILE. */
		request->flags = O_CREAT | O_WRONLY | O_TRUNC;
		request->mode = (uint32_t)call_arg_int(call, 1);
		request->large = true;
	} else {
		request->flags = (uint32_t)call_arg_int(call, first + 1);
		request->mode = (uint32_t)call_arg_int(call, first + 2);
	}
	open_flags_forgive(request);
	return open_flags_check(request);
}

static int open_request(struct call *call, struct open_request *request)
{
	int error = open_request_read(call, request);

	if (error < 0)
		return error;
	open_flags_without_path(request);
	access_wants(call, open_flags_categories(request->flags) | CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT));
	return 0;
}

static unsigned open_path_flags(const struct open_request *request)
{
	static const struct {
		uint64_t resolve;
		unsigned path;
	} bits[] = {
		{ RESOLVE_NO_SYMLINKS, PATH_NO_SYMLINKS },
		{ RESOLVE_NO_MAGICLINKS, PATH_NO_MAGICLINKS },
		{ RESOLVE_NO_XDEV, PATH_NO_XDEV },
		{ RESOLVE_BENEATH, PATH_BENEATH },
		{ RESOLVE_IN_ROOT, PATH_IN_ROOT },
	};
	bool new_only = (request->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	unsigned flags = request->flags & O_NOFOLLOW || new_only ? 0 : PATH_FOLLOW;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (request->resolve & bits[i].resolve)
			flags |= bits[i].path;
	return flags;
}

static bool open_has_effect(const struct open_request *request)
{
	return request->flags & (O_CREAT | OPEN_TMPFILE | O_TRUNC);
}

/* The umask, and whether a number must be reserved. Reads by number: open_effect() comes after it. */
static int open_prepare(struct open_job *job)
{
	return open_has_effect(&job->request) ? identity_take_umask(job->call, &job->crowded) : 0;
}

/* The last thing before a file is made or cut. */
static int open_effect(struct open_job *job)
{
	if (job->crowded && job->reserved < 0) {
		int number = call_reserve_fd(job->call);

		if (number < 0)
			return number;
		job->reserved = number;
	}
	return call_revalidate(job->call);
}

/* Everything that could be asked about the name is allowed, and nothing is to be logged. */
static bool open_allowed_by_name(const struct open_job *job, const char *name)
{
	uint64_t bits = open_flags_categories(job->request.flags);

	/* What depends on the object, or changes it, or is no category's. */
	if (access_active(job->call, CAT_FS) || access_judges_device(job->call, name) || access_mask(job->call, name))
		return false;
	if (job->request.flags & O_CREAT && access_judges_made(job->call, name))
		return false;
	if (job->request.flags & (O_WRONLY | O_RDWR | O_TRUNC) && access_appends(job->call, name))
		return false;
	for (unsigned category = 0; category < CAT_COUNT; category++)
		if (bits & CAT_BIT(category) && !access_allows(job->call, (enum category)category, name))
			return false;
	return true;
}

static int open_check(struct open_job *job, const struct path *path, uint64_t bits)
{
	int error = 0;

	for (unsigned category = 0; category < CAT_COUNT && !error; category++)
		if (bits & CAT_BIT(category))
			error = access_check_path(job->call, (enum category)category, path);
	return error;
}

/* Categories that are not about a name. */
static int open_check_object(struct open_job *job, const struct path *path, int fd, mode_t type)
{
	int error = path->unnamed ? 0 : access_check_filesystem(job->call, fd);

	if (error || path->unnamed)
		return error;
	if ((S_ISCHR(type) || S_ISBLK(type)) && !(job->request.flags & O_PATH))
		error = access_check_device(job->call, path->name);
	return error ? error : access_check_append(job->call, path->name, job->request.flags);
}

/* What mask+ shows is opened in the place of the object; what is written there is judged by its own name, too. */
static int open_mask(struct open_job *job, struct path *path, struct stat *object)
{
	const char *target = path->unnamed ? NULL : access_mask(job->call, path->name);
	uint64_t bits = open_flags_categories(job->request.flags) & (CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_TRUNCATE));
	int error = common_mask(job->call, path);

	if (error > 0)
		error = errno_result(fstat(path->object, object));
	for (unsigned category = 0; target && category < CAT_COUNT && !error; category++)
		if (bits & CAT_BIT(category) && S_ISREG(object->st_mode))
			error = access_check(job->call, (enum category)category, target);
	return error;
}

/* A single component in a held directory. With O_CREAT | O_EXCL no link is followed there. */
static int open_in(int dir, const char *name, uint64_t flags, uint64_t mode)
{
	return errno_result(openat(dir, name, (int)open_flags_ours(flags), (mode_t)mode));
}

/*
 * One open for everything, where string and flags decide. -ELOOP: not to be done on this road.
 * What must be known about the object beforehand (its size, a number for it) is not known here.
 */
static int open_fast(struct open_job *job, const struct path *path)
{
	const struct open_request *request = &job->request;
	struct open_how how = { .flags = open_flags_ours(request->flags), .mode = request->mode };
	int error;

	if (!path->lexical || request->path_only || (!request->large && request->flags & O_TRUNC))
		return -ELOOP;
	if (!open_allowed_by_name(job, path->name))
		return -ELOOP;
	error = open_prepare(job);
	if (error < 0)
		return error == -ESRCH ? error : -ELOOP;
	if (job->crowded)
		return -ELOOP;
	if (open_has_effect(request))
		error = call_revalidate(job->call);
	return error < 0 ? error : path_open_lexical(job->call, path, &how);
}

/* True when the object must be looked at to know what this error means. */
static bool open_needs_object(const struct path *path, int error)
{
	return path_lexical_failed(path, error) || error == -EAGAIN || error == -ENXIO;
}

/* Opens path->object, which was decided on. */
static struct verdict open_held(struct open_job *job, struct path *path, const struct stat *object)
{
	uint64_t flags = job->request.flags;
	int error = 0;

	/* Opening a device or a FIFO has effects that O_PATH would not have had. */
	if (job->request.path_only && !S_ISREG(object->st_mode) && !S_ISDIR(object->st_mode))
		return verdict_fail(EACCES);
	if (open_is_terminal(object))
		return open_terminal(job);
	/* Natively a waiting reader counts as one, and sees every writer: only a real open does that. */
	if (S_ISFIFO(object->st_mode) && !path->unnamed && (flags & O_ACCMODE) == O_RDONLY && !(flags & O_NONBLOCK))
		return open_in_worker(job, path);
	if (flags & O_TRUNC && S_ISREG(object->st_mode)) {
		error = open_prepare(job);
		if (!error)
			error = open_effect(job);
	}
	if (error < 0)
		return verdict_fail(error);
	return open_finish(job, path, path_reopen(job->call, path, open_flags_reopen(flags)));
}

static struct verdict open_temporary(struct open_job *job, const struct path *path)
{
	int error = open_prepare(job);
	int fd;

	if (!error)
		error = open_effect(job);
	if (error < 0)
		return verdict_fail(error);
	fd = open_in(path->object, ".", job->request.flags, job->request.mode);
	return fd < 0 ? verdict_fail(fd) : open_result(job, fd);
}

/* The object is held: the kernel's own refusals, then the decision, then the open. */
static struct verdict open_object(struct open_job *job, struct path *path)
{
	const struct open_request *request = &job->request;
	struct stat object;
	int error = errno_result(fstat(path->object, &object));

	if (!error)
		error = open_flags_refused(request->flags, object.st_mode);
	/* fchmodat(AT_SYMLINK_NOFOLLOW) of C libraries begins so, and ends with this on a symlink. */
	if (error == -ELOOP && request->path_only)
		error = -EOPNOTSUPP;
	if (!error && request->flags & O_CREAT)
		error = open_sticky_check(path, &object);
	if (!error)
		error = open_check(job, path,
			open_flags_object(request->flags, object.st_mode) |
				(request->path_only ? CAT_BIT(CAT_STAT) : 0));
	if (!error)
		error = open_check_object(job, path, path->object, object.st_mode);
	if (!error)
		error = open_mask(job, path, &object);
	if (!error && open_too_large(request, &object))
		error = -EOVERFLOW;
	if (error < 0)
		return verdict_fail(error);
	return request->flags & OPEN_TMPFILE ? open_temporary(job, path) : open_held(job, path, &object);
}

/* The name is free: the file is made, or it is found after all and looked at again. */
static struct verdict open_new(struct open_job *job, const struct path *path)
{
	const struct open_request *request = &job->request;
	/* A new file opened for writing is written: a rule against that must not leave it behind empty. */
	int error = open_check(
		job, path, CAT_BIT(CAT_CREATE) | (open_flags_write(request->flags) ? CAT_BIT(CAT_WRITE) : 0));
	int fd;

	if (!error)
		error = open_check_object(job, path, path->parent, S_IFREG);
	if (!error)
		error = access_check_made(job->call, path->name);
	if (!error)
		error = open_prepare(job);
	if (!error)
		error = open_effect(job);
	if (error < 0)
		return verdict_fail(error);
	fd = open_in(path->parent, path->base, request->flags | O_EXCL, request->mode);
	if (fd < 0) {
		job->again = fd == -EEXIST && !(request->flags & O_EXCL);
		return verdict_fail(fd);
	}
	path_made(job->call, path, fd);
	return open_result(job, fd);
}

static struct verdict open_named(struct open_job *job, struct path *path)
{
	bool makes = job->request.flags & O_CREAT;
	int fd = open_fast(job, path);
	int error;

	if (fd >= 0)
		return open_finish(job, path, fd);
	if (!open_needs_object(path, fd))
		return verdict_fail(fd);
	error = makes ? path_find_or_parent(job->call, path) : path_find(job->call, path);
	/* What is shown is there, whatever is behind it. */
	if (error >= 0 && path->object < 0)
		error = common_mask(job->call, path);
	if (error < 0)
		return verdict_fail(error);
	return path->object >= 0 ? open_object(job, path) : open_new(job, path);
}

/* The string was read once: looking again begins with our copy of it. */
static int open_begin_again(struct open_job *job, struct path *path)
{
	char string[PATH_MAX];

	memcpy(string, path->string, strlen(path->string) + 1);
	path_release(path);
	path_init(path);
	return path_begin_string(job->call, job->request.dirfd, string, open_path_flags(&job->request), path);
}

/* Natively the number is taken before the path is looked at: a full table hides what came of that. */
static struct verdict open_in_order(struct call *call, struct verdict verdict)
{
	if (verdict.kind == VERDICT_FAIL && identity_table_full(call))
		return verdict_fail(EMFILE);
	return verdict;
}

static struct verdict open_enter(struct call *call)
{
	struct open_job job = { .call = call, .reserved = -1 };
	PATH_LOCAL(path);
	struct verdict verdict;
	int error;

	error = open_request(call, &job.request);
	if (!error)
		error = path_begin(call, job.request.dirfd, job.request.address, open_path_flags(&job.request), &path);
	/* A decision has effects too: a line in the log, a signal. */
	if (!error)
		error = call_revalidate(call);
	for (unsigned tries = 0; !error && tries < OPEN_TRIES; tries++) {
		job.again = false;
		verdict = open_named(&job, &path);
		if (!job.again)
			return open_in_order(call, verdict);
		error = open_begin_again(&job, &path);
	}
	return verdict_fail(error < 0 ? error : -EACCES);
}

const struct handler handler_open = {
	.name = "open",
	.flags = H_READS_MEM | H_MAY_WAIT | H_IDENTITY,
	.categories = CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) |
		      CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_TRUNCATE) | CAT_BIT(CAT_READDIR) | CAT_BIT(CAT_MKTEMP) |
		      CAT_BIT(CAT_FS) | CAT_BIT(CAT_IOCTL),
	.state_size = sizeof(struct open_state),
	.enter = open_enter,
	.resume = open_resume,
	.cancel = open_cancel,
};
