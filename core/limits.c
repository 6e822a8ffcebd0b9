/*
 * Resource limits of the target. The only file that changes a limit of our own, and
 * only between take and drop within one step of a handler: nothing else writes then.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/fatal.h"
#include "core/limits.h"
#include "core/process.h"
#include "core/util.h"
#include "handlers/handler.h"

/* The file that anybody may read says the same. The limit is RLIM_INFINITY for "unlimited". */
static int limits_read_proc(pid_t tid, rlim_t *limit_out)
{
	static const char label[] = "Max file size";
	FILE AUTO_FCLOSE *file = NULL;
	char line[128];
	char *end;

	snprintf(line, sizeof(line), "/proc/%d/limits", (int)tid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!str_starts(line, label))
			continue;
		*limit_out = (rlim_t)strtoull(line + sizeof(label) - 1, &end, 10);
		if (end == line + sizeof(label) - 1) /* "unlimited" */
			*limit_out = RLIM_INFINITY;
		return 0;
	}
	return -EACCES;
}

static int limits_read(struct call *call, rlim_t *limit_out)
{
	struct rlimit theirs;

	/* prlimit() wants equal ids or CAP_SYS_RESOURCE, which a target's identity may lack. */
	if (prlimit(call_tid(call), RLIMIT_FSIZE, NULL, &theirs) < 0)
		return limits_read_proc(call_tid(call), limit_out);
	*limit_out = theirs.rlim_cur;
	return 0;
}

int limits_take_fsize(struct call *call, struct limits_fsize *limit_out)
{
	struct rlimit assumed;
	int error = limits_read(call, &limit_out->target);

	if (error < 0)
		return error;
	error = errno_result(getrlimit(RLIMIT_FSIZE, &limit_out->ours));
	if (error < 0)
		return error;
	assumed = limit_out->ours;
	assumed.rlim_cur = limit_out->target < assumed.rlim_max ? limit_out->target : assumed.rlim_max;
	if (assumed.rlim_cur == limit_out->ours.rlim_cur)
		return 0;
	return errno_result(setrlimit(RLIMIT_FSIZE, &assumed));
}

void limits_drop_fsize(const struct limits_fsize *limit)
{
	struct rlimit now;
	int error = getrlimit(RLIMIT_FSIZE, &now);

	/* A soft limit within our own hard one: this cannot fail. */
	if (error == 0 && now.rlim_cur != limit->ours.rlim_cur)
		error = setrlimit(RLIMIT_FSIZE, &limit->ours);
	if (error)
		fatal_end("the own size limit is not to be had back");
}

void limits_signal_fsize(struct call *call, const struct limits_fsize *limit, uint64_t end)
{
	if (limit->target == RLIM_INFINITY || end <= limit->target || call_revalidate(call) < 0)
		return;
	process_signal_thread(call, SIGXFSZ);
}

void limits_signal_pipe(struct call *call)
{
	if (call_revalidate(call) == 0)
		process_signal_thread(call, SIGPIPE);
}

int limits_core(struct call *call, pid_t pid, uint64_t *soft_out, uint64_t *hard_out)
{
	struct rlimit limit;

	if (prlimit(pid ? pid : call_tid(call), RLIMIT_CORE, NULL, &limit) < 0)
		return -errno;
	*soft_out = limit.rlim_cur;
	*hard_out = limit.rlim_max;
	return 0;
}
