/*
 * no_new_privs and the Landlock domain come earlier (core/cmd_run.c): they are inherited by
 * the launcher. This is the part that only the supervisor takes on.
 */
#include "core/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/supervisor.h"

/* A pipe of the payload's that we kept open would never end for its reader. */
static int cage_let_go_of_stdio(void)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	return null <= STDERR_FILENO ? (take_fd(&null), 0) : 0;
}

int cage_enter(struct supervisor *supervisor)
{
	struct rlimit none = { 0, 0 };
	int error;

	if (supervisor->caged)
		return 0;
	error = cage_let_go_of_stdio();
	if (error)
		return error;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	supervisor->caged = true;
	return 0;
}
