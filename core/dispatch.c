/*
 * Where a handler's flags bite and verdicts become answers. An answer that finds no
 * target is dropped silently: the target died, which is normal.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/brief.h"
#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/fds.h"
#include "core/identity_state.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/process.h"
#include "core/runtime.h"
#include "core/sandbox.h"
#include "core/slow.h"
#include "core/supervisor.h"
#include "core/trace.h"
#include "core/util.h"
#include "core/wait.h"

/* The kernel decides between EINTR and a restart. */
#define DISPATCH_ERESTARTSYS 512

/* Answered, or nobody waits for it any more. */
static bool dispatch_is_settled(const struct call *call)
{
	return call->traced || call->answered || call->sandbox->ending || notify_check(call) < 0;
}

/* What the handler took is released, what the call waited for is undone; it is free again. */
static void dispatch_end(struct call *call)
{
	if (!dispatch_is_settled(call))
		call_mistaken(call, "is given up without an answer");
	/* First: what it waits for is the handler's. */
	wait_end(call);
	if (call->handler && call->handler->cancel)
		call->handler->cancel(call);
	if (call->traced)
		trace_forget(call);
	call_pool_give(call);
}

/* Asking each descriptor whether it is a socket would cost every open for writing a call. */
static void dispatch_close(struct call *call, int fd)
{
	if (call->handler->flags & H_GIVES_SOCKETS)
		fds_put(call, fd);
	else
		close(fd);
}

/*
 * The descriptor is ours until here, whatever comes of it. A copy of ours, closed a moment after the target goes on,
 * would hold back what its last close does: ETXTBSY for a program just written, the end of a FIFO, IN_CLOSE_WRITE, a
 * lock that is freed.
 */
static void dispatch_add_fd(struct call *call, const struct verdict *verdict)
{
	int number = notify_place_fd(call, verdict->fd, verdict->fd_flags, (int)verdict->value);

	if (verdict->alone)
		dispatch_close(call, verdict->fd);
	/* EMFILE and its kind leave the call ours: it still needs its answer. */
	if (number >= 0)
		notify_return(call, number);
	else if (number != -ESRCH)
		notify_fail(call, -number);
	if (!verdict->alone)
		close(verdict->fd);
}

static void dispatch_kill(struct call *call)
{
	process_signal(call, SIGKILL);
	notify_fail(call, EPERM);
}

/* Everything of this sandbox is about to be killed: without an answer its caller does nothing more. */
static void dispatch_withhold(struct call *call, const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_ADD_FD)
		dispatch_close(call, verdict->fd);
}

static void dispatch_send(struct call *call, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_FAIL:
		notify_fail(call, (int)verdict->value);
		break;
	case VERDICT_RETURN:
		notify_return(call, verdict->value);
		break;
	case VERDICT_ADD_FD:
		dispatch_add_fd(call, verdict);
		break;
	case VERDICT_CONTINUE:
		/* Only register values may have decided: anything else can change under us. */
		assert((call->handler->flags & H_REGISTERS) && !(call->handler->flags & H_READS_MEM));
		notify_continue(call);
		break;
	case VERDICT_KILL:
		dispatch_kill(call);
		break;
	case VERDICT_WAIT:
	case VERDICT_REWRITE:
		assert(!"not an answer to a notification");
		break;
	}
}

static void dispatch_answer(struct call *call, const struct verdict *verdict)
{
	call_advance(call, CALL_EVENT_ANSWER);
	if (call->sandbox->ending) {
		dispatch_withhold(call, verdict);
	} else if (!call->traced) {
		dispatch_send(call, verdict);
	} else if (trace_answer(call, verdict)) {
		call_advance(call, CALL_EVENT_LEAVE);
		return;
	}
	call_advance(call, CALL_EVENT_LOST);
	dispatch_end(call);
}

static void dispatch_verdict(struct call *call, const struct verdict *verdict)
{
	if (verdict->kind != VERDICT_WAIT) {
		dispatch_answer(call, verdict);
		return;
	}
	assert(call->wait);
	call_advance(call, CALL_EVENT_WAIT);
	call_pool_wait(call);
}

struct verdict dispatch_step(struct call *call, const struct wake *wake)
{
	struct verdict verdict;
	int error = 0;

	if (call->handler->flags & H_IDENTITY)
		error = identity_assume(call);
	if (error < 0 && wake && wake->fd >= 0)
		close(wake->fd); /* no handler takes what the worker made */
	if (error < 0)
		verdict = verdict_fail(error);
	else
		verdict = wake ? call->handler->resume(call, wake) : call->handler->enter(call);
	if (call->handler->flags & H_IDENTITY)
		identity_drop(call);
	brief_release(call);
	call->subject = NULL; /* lay in the handler's frame */
	return verdict;
}

/* What the first try took goes back: it ended at a slow mount, before any effect. */
static void dispatch_forget_step(struct call *call)
{
	if (call->handler->cancel)
		call->handler->cancel(call);
	memset(call->private_state, 0, sizeof(call->private_state));
}

/* The step again, from its beginning, where it may hang. A thread in a ptrace stop is nobody else's. */
static struct verdict dispatch_step_slowly(struct call *call)
{
	int error;

	dispatch_forget_step(call);
	if (call->traced) {
		call->may_block = true;
		return dispatch_step(call, NULL);
	}
	error = wait_for_step(call);
	return error < 0 ? verdict_fail(error) : verdict_wait();
}

/* The step where it belongs: here, unless it meets a slow mount. */
static struct verdict dispatch_take_step(struct call *call, const struct wake *wake)
{
	struct verdict verdict = dispatch_step(call, wake);

	if (verdict.kind == VERDICT_FAIL && verdict.value == SLOW_ERROR)
		return dispatch_step_slowly(call);
	return verdict;
}

/* From the moment that the command runs; its own exec is still answered. */
static bool dispatch_in_ghost_mode(struct sandbox *sandbox)
{
	if (!sandbox->ghost && policy_settings(sandbox->policy)->ghost)
		sandbox->ghost = launch_is_over(sandbox);
	return sandbox->ghost;
}

/* Of a call that core/runtime.c answered. */
static const struct handler dispatch_inside = { .name = "inside", .flags = H_READS_MEM };

void dispatch_start(struct call *call)
{
	struct call *older = call_pool_find(call->sandbox->calls, call->tid);
	struct verdict verdict;

	/* The thread is in a new call, so what we still wait for on its behalf is over. */
	if (older)
		dispatch_lost(older);
	call_advance(call, CALL_EVENT_START);
	if (dispatch_in_ghost_mode(call->sandbox)) {
		verdict = verdict_fail(ENOSYS);
	} else if (runtime_takes(call, &verdict)) {
		call->handler = &dispatch_inside; /* its own never saw the call */
	} else if (call->handler) {
		verdict = dispatch_take_step(call, NULL);
	} else {
		log_event(call->sandbox->supervisor->log, "call", "call %ld is notified but nobody answers it",
			(long)call->nr);
		verdict = verdict_fail(ENOSYS);
	}
	dispatch_verdict(call, &verdict);
}

void dispatch_resume(struct call *call, const struct wake *wake)
{
	struct verdict verdict;

	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_WAKE);
	wait_end(call);
	verdict = dispatch_take_step(call, wake);
	dispatch_verdict(call, &verdict);
}

void dispatch_finish(struct call *call, const struct verdict *verdict)
{
	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_WAKE);
	wait_end(call);
	dispatch_answer(call, verdict);
}

bool dispatch_leave(struct call *call)
{
	struct verdict verdict = { .kind = VERDICT_CONTINUE };

	assert(call->state == CALL_LEAVING);
	if (call->handler->leave)
		verdict = call->handler->leave(call);
	assert(verdict.kind == VERDICT_CONTINUE || verdict.kind == VERDICT_KILL);
	return verdict.kind == VERDICT_CONTINUE;
}

void dispatch_abandon(struct call *call, int error)
{
	int placed = wait_placed(call);

	call_pool_unwait(call);
	/* The target has what it waits for, all but the number. */
	if (placed >= 0)
		notify_return(call, placed);
	/* What was done of it is done. */
	else if (call->interrupted > 0)
		notify_return(call, call->interrupted);
	else
		notify_fail(call, error);
	call_advance(call, CALL_EVENT_LOST);
	dispatch_end(call);
}

void dispatch_interrupt(struct call *call)
{
	dispatch_abandon(call, call->interrupted < 0 ? (int)-call->interrupted : DISPATCH_ERESTARTSYS);
}

void dispatch_lost(struct call *call)
{
	if (call->state == CALL_WAITING)
		call_pool_unwait(call);
	call_advance(call, CALL_EVENT_LOST);
	dispatch_end(call);
}
