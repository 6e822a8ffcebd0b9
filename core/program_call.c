/*
 * The questions of core/program.h about the call at hand: the content of a program that
 * its caller may not read, how its memory is going to be, and the log. Owns nothing.
 */
#include "core/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/policy.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

static int program_reopen(const struct call *call, int object)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", object);
	return errno_result(
		openat(call->sandbox->supervisor->self_fd_dir, number, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int program_open(struct call *call, int object)
{
	int fd = program_reopen(call, object);

	if ((fd == -EACCES || fd == -EPERM) && identity_lift(call)) {
		fd = program_reopen(call, object);
		identity_lower(call);
	}
	return fd == -EWOULDBLOCK ? -ETXTBSY : fd;
}

static int program_read_personality(const struct call *call, char *text, size_t size)
{
	char name[32];
	AUTO_CLOSE int fd = -1;

	snprintf(name, sizeof(name), "%d/personality", (int)call->tid);
	fd = errno_result(openat(call->sandbox->supervisor->proc_fd, name, O_RDONLY | O_CLOEXEC));
	return fd < 0 ? fd : (int)errno_result(read(fd, text, size - 1));
}

int program_implies_exec(struct call *call)
{
	char text[16] = "";
	int got = program_read_personality(call, text, sizeof(text));

	if ((got == -EACCES || got == -EPERM) && identity_lift(call)) {
		got = program_read_personality(call, text, sizeof(text));
		identity_lower(call);
	}
	if (got <= 0)
		return got == 0 || got == -ENOENT ? -ESRCH : got;
	return (strtoul(text, NULL, 16) & READ_IMPLIES_EXEC) != 0;
}

void program_log_refused(struct call *call, const char *name, const char *why)
{
	if (policy_settings(call->sandbox->policy)->log_refused)
		log_event(call->sandbox->supervisor->log, "exec", "%s is refused: %s", name, why);
}
