/*
 * Birth and end of a sandbox.
 */
#include "core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/channel.h"
#include "core/dispatch.h"
#include "core/fatal.h"
#include "core/identity_state.h"
#include "core/launch.h"
#include "core/mounts.h"
#include "core/notify.h"
#include "core/path_long.h"
#include "core/plan.h"
#include "core/supervisor.h"
#include "core/trace.h"
#include "core/tracee.h"
#include "core/util.h"

static void sandbox_name(struct sandbox *sandbox)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = (uint64_t)sandbox->supervisor->pid;
	snprintf(sandbox->id, sizeof(sandbox->id), "%016llx", (unsigned long long)number);
}

/* Nothing of it is needed without a listener. */
int sandbox_prepare_calls(struct sandbox *sandbox)
{
	struct supervisor *supervisor = sandbox->supervisor;

	if (plan_traces(sandbox->plan) && !supervisor->tracer)
		supervisor->tracer = trace_new(supervisor);
	if (plan_traces(sandbox->plan) && !supervisor->tracer)
		return -ENOMEM;
	if (!plan_notifies(sandbox->plan) && !plan_traces(sandbox->plan))
		return 0;
	if (!supervisor->mounts && (supervisor->mounts = mounts_new()) &&
		mounts_watch(supervisor->mounts, supervisor) < 0)
		return -EIO;
	if (!supervisor->long_names)
		supervisor->long_names = long_names_new();
	sandbox->calls = call_pool_new(policy_settings(sandbox->policy)->limit_calls);
	sandbox->tracees = tracees_new(sandbox);
	return supervisor->mounts && supervisor->long_names && sandbox->calls && sandbox->tracees ? 0 : -ENOMEM;
}

struct sandbox *sandbox_new(struct supervisor *supervisor, struct policy *policy, struct plan *plan)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox) {
		plan_free(plan);
		policy_free(policy);
		return NULL;
	}
	*sandbox = (struct sandbox){ .magic = SANDBOX_MAGIC,
		.supervisor = supervisor,
		.policy = policy,
		.plan = plan,
		.ids_may_differ = !identity_survives_exec(supervisor->identity),
		.first_pidfd = -1,
		.start_directory = -1,
		.exit_override = -1 };
	sandbox->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (sandbox->null_fd < 0) {
		sandbox_free(sandbox);
		return NULL;
	}
	sandbox_name(sandbox);
	sandbox->next = supervisor->sandboxes;
	supervisor->sandboxes = sandbox;
	return sandbox;
}

static void sandbox_unlink(struct sandbox *sandbox)
{
	struct sandbox **link = &sandbox->supervisor->sandboxes;

	while (*link && *link != sandbox)
		link = &(*link)->next;
	if (*link)
		*link = sandbox->next;
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	MAGIC_CHECK(sandbox, SANDBOX_MAGIC);
	sandbox_unlink(sandbox);
	trace_drop_sandbox(sandbox->supervisor->tracer, sandbox);
	while (sandbox->calls && call_pool_waiting(sandbox->calls))
		dispatch_lost(call_pool_waiting(sandbox->calls));
	notify_close(sandbox->notifier);
	tracees_free(sandbox->tracees);
	call_pool_free(sandbox->calls);
	plan_free(sandbox->plan);
	policy_free(sandbox->policy);
	if (sandbox->first_pidfd >= 0)
		close(sandbox->first_pidfd);
	if (sandbox->start_directory >= 0)
		close(sandbox->start_directory);
	if (sandbox->null_fd >= 0)
		close(sandbox->null_fd);
	sandbox->magic = 0;
	free(sandbox);
}

void sandbox_end(struct sandbox *sandbox, int exit_status)
{
	struct message message = { .type = MESSAGE_END };
	int error;

	if (sandbox->ending)
		return;
	sandbox->ending = true;
	sandbox->exit_override = exit_status;
	error = launch_send(sandbox->supervisor, &message, NULL, 0);
	/* Without a launcher there is nothing to end; with one, our own end tells it. */
	if (error < 0 && error != -EPIPE)
		fatal_end("the launcher cannot be told to end it");
}
