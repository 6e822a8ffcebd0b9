/*
 * no_new_privs and the Landlock domain come earlier (core/cmd_run.c): they are inherited by
 * the launcher. This is the part that only the supervisor takes on.
 */
#include "core/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_caps.h"
#include "core/cage_filter.h"
#include "core/cleanup.h"
#include "core/filter.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

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

/* Nobody's identity is assumed yet: ours is read again. */
static int cage_drop_capabilities(struct supervisor *supervisor, bool acts)
{
	int error = cage_caps_drop(acts);

	if (error)
		return error;
	identity_free(supervisor->identity);
	supervisor->identity = identity_new();
	return supervisor->identity ? 0 : -ENOMEM;
}

static int cage_load(const struct cage_facts *facts)
{
	struct sock_fprog program;
	int error = cage_filter_build(facts, &program);

	if (error)
		return error;
	error = filter_load(&program, 0);
	filter_free(&program);
	return error;
}

/* Nothing is forked from here on, so it need not reach others. */
static int cage_filter(const struct sandbox *sandbox, unsigned needs)
{
	struct supervisor *supervisor = sandbox->supervisor;
	struct cage_facts facts = {
		.user = CAGE_SUPERVISOR,
		.needs = needs,
		.self = supervisor->pid,
		.log_fd = log_fd(supervisor->log),
		.listener = sandbox->notifier ? notify_listener(sandbox) : -1,
	};
	int error;

	if (getrandom(&facts.cookie, sizeof(facts.cookie), 0) != (ssize_t)sizeof(facts.cookie))
		return -EIO;
	error = cage_load(&facts);
	if (error == 0)
		supervisor->cookie = facts.cookie;
	return error;
}

int cage_enter(struct sandbox *sandbox)
{
	struct supervisor *supervisor = sandbox->supervisor;
	unsigned needs = cage_needs(sandbox->plan, sandbox->policy, supervisor->privileged);
	struct rlimit none = { 0, 0 };
	int error;

	if (supervisor->caged)
		return 0;
	error = cage_let_go_of_stdio();
	if (error)
		return error;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	error = cage_drop_capabilities(supervisor, needs & CAGE_NEED_CALLS);
	if (!error)
		error = cage_filter(sandbox, needs);
	if (error)
		return error;
	supervisor->caged = true;
	return 0;
}

int cage_enter_launcher(struct supervisor *copy)
{
	const struct cage_facts facts = {
		.user = CAGE_LAUNCHER,
		.needs = cage_needs_of_call(SC_COUNT, copy->privileged),
		.self = getpid(),
		.log_fd = -1,
		.listener = -1,
	};
	int error = cage_drop_capabilities(copy, true);

	return error ? error : cage_load(&facts);
}

int cage_enter_worker(const struct supervisor *supervisor, enum sysno sysno)
{
	const struct cage_facts facts = {
		.user = sysno == SC_none ? CAGE_OPEN : CAGE_STEP,
		.needs = cage_needs_of_call(sysno, supervisor->privileged),
		.self = getpid(),
		.log_fd = sysno == SC_none ? -1 : log_fd(supervisor->log),
		.listener = -1,
	};

	return cage_load(&facts);
}
