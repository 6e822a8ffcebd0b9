/*
 * Nothing tells us of a signal to a thread that waits for our answer, so waiting calls
 * (and only they) are looked at, after 5 ms first, every 50 ms in the end. ERESTARTSYS is answered
 * only when the kernel has marked this very thread: otherwise the program would see errno 512.
 */
#include "core/wait.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/channel.h"
#include "core/dispatch.h"
#include "core/eviction.h"
#include "core/identity_state.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/policy.h"
#include "core/process.h"
#include "core/ready.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/step.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"
#include "core/worker.h"

#define WAIT_MAGIC 0x57414954U
#define WAIT_LOOK_FIRST 0.005
#define WAIT_LOOK_LAST 0.050
#define WAIT_LOOK_MOST 2.0

struct wait {
	uint32_t magic;
	struct call *call;
	ev_timer look;
	double look_after;
	double wake_at; /* when WAKE_TIMEOUT comes; below 0: never */
	int channel;    /* to the worker, -1: none */
	ev_io replied;
	uint32_t worker_id;
	uint64_t open_flags; /* of what the worker opens */
	int object;          /* for that, ours once it was unsent, or -1; for a step the log, never ours */
	bool unsent;         /* the launcher did not take the work yet */
	bool steps;          /* the worker takes a step of the handler, and asks questions meanwhile */
	bool decided;        /* it was told to go on with an effect */
	bool wrote;          /* the target has part of the result: it is not to be made again */
	bool lent;           /* the worker has the listener, and may have placed a descriptor */
	int placed;          /* the number of that, or -1 */
	pid_t worker_pid;    /* 0 until it has told us */
	struct ready_watch watch;
	struct grave grave;
};

static struct ev_loop *wait_ev(const struct wait *wait)
{
	return loop_ev(wait->call->sandbox->supervisor->loop);
}

static double wait_now(void)
{
	return (double)monotonic_ns() / 1e9;
}

static unsigned wait_crowd(const struct call *call)
{
	/* A worker has no other calls. */
	return call->sandbox->calls ? call_pool_in_flight(call->sandbox->calls) : 0;
}

/* A crowd's looks and tries take a quarter of our time at most, however slow the machine is: the rest is for others. */
static double wait_look_last(const struct call *call)
{
	double last = 4 * wait_crowd(call) * call->sandbox->supervisor->look_s;

	return last < WAIT_LOOK_LAST ? WAIT_LOOK_LAST : last < WAIT_LOOK_MOST ? last : WAIT_LOOK_MOST;
}

unsigned call_retry_ms(const struct call *call)
{
	return wait_crowd(call) + (unsigned)(wait_look_last(call) * 1000);
}

static void wait_look_again(struct wait *wait)
{
	double after = wait->look_after, left = wait->wake_at < 0 ? after : wait->wake_at - wait_now();

	/* The loop's own time is that of the start of its turn: a timer may come before its time. */
	if (left < after)
		after = left < 0 ? 0 : left;
	if (wait->look_after < wait_look_last(wait->call))
		wait->look_after *= 2;
	ev_timer_set(&wait->look, after, 0.);
	ev_timer_start(wait_ev(wait), &wait->look);
}

/* Did the kernel mark this thread? A signal to the process is proof only for its leader. */
static bool wait_interrupted(const struct process_status *status, pid_t tid)
{
	return process_hears(status, &status->pending_thread) ||
	       (status->tgid == tid && process_hears(status, &status->pending_shared));
}

/*
 * A call that natively never waits is not ended by a signal once its effect may be under way: done or not,
 * it would be made again.
 */
static bool wait_may_end(const struct wait *wait)
{
	if (wait->lent || wait->placed >= 0)
		return !wait->lent; /* and once we know, it ends with the number */
	return !wait->wrote && (!wait->decided || (wait->call->handler->flags & H_MAY_WAIT));
}

bool wait_may_be_left(const struct call *call)
{
	return !call->wait || !call->wait->lent;
}

int wait_placed(const struct call *call)
{
	return call->wait ? call->wait->placed : -1;
}

static int wait_try(struct wait *wait, int object);
static void wait_evict_worker(const struct call *newest);

/* Nothing has happened: what the launcher did not take is tried again. */
static void wait_go_on(struct wait *wait)
{
	int error = 0;

	if (wait->unsent) {
		wait_evict_worker(wait->call);
		error = wait_try(wait, wait->object);
	}
	if (error < 0)
		dispatch_abandon(wait->call, -error);
	else
		wait_look_again(wait);
}

static void wait_look_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct wait *wait = container_of(watcher, struct wait, look);
	struct call *call = wait->call;
	struct process_status status;
	double *look_s = &call->sandbox->supervisor->look_s;
	double start = wait_now();

	(void)ev;
	(void)events;
	MAGIC_CHECK(wait, WAIT_MAGIC);
	if (call_revalidate(call) < 0 || process_status_read(call, &status) == -ESRCH) {
		dispatch_lost(call);
	} else if (wait_may_end(wait) && wait_interrupted(&status, call->tid)) {
		dispatch_interrupt(call);
	} else if (wait->wake_at >= 0 && wait->wake_at <= wait_now()) {
		dispatch_resume(call, &(struct wake){ .reason = WAKE_TIMEOUT, .fd = -1 });
	} else {
		wait_go_on(wait);
	}
	*look_s += (wait_now() - start - *look_s) / 8;
}

/* The call's one wait, made now. NULL when memory is exhausted. */
static struct wait *wait_new(struct call *call)
{
	struct wait *wait = calloc(1, sizeof(*wait));

	assert(!call->wait);
	if (!wait)
		return NULL;
	wait->magic = WAIT_MAGIC;
	wait->call = call;
	wait->channel = -1;
	wait->placed = -1;
	wait->object = -1;
	wait->watch.fd = wait->watch.pidfd = -1;
	wait->look_after = WAIT_LOOK_FIRST;
	wait->wake_at = -1;
	ev_timer_init(&wait->look, wait_look_cb, 0., 0.);
	call->wait = wait;
	return wait;
}

int call_wait_ms(struct call *call, unsigned timeout_ms)
{
	struct wait *wait;

	if (call->sandbox->supervisor->remote_fd)
		return remote_wait_ms(call, timeout_ms);
	wait = wait_new(call);
	if (!wait)
		return -ENOMEM;
	/* Who looks again soon needs no looks of ours in between: a crowd of them would leave no time for others. */
	wait->look_after = wait_look_last(call);
	wait->wake_at = wait_now() + timeout_ms / 1000.0;
	wait_look_again(wait);
	return 0;
}

/* Ready, or the thread died. */
static void wait_ready(struct ready_watch *watch)
{
	struct wait *wait = container_of(watch, struct wait, watch);
	struct call *call = wait->call;

	MAGIC_CHECK(wait, WAIT_MAGIC);
	if (call_revalidate(call) < 0)
		dispatch_lost(call);
	else
		dispatch_resume(call, &(struct wake){ .reason = WAKE_READY, .fd = -1 });
}

/* The thread's end is watched, because others can see what we hold for it. */
int call_wait_fd(struct call *call, int fd, short events, int timeout_ms)
{
	struct wait *wait;
	int error;

	if (call->sandbox->supervisor->remote_fd)
		return remote_wait_fd(call, fd, events, timeout_ms);
	wait = wait_new(call);
	if (!wait)
		return -ENOMEM;
	wait->watch.ready = wait_ready;
	error = ready_add(call->sandbox->supervisor->ready, &wait->watch, fd, events, tracee_pidfd(call));
	if (error < 0) {
		wait_end(call);
		return error;
	}
	if (timeout_ms >= 0)
		wait->wake_at = wait_now() + timeout_ms / 1000.0;
	wait_look_again(wait);
	return 0;
}

void call_settle(struct call *call)
{
	struct call *next;

	/* A worker has no other calls. */
	if (!call->sandbox->calls)
		return;
	for (struct call *other = call_pool_waiting(call->sandbox->calls); other; other = next) {
		next = other->next;
		if (call_revalidate(other) < 0)
			dispatch_lost(other);
	}
}

/* The end of what a worker opened: what came, or EIO where it died. */
static void wait_worked(struct wait *wait, int result, struct message *message, int fd)
{
	struct wake wake = { .reason = WAKE_WORKER, .fd = fd, .result = -EIO };

	if (result == 1 && message->type == MESSAGE_WORKED)
		wake.result = message->status;
	dispatch_resume(wait->call, &wake);
}

/* The same for a step. */
static void wait_stepped(struct wait *wait, int result, const struct message *message, const void *data, size_t size)
{
	struct call *call = wait->call;
	struct verdict verdict = wait->placed >= 0 ? verdict_return(wait->placed) : verdict_fail(EIO);

	if (result == 1 && message->type == MESSAGE_STEPPED)
		verdict = step_verdict(call, message, data, size);
	dispatch_finish(call, &verdict);
}

/* What its questions tell of how far the worker is. */
static void wait_note(struct wait *wait, const struct message *question)
{
	wait->decided = wait->decided || question->id == REMOTE_CHECK;
	wait->wrote = wait->wrote || question->id == REMOTE_WRITE;
	wait->lent = question->id == REMOTE_LISTENER;
	if (question->id == REMOTE_PLACED)
		wait->placed = question->status;
}

/* True when the worker goes on: it told its pid, or asked something. */
static bool wait_goes_on(struct wait *wait, const struct message *message, const void *data, size_t size)
{
	if (message->type == MESSAGE_WORKER) {
		wait->worker_pid = message->pid;
		return true;
	}
	if (!wait->steps || message->type != MESSAGE_ASK)
		return false;
	wait_note(wait, message);
	return step_answer(wait->call, wait->channel, message, data, size) == 0;
}

/* Answers of the worker: first its pid, then its result. Its death is an end of file. */
static void wait_replied_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct wait *wait = container_of(watcher, struct wait, replied);
	struct message message;
	char data[CHANNEL_DATA_MAX];
	size_t size = sizeof(data);
	int fd = -1;
	int result;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(wait, WAIT_MAGIC);
	result = channel_receive_data(wait->channel, true, &message, data, &size, &fd);
	if (result == -EAGAIN || (result == 1 && wait_goes_on(wait, &message, data, size)))
		return;
	/* One that has replied, or died, needs no dismissal. Where everything ends, its caller is gone, too. */
	if (result != 1)
		wait->worker_id = 0;
	if (result != 1 && call_revalidate(wait->call) < 0) {
		dispatch_lost(wait->call);
		return;
	}
	if (result != 1 || (message.type != MESSAGE_WORKED && message.type != MESSAGE_STEPPED))
		log_event(wait->call->sandbox->supervisor->log, "worker", "a worker ended without a result");
	else
		wait->worker_id = 0;
	if (wait->steps)
		wait_stepped(wait, result, &message, data, size);
	else
		wait_worked(wait, result, &message, fd);
}

/* It has a worker, or will have one as soon as the launcher takes more work. */
static bool wait_wants_worker(const struct wait *wait)
{
	return wait->channel >= 0 || wait->unsent;
}

static unsigned wait_worker_limit(const struct sandbox *sandbox)
{
	return policy_settings(sandbox->policy)->limit_workers;
}

static unsigned wait_others_with_workers(const struct call *newest)
{
	unsigned count = 0;

	for (const struct call *call = call_pool_waiting(newest->sandbox->calls); call; call = call->next)
		if (call != newest && wait_wants_worker(call->wait))
			count++;
	return count;
}

/* Of the calls that are older than this one, the oldest that has a worker makes room. */
static void wait_evict_worker(const struct call *newest)
{
	struct call *call = call_pool_waiting(newest->sandbox->calls);

	if (wait_others_with_workers(newest) < wait_worker_limit(newest->sandbox))
		return;
	while (call && call != newest && (!wait_wants_worker(call->wait) || !wait_may_be_left(call)))
		call = call->next;
	if (call && call != newest && eviction_take(newest->sandbox, EVICTION_WORKER_NS))
		dispatch_abandon(call, EINTR);
}

/* To the launcher: work for a worker that talks to us over a channel of its own. */
static int wait_send(struct wait *wait, struct message *message, int other_fd)
{
	struct supervisor *supervisor = wait->call->sandbox->supervisor;
	int channels[2];
	int fds[WORKER_FD_COUNT];
	int error = identity_export(wait->call, &message->identity);

	if (error < 0)
		return error;
	error = channel_pair(channels);
	if (error < 0)
		return error;
	fds[WORKER_FD_REPLY] = channels[1];
	fds[WORKER_FD_OBJECT] = other_fd;
	message->id = wait->worker_id = launch_next_id(supervisor);
	error = launch_send(supervisor, message, fds, WORKER_FD_COUNT);
	wait->call->sandbox->workers += error == 0;
	close(channels[1]);
	wait->channel = channels[0];
	return error;
}

/* The first thing on the channel: which call it is. */
static int wait_send_call(const struct wait *wait)
{
	const struct message message = { .type = MESSAGE_CALL };
	const struct call *call = wait->call;
	struct remote_call remote = {
		.id = call->id,
		.tid = call->tid,
		.audit_arch = call->abi->audit_arch,
		.nr = call->nr,
		.ids_may_differ = call->sandbox->ids_may_differ,
	};

	memcpy(remote.args, call->args, sizeof(remote.args));
	memcpy(remote.sandbox_id, call->sandbox->id, sizeof(remote.sandbox_id));
	return channel_post_data(wait->channel, &message, &remote, sizeof(remote), -1);
}

/* The call's wait for a worker; the oldest makes room for it. NULL when memory is exhausted. */
static struct wait *wait_new_worker(struct call *call)
{
	struct wait *wait;

	wait_evict_worker(call);
	wait = wait_new(call);
	if (wait)
		ev_io_init(&wait->replied, wait_replied_cb, -1, EV_READ);
	return wait;
}

/* Tried again at each look. */
static int wait_later(struct wait *wait, int object)
{
	if (!wait->unsent && !wait->steps)
		wait->object = fcntl(object, F_DUPFD_CLOEXEC, 0);
	wait->unsent = true;
	return wait->steps || wait->object >= 0 ? 0 : -errno;
}

/* The launcher is behind with its work: the looks come soon after each other. */
static int wait_soon(struct wait *wait, int object)
{
	close(wait->channel);
	wait->channel = -1;
	wait->worker_id = 0;
	wait->look_after = WAIT_LOOK_FIRST;
	return wait_later(wait, object);
}

/*
 * Hands the work over and watches the channel. 0 also where that has to be tried again. One that will not die keeps
 * its place: it is the sandbox that has one worker less.
 */
static int wait_try(struct wait *wait, int object)
{
	struct message message = { .type = wait->steps ? MESSAGE_STEP : MESSAGE_WORK, .value = wait->open_flags };
	int error;

	if (wait->call->sandbox->workers >= wait_worker_limit(wait->call->sandbox))
		return wait_later(wait, object);
	error = wait_send(wait, &message, object);
	if ((error == -EAGAIN || error == -ETOOMANYREFS) && wait->channel >= 0)
		return wait_soon(wait, object);
	if (error == 0 && wait->steps)
		error = wait_send_call(wait);
	if (error < 0)
		return error;
	wait->unsent = false;
	ev_io_set(&wait->replied, wait->channel, EV_READ);
	ev_io_start(wait_ev(wait), &wait->replied);
	return 0;
}

/* The first try, or all undone after an error. */
static int wait_begin(struct wait *wait, int object)
{
	int error = wait_try(wait, object);

	if (error < 0)
		wait_end(wait->call);
	else
		wait_look_again(wait);
	return error;
}

int call_wait_worker_open(struct call *call, int object, uint64_t open_flags)
{
	struct wait *wait;

	if (call->sandbox->supervisor->remote_fd)
		return remote_wait_open(call, object, open_flags);
	wait = wait_new_worker(call);
	if (!wait)
		return -ENOMEM;
	wait->open_flags = open_flags;
	return wait_begin(wait, object);
}

int wait_for_step(struct call *call)
{
	struct wait *wait = wait_new_worker(call);

	if (!wait)
		return -ENOMEM;
	wait->steps = true;
	wait->object = log_fd(call->sandbox->supervisor->log);
	return wait_begin(wait, wait->object);
}

static void wait_free(struct grave *grave)
{
	free(container_of(grave, struct wait, grave));
}

void wait_end(struct call *call)
{
	struct wait *wait = call->wait;
	struct supervisor *supervisor = call->sandbox->supervisor;

	if (!wait)
		return;
	MAGIC_CHECK(wait, WAIT_MAGIC);
	ev_timer_stop(wait_ev(wait), &wait->look);
	ready_remove(supervisor->ready, &wait->watch);
	if (wait->channel >= 0) {
		ev_io_stop(wait_ev(wait), &wait->replied);
		close(wait->channel);
		if (wait->worker_id)
			launch_cancel_worker(supervisor, wait->worker_id);
	}
	if (!wait->steps && wait->object >= 0)
		close(wait->object);
	wait->magic = 0;
	call->wait = NULL;
	loop_bury(supervisor->loop, &wait->grave, wait_free);
}

/* Those that found no room are looked at in the next turn, as many as there is room for now. */
void wait_workers_ended(struct sandbox *sandbox, unsigned count)
{
	assert(count <= sandbox->workers);
	sandbox->workers -= count;
	for (struct call *call = call_pool_waiting(sandbox->calls); call && count; call = call->next) {
		if (!call->wait->unsent)
			continue;
		ev_timer_stop(wait_ev(call->wait), &call->wait->look);
		ev_timer_set(&call->wait->look, 0., 0.);
		ev_timer_start(wait_ev(call->wait), &call->wait->look);
		count--;
	}
}

bool wait_owns_pid(const struct sandbox *sandbox, pid_t pid)
{
	for (const struct call *call = call_pool_waiting(sandbox->calls); call; call = call->next)
		if (call->wait && call->wait->worker_pid == pid)
			return true;
	return false;
}
