/*
 * Only the very words are known, from the first slash on: a link, a relative path or a descriptor never leads here, so
 * that nobody can make another process run a command by handing it a name. The string is read here and, if it is not
 * ours, once more by the handler: should it have become ours meanwhile, it names a file that does not exist.
 *
 * A command changes a copy of the policy; when all of it is in order, the copy and its plan take the place of what was
 * in force. No call sees anything between.
 */
#include "core/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_call.h"
#include "core/call.h"
#include "core/call_pool.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/plan.h"
#include "core/policy_change.h"
#include "core/policy_print.h"
#include "core/process.h"
#include "core/runtime_calls.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

#define STATE_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* 6.3 */
#endif

/* What follows the name of the interface: "", or "/COMMAND"; NULL: another file. */
static const char *runtime_rest(const char *string)
{
	static const char *const names[] = { "/dev/kennel", "/dev/syd" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (str_starts(string, names[i]) && (string[length] == '/' || string[length] == '\0'))
			return string + length;
	}
	return NULL;
}

/* A thread of the payload's first process, which is not reaped yet: its number is nobody else's. */
static bool runtime_from_first(struct call *call)
{
	struct process_status status;

	if (process_status_read(call, &status) < 0 || status.tgid != call->sandbox->first_pid)
		return false;
	return cage_call(call->sandbox->supervisor, SYS_pidfd_send_signal, call->sandbox->first_pidfd, 0, NULL, 0) ==
		       0 ||
	       errno == EPERM;
}

static bool runtime_visible(struct call *call)
{
	enum policy_lock lock = policy_settings(call->sandbox->policy)->lock;

	return lock != POLICY_LOCK_ON && (lock != POLICY_LOCK_EXEC || runtime_from_first(call));
}

static void runtime_log(const struct call *call, const char *command, int error, const char *message)
{
	struct log *log = call->sandbox->supervisor->log;

	if (error)
		log_event(log, "policy", "thread %d may not change the policy: %s: %s", (int)call->tid,
			*message ? message : strerror(-error), command);
	else
		log_event(log, "policy", "thread %d changes the policy: %s", (int)call->tid, command);
}

/* The changed policy and its plan take over; the old ones go, and nothing in flight refers to them. */
static int runtime_replace(struct sandbox *sandbox, struct policy *changed)
{
	int error;
	struct plan *plan = plan_renew(sandbox->plan, changed, &error);

	if (!plan) {
		policy_free(changed);
		return error;
	}
	plan_free(sandbox->plan);
	policy_free(sandbox->policy);
	sandbox->plan = plan;
	sandbox->policy = changed;
	sandbox->policy_changed = true;
	return 0;
}

/* 0: done, or the answer is yes. */
static int runtime_command(struct call *call, const char *command)
{
	struct policy *changed = NULL;
	char message[512];
	int error = call_revalidate(call);

	if (error)
		return error;
	error = policy_change(call->sandbox->policy, command, &changed, message, sizeof(message));
	if (error == POLICY_CHANGE_NO)
		return -ENOENT;
	if (!error && !changed)
		return 0;
	if (!error) {
		error = runtime_replace(call->sandbox, changed);
		snprintf(message, sizeof(message), "the filter in force cannot do it");
	}
	runtime_log(call, command, error, message);
	return error;
}

/* The looks of /dev/null, which is what a program expects of a device that takes everything. */
static int runtime_write_stat(struct call *call, const struct runtime_call *row)
{
	bool wide = row->kind == RUNTIME_STATX;
	uint64_t buffer = call_arg(call, row->buffer);
	struct statx result;

	if (statx(call->sandbox->null_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &result) < 0)
		return -errno;
	return wide ? mem_write(call, buffer, &result, sizeof(result))
		    : mem_write_stat(call, buffer, row->layout, &result);
}

static struct verdict runtime_stat(struct call *call, const struct runtime_call *row, const char *rest)
{
	int error = *rest ? runtime_command(call, rest + 1) : 0;

	return verdict_result(error ? error : runtime_write_stat(call, row));
}

/* Our cage has write() for the log only. */
static int runtime_fill(int fd, const char *text, size_t size)
{
	void *memory;

	if (size == 0)
		return 0;
	if (ftruncate(fd, (off_t)size) < 0)
		return -ENOMEM;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	memcpy(memory, text, size);
	munmap(memory, size);
	return 0;
}

static int runtime_write_state(const struct sandbox *sandbox, int fd)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	bool failed;

	if (!stream)
		return -ENOMEM;
	fputc('{', stream);
	policy_print_members(sandbox->policy, stream);
	fprintf(stream, ",\"calls\":{\"in_flight\":%u,\"made_room\":%lu,\"mistakes\":%u}}\n",
		call_pool_in_flight(sandbox->calls), sandbox->eviction.count, sandbox->mistakes);
	failed = ferror(stream);
	return fclose(stream) || failed ? -ENOMEM : runtime_fill(fd, text, size);
}

/* Memory that nobody can change any more, open for reading. */
static int runtime_state(const struct sandbox *sandbox)
{
	AUTO_CLOSE int fd =
		(int)syscall(SYS_memfd_create, RUNTIME_STATE_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	char number[16];
	int error;

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, RUNTIME_STATE_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	error = runtime_write_state(sandbox, fd);
	if (error)
		return error;
	if (fcntl(fd, F_ADD_SEALS, STATE_SEALS) < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", fd);
	return (int)errno_result(openat(sandbox->supervisor->self_fd_dir, number, O_RDONLY | O_CLOEXEC));
}

/* A device that is read: what the kernel says of other ways to open one. */
static int runtime_check_flags(uint64_t flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	return (flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_PATH) ? -EACCES : 0;
}

static struct verdict runtime_open(struct call *call, const struct runtime_call *row)
{
	struct open_how how = { .flags = (uint32_t)call_arg_int(call, row->flags) };
	int error = 0;
	int fd;

	if (row->kind == RUNTIME_OPENAT2)
		error = mem_read_open_how(call, call_arg(call, row->flags), call_arg(call, row->buffer), &how);
	if (!error)
		error = runtime_check_flags(how.flags);
	if (!error)
		error = call_revalidate(call);
	if (error)
		return verdict_fail(error);
	fd = runtime_state(call->sandbox);
	return fd < 0 ? verdict_fail(fd) : verdict_add_fd(fd, O_RDONLY | (how.flags & O_CLOEXEC));
}

/* What the kernel refuses before it looks at the name is left to the handler. */
static bool runtime_flags_valid(const struct call *call, const struct runtime_call *row)
{
	unsigned known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
	unsigned flags = row->flags == RUNTIME_NONE ? 0 : (unsigned)call_arg_int(call, row->flags);

	if (row->kind == RUNTIME_STATX &&
		(call_arg_int(call, 3) < 0 || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE))
		return false;
	return row->kind == RUNTIME_OPEN || row->kind == RUNTIME_OPENAT2 || !(flags & ~known);
}

bool runtime_takes(struct call *call, struct verdict *verdict_out)
{
	const struct runtime_call *row = NULL;
	char string[PATH_MAX];
	const char *rest;
	bool opens;

	if (policy_settings(call->sandbox->policy)->lock != POLICY_LOCK_ON)
		row = runtime_call_find(call->sysno);
	if (!row || !runtime_flags_valid(call, row) ||
		mem_read_string(call, call_arg(call, row->string), string, sizeof(string)) < 0)
		return false;
	rest = runtime_rest(string);
	opens = row->kind == RUNTIME_OPEN || row->kind == RUNTIME_OPENAT2;
	if (!rest || (opens && *rest) || !runtime_visible(call))
		return false;
	*verdict_out = opens ? runtime_open(call, row) : runtime_stat(call, row, rest);
	return true;
}
