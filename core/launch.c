/*
 * A payload is started in three steps: it loads its filters and tells us its listener; we take
 * that, enter the cage and release it; it execs, or says why it could not.
 */
#include "core/launch.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cage.h"
#include "core/cage_call.h"
#include "core/channel.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/job_control.h"
#include "core/launch_request.h"
#include "core/launcher.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/notify.h"
#include "core/plan.h"
#include "core/plan_warn.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/trace.h"
#include "core/util.h"
#include "core/wait.h"

#define LAUNCH_MAGIC 0x4c41554eU

/* As many as there can be workers. */
#define LAUNCH_CANCELS 4096

struct launcher {
	uint32_t magic;
	struct supervisor *supervisor;
	int channel;
	uint32_t next_id;
	ev_io readable;
	struct sandbox *starting; /* whose payload has not reached exec yet */
	int payload_channel;      /* -1: it has started */
	bool caged;               /* the launcher is */
	struct message waiting;   /* the payload's, that came before: type MESSAGE_LISTENER */
	ev_io payload_readable;
	ev_io writable; /* while there are workers to be dismissed that the launcher could not be told of */
	unsigned cancel_count;
	uint32_t cancels[]; /* LAUNCH_CANCELS of them, not touched before they are needed */
};

static void launch_close_payload(struct launcher *launcher)
{
	if (launcher->payload_channel < 0)
		return;
	ev_io_stop(loop_ev(launcher->supervisor->loop), &launcher->payload_readable);
	close(launcher->payload_channel);
	launcher->payload_channel = -1;
	launcher->starting = NULL;
}

/* A start that failed on our side: the payload never ran. */
static void launch_give_up(struct sandbox *sandbox, const char *what, int error)
{
	fprintf(stderr, "kennel: %s: %s\n", what, strerror(error < 0 ? -error : error));
	sandbox_end(sandbox, 125);
}

static int launch_take_listener(struct sandbox *sandbox, pid_t pid, int number)
{
	int listener;

	sandbox->first_pid = pid;
	sandbox->first_pidfd = (int)cage_call(sandbox->supervisor, SYS_pidfd_open, pid, 0, 0, 0);
	if (sandbox->first_pidfd < 0)
		return -errno;
	if (number < 0)
		return 0;
	listener = (int)cage_call(sandbox->supervisor, SYS_pidfd_getfd, sandbox->first_pidfd, number, 0, 0);
	if (listener < 0)
		return -errno;
	sandbox->notifier = notify_new(sandbox, listener);
	return sandbox->notifier ? 0 : -ENOMEM;
}

static int launch_trace(struct sandbox *sandbox)
{
	if (!plan_traces(sandbox->plan))
		return 0;
	return trace_seize(sandbox->supervisor->tracer, sandbox, sandbox->first_pid);
}

static void launch_release(struct launcher *launcher, const struct message *told)
{
	struct sandbox *sandbox = launcher->starting;
	struct message release = { .type = MESSAGE_RELEASE };
	const struct identity_state *identity = sandbox->supervisor->identity;
	int error = identity_reach(identity, true);

	if (!error)
		error = launch_take_listener(sandbox, told->pid, told->status);
	if (error) {
		launch_give_up(sandbox,
			error == -EPERM ? "cannot reach the payload (is ptrace access restricted, as "
					  "by kernel.yama.ptrace_scope 2 or 3?)"
					: "cannot take the payload's listener",
			error);
		return;
	}
	error = launch_trace(sandbox);
	if (error) {
		launch_give_up(sandbox,
			error == -EPERM ? "cannot trace the payload (is ptrace forbidden here, or does somebody trace "
					  "it already? trace/ptrace:off does without where the policy can)"
					: "cannot trace the payload",
			error);
		return;
	}
	error = identity_reach(identity, false);
	if (!error)
		error = cage_enter(sandbox);
	if (error) {
		launch_give_up(sandbox, "cannot confine the supervisor", error);
		return;
	}
	error = channel_post(launcher->payload_channel, &release, NULL, 0);
	if (error)
		launch_give_up(sandbox, "cannot release the payload", error);
}

/* Both must have come, in whichever order: what the payload tells, and that the launcher is caged. */
static void launch_listener(struct launcher *launcher, const struct message *told)
{
	if (launcher->caged)
		launch_release(launcher, told);
	else
		launcher->waiting = *told;
}

static void launch_caged(struct launcher *launcher)
{
	launcher->caged = true;
	if (launcher->starting && launcher->waiting.type == MESSAGE_LISTENER)
		launch_release(launcher, &launcher->waiting);
}

static void launch_exec_failed(struct sandbox *sandbox, const struct message *message)
{
	bool executing = message->value != 0;

	if (!executing && message->status == EBUSY) {
		fprintf(stderr, "kennel: a supervisor with a listener runs around this one already, and this policy "
				"needs one of its own: ");
		plan_warn_listener(stderr, sandbox->plan, sandbox->policy);
		fputs(" (kennel plan shows all)\n", stderr);
	} else {
		fprintf(stderr, "kennel: %s: %s\n", executing ? sandbox->command : "cannot prepare the payload",
			strerror(message->status));
	}
	if (!executing)
		sandbox->exit_override = 125;
	else
		sandbox->exit_override = message->status == ENOENT || message->status == ENOTDIR ? 127 : 126;
}

/* One message of the payload that is starting; its end of file is a successful exec. */
static void launch_payload_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct launcher *launcher = container_of(watcher, struct launcher, payload_readable);
	struct message message;
	int result;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(launcher, LAUNCH_MAGIC);
	result = channel_receive(launcher->payload_channel, true, &message, NULL, 0, NULL);
	if (result == -EAGAIN)
		return;
	if (result == 1 && message.type == MESSAGE_LISTENER)
		launch_listener(launcher, &message);
	else if (result == 1 && message.type == MESSAGE_EXEC_FAILED)
		launch_exec_failed(launcher->starting, &message);
	else
		launch_close_payload(launcher);
}

static int launch_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void launch_ended(struct launcher *launcher, int wait_status)
{
	struct sandbox *sandbox = launcher->supervisor->sandboxes;

	/* What the payload said last may still lie in its channel. */
	if (launcher->payload_channel >= 0)
		launch_payload_cb(loop_ev(launcher->supervisor->loop), &launcher->payload_readable, EV_READ);
	sandbox->ended = true;
	sandbox->exit_status = sandbox->exit_override >= 0 ? sandbox->exit_override : launch_status(wait_status);
	loop_stop(launcher->supervisor->loop);
}

/* The launcher died before its work was done: nothing may run on without a keeper. */
static void launch_lost(struct launcher *launcher)
{
	struct sandbox *sandbox = launcher->supervisor->sandboxes;

	log_event(launcher->supervisor->log, "launcher", "the launcher is gone: the sandbox ends");
	ev_io_stop(loop_ev(launcher->supervisor->loop), &launcher->readable);
	ev_io_stop(loop_ev(launcher->supervisor->loop), &launcher->writable);
	launcher_kill_children(launcher->supervisor->cleaner_pid);
	sandbox->ended = true;
	sandbox->exit_status = 125;
	loop_stop(launcher->supervisor->loop);
}

static void launch_readable_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct launcher *launcher = container_of(watcher, struct launcher, readable);
	struct message message;
	int result;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(launcher, LAUNCH_MAGIC);
	result = channel_receive(launcher->channel, true, &message, NULL, 0, NULL);
	if (result == -EAGAIN)
		return;
	if (result <= 0)
		launch_lost(launcher);
	else if (message.type == MESSAGE_ENDED)
		launch_ended(launcher, message.status);
	else if (message.type == MESSAGE_BURIED)
		wait_workers_ended(launcher->supervisor->sandboxes, (unsigned)message.status);
	else if (message.type == MESSAGE_CAGED)
		launch_caged(launcher);
	else if (message.type == MESSAGE_STOPPED)
		job_control_stopped(launcher->supervisor, message.status);
	else if (message.type == MESSAGE_FAILED)
		launch_give_up(launcher->supervisor->sandboxes, "cannot start a process", message.status);
}

static int launch_send_cancel(const struct launcher *launcher, uint32_t id)
{
	const struct message message = { .type = MESSAGE_WORK_CANCEL, .id = id };

	return channel_post(launcher->channel, &message, NULL, 0);
}

static void launch_writable_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct launcher *launcher = container_of(watcher, struct launcher, writable);

	loop_check(events);
	MAGIC_CHECK(launcher, LAUNCH_MAGIC);
	while (launcher->cancel_count &&
		launch_send_cancel(launcher, launcher->cancels[launcher->cancel_count - 1]) != -EAGAIN)
		launcher->cancel_count--;
	if (!launcher->cancel_count)
		ev_io_stop(ev, watcher);
}

void launch_cancel_worker(struct supervisor *supervisor, uint32_t id)
{
	struct launcher *launcher = supervisor->launcher;

	if (!launcher || launch_send_cancel(launcher, id) != -EAGAIN || launcher->cancel_count == LAUNCH_CANCELS)
		return;
	launcher->cancels[launcher->cancel_count++] = id;
	ev_io_start(loop_ev(supervisor->loop), &launcher->writable);
}

int launch_attach(struct supervisor *supervisor, pid_t launcher_pid, int channel, int payload)
{
	struct launcher *launcher = malloc(sizeof(*launcher) + LAUNCH_CANCELS * sizeof(launcher->cancels[0]));

	if (!launcher)
		return -ENOMEM;
	*launcher = (struct launcher){
		.magic = LAUNCH_MAGIC, .supervisor = supervisor, .channel = channel, .payload_channel = payload
	};
	supervisor->launcher = launcher;
	supervisor->launcher_pid = launcher_pid;
	ev_io_init(&launcher->readable, launch_readable_cb, channel, EV_READ);
	ev_io_start(loop_ev(supervisor->loop), &launcher->readable);
	ev_io_init(&launcher->writable, launch_writable_cb, channel, EV_WRITE);
	ev_io_init(&launcher->payload_readable, launch_payload_cb, payload, EV_READ);
	return 0;
}

void launch_detach(struct supervisor *supervisor)
{
	struct launcher *launcher = supervisor->launcher;

	if (!launcher)
		return;
	MAGIC_CHECK(launcher, LAUNCH_MAGIC);
	launch_close_payload(launcher);
	ev_io_stop(loop_ev(supervisor->loop), &launcher->readable);
	ev_io_stop(loop_ev(supervisor->loop), &launcher->writable);
	close(launcher->channel);
	launcher->magic = 0;
	free(launcher);
	supervisor->launcher = NULL;
}

int launch_send(struct supervisor *supervisor, const struct message *message, const int *fds, unsigned count)
{
	if (!supervisor->launcher)
		return -EPIPE;
	return channel_post(supervisor->launcher->channel, message, fds, count);
}

uint32_t launch_next_id(struct supervisor *supervisor)
{
	if (++supervisor->launcher->next_id == 0)
		supervisor->launcher->next_id = 1;
	return supervisor->launcher->next_id;
}

int launch_payload(struct sandbox *sandbox, const struct launch_spec *spec)
{
	struct launcher *launcher = sandbox->supervisor->launcher;
	struct message message = { .type = MESSAGE_LAUNCH };
	AUTO_CLOSE int request = launch_request_write(spec);
	int fds[LAUNCH_FD_KEPT + LAUNCH_KEPT_MAX + 1];
	unsigned count = LAUNCH_FD_KEPT + spec->kept_count;

	if (request < 0)
		return request;
	fds[LAUNCH_FD_REQUEST] = request;
	memcpy(fds + LAUNCH_FD_KEPT, spec->kept, spec->kept_count * sizeof(int));
	if (spec->ruleset >= 0)
		fds[count++] = spec->ruleset;
	launcher->starting = sandbox;
	ev_io_start(loop_ev(sandbox->supervisor->loop), &launcher->payload_readable);
	return channel_post(launcher->payload_channel, &message, fds, count);
}

bool launch_is_over(struct sandbox *sandbox)
{
	struct launcher *launcher = sandbox->supervisor->launcher;

	/* The end of the channel came with the exec, and may not have been seen yet. */
	if (launcher->starting == sandbox)
		launch_payload_cb(loop_ev(sandbox->supervisor->loop), &launcher->payload_readable, EV_READ);
	return launcher->starting != sandbox;
}
