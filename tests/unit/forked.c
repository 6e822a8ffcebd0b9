/*
 * Children of tests: forked here, waited for by number. Never Criterion's own assertions in
 * them: those belong to the test's process.
 */
#include "tests/unit/forked.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void forked_child(forked_function *function, void *context, bool silent)
{
	struct rlimit no_core;

	setsid();
	getrlimit(RLIMIT_CORE, &no_core);
	no_core.rlim_cur = 0; /* the hard limit could not be raised again */
	setrlimit(RLIMIT_CORE, &no_core);
	if (silent)
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	function(context);
	_exit(0);
}

static int forked_start(forked_function *function, void *context, bool silent)
{
	int status = -1;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0)
		forked_child(function, context, silent);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return status;
}

int forked_run(forked_function *function, void *context)
{
	return forked_start(function, context, false);
}

int forked_run_silent(forked_function *function, void *context)
{
	return forked_start(function, context, true);
}

void forked_drop_root(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 || setgid(FORKED_NOBODY) < 0 || setuid(FORKED_NOBODY) < 0)
		_exit(98);
}

void forked_check(bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	dprintf(STDERR_FILENO, "%s:%d: in a child: %s: %m\n", file, line, text);
	_exit(99);
}
