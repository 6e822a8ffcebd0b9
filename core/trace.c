/*
 * One entry for each thread that we trace, from its first stop to its end: which sandbox it
 * belongs to, and the call that it is in, if any. A thread in a stop cannot run, and its number cannot
 * be reused before we have reaped it, so what is read by number there holds still. The one
 * exception is a thread that execs while it does not lead its process: it takes the
 * leader's number. While such an exec is under way, the leader's stops are left alone.
 */
#include "core/trace.h"

#include <ev.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/loop.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/trace_call.h"
#include "core/trace_left.h"
#include "core/trace_signal.h"
#include "core/util.h"

#define TRACER_MAGIC 0x54524345U
#define TRACE_BATCH 64
#define TRACE_COLLECT 256
#define TRACE_STARVED_S 0.001

static void trace_remove(struct tracer *tracer, struct traced *traced)
{
	if (traced->call)
		trace_finish(traced->call);
	traced_remove(&tracer->table, traced);
}

/*
 * A leader ends last. Whoever was about to take its number by an exec died with it, and its
 * old number is never heard of again.
 */
static void trace_remove_execs(struct tracer *tracer, pid_t leader)
{
	struct traced *traced = traced_next(&tracer->table, NULL);

	while (traced) {
		struct traced *next = traced_next(&tracer->table, traced);

		if (traced->tid != leader && traced->call && traced->call->leader == leader)
			trace_remove(tracer, traced);
		traced = next;
	}
}

static void trace_ended(struct tracer *tracer, pid_t tid)
{
	struct traced *traced = traced_find(&tracer->table, tid);

	if (!traced)
		return; /* a child of ours that we do not trace */
	if (traced->execs)
		trace_remove_execs(tracer, tid);
	trace_remove(tracer, traced);
}

/* A thread is seen for the first time: everything traced here descends from payloads. */
static struct traced *trace_adopt(struct tracer *tracer, pid_t tid)
{
	struct traced *traced = traced_find(&tracer->table, tid);
	struct sandbox *sandbox = tracer->supervisor->sandboxes;

	if (!traced && sandbox)
		traced = traced_add(&tracer->table, sandbox, tid);
	if (!traced)
		trace_kill(tracer, tid, "it could not be remembered");
	return traced;
}

/*
 * Whoever is made shares memory and directory with its maker, unless the kernel was asked for a copy; where
 * nobody can tell, it counts as both.
 * The child may have run already, and even ended, before its maker stops to tell: then nothing about
 * it is believed.
 */
static void trace_learn_fork(struct tracer *tracer, struct traced *parent, const struct stop *stop)
{
	struct traced *child = traced_find(&tracer->table, stop->child);
	int flags = trace_fork_flags(parent);
	bool copies = flags < 0 || !(flags & CLONE_VM);

	if (flags < 0)
		flags = CLONE_VM | CLONE_FS;
	if (!child && stop->child && ptrace_is_ours(stop->child))
		child = trace_adopt(tracer, stop->child);
	if (child && child->fresh) {
		child->known = true;
		child->shares_memory = (flags & CLONE_VM) != 0;
		child->shares_directory = (flags & CLONE_FS) != 0;
		child->copied = parent->shares_memory && copies;
	}
	parent->shares_memory |= (flags & CLONE_VM) != 0;
	parent->shares_directory |= (flags & CLONE_FS) != 0;
}

/*
 * A child is forked whenever its maker likes, also while that is in a directory, or another thread has a page in
 * its memory, that a check is just about to find. What it took over is looked at before it runs.
 */
static bool trace_judge_child(const struct traced *traced)
{
	if (!trace_judge_directory(traced))
		return false;
	return (traced->known && !traced->copied) || trace_judge_memory(traced);
}

/* Stops that have nothing to do with a call. */
static void trace_pass(struct tracer *tracer, struct traced *traced, const struct stop *stop)
{
	enum resume how = traced->then ? RESUME_TO_EXIT : RESUME_RUN;

	if (traced->fresh && !trace_judge_child(traced)) {
		trace_kill(tracer, stop->tid, NULL);
		return;
	}
	if (stop->kind != STOP_FORK && !traced->then)
		trace_signal_restart(traced, stop->kind == STOP_SIGNAL ? stop->signal : 0);
	if (stop->kind == STOP_SIGNAL && !traced->then)
		trace_signal(traced, stop->signal);
	traced->fresh = false;
	traced->stopped = stop->kind == STOP_GROUP;
	if (traced->stopped)
		how = RESUME_LISTEN;
	trace_resume(tracer, stop->tid, how, stop->kind == STOP_SIGNAL ? stop->signal : 0);
}

static void trace_stop(struct tracer *tracer, struct traced *traced, const struct stop *stop)
{
	/* Another thread is about to take this number: see the head of this file. */
	if (traced->execs > 0 && stop->kind != STOP_EXEC) {
		traced_park(&tracer->table, traced);
		return;
	}
	switch (stop->kind) {
	case STOP_SECCOMP:
		if (traced->then)
			trace_exit(tracer, traced, stop);
		else
			trace_entry(tracer, traced, stop);
		break;
	case STOP_EXIT:
		trace_exit(tracer, traced, stop);
		break;
	case STOP_EXEC:
		trace_exec(tracer, traced, stop);
		break;
	case STOP_FORK:
	case STOP_NOTICE:
	case STOP_GROUP:
	case STOP_SIGNAL:
		trace_pass(tracer, traced, stop);
		break;
	case STOP_OTHER:
	case STOP_ENDED:
		trace_kill(tracer, stop->tid, "a stop that nobody asked for");
		break;
	}
}

/*
 * The kernel tells the newest thread's stop first: all are collected before any is handled, so that none
 * waits for ever. True: there may be more.
 */
static bool trace_collect(struct tracer *tracer)
{
	struct stop stop;

	for (unsigned count = 0; count < TRACE_COLLECT; count++) {
		struct traced *traced;

		if (ptrace_next(&stop) != 1)
			return false;
		if (stop.kind == STOP_ENDED) {
			trace_ended(tracer, stop.tid);
			continue;
		}
		traced = trace_adopt(tracer, stop.tid);
		if (!traced)
			continue;
		if (stop.kind == STOP_FORK)
			trace_learn_fork(tracer, traced, &stop);
		traced_queue(&tracer->table, traced, &stop);
		/* The only one there is has told what it had to tell; a new stop of it is a new signal. */
		if (tracer->table.count == 1)
			return false;
	}
	return true;
}

/* Those that found no room try once more. */
static void trace_unpark_starved(struct tracer *tracer)
{
	struct traced *traced = tracer->starved ? traced_next(&tracer->table, NULL) : NULL;

	tracer->starved = false;
	for (; traced; traced = traced_next(&tracer->table, traced))
		if (traced->execs == 0)
			traced_unpark(&tracer->table, traced);
}

static void trace_drain(struct tracer *tracer)
{
	bool more = trace_collect(tracer);
	struct traced *traced;

	trace_unpark_starved(tracer);
	for (unsigned count = 0; count < TRACE_BATCH && (traced = traced_dequeue(&tracer->table)); count++) {
		struct stop stop = traced->stop;

		trace_stop(tracer, traced, &stop);
	}
	more |= tracer->table.first != NULL;
	if ((more || tracer->starved) && !ev_is_active(&tracer->more)) {
		ev_timer_set(&tracer->more, more ? 0. : TRACE_STARVED_S, 0.);
		ev_timer_start(loop_ev(tracer->supervisor->loop), &tracer->more);
	}
}

/* The signal (only one can be pending) is taken before the drain: one that comes during it wakes us again. */
static void trace_readable_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct tracer *tracer = container_of(watcher, struct tracer, readable);
	struct signalfd_siginfo ignored;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(tracer, TRACER_MAGIC);
	if (read(tracer->signals, &ignored, sizeof(ignored)) > 0 && !ev_is_active(&tracer->more))
		trace_drain(tracer);
}

static void trace_more_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct tracer *tracer = container_of(watcher, struct tracer, more);

	(void)ev;
	(void)events;
	MAGIC_CHECK(tracer, TRACER_MAGIC);
	trace_drain(tracer);
}

struct tracer *trace_new(struct supervisor *supervisor)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	sigset_t mask;

	if (!tracer)
		return NULL;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	*tracer = (struct tracer){ .magic = TRACER_MAGIC, .supervisor = supervisor, .signals = -1 };
	if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
		tracer->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (tracer->signals < 0) {
		free(tracer);
		return NULL;
	}
	ev_timer_init(&tracer->more, trace_more_cb, 0., 0.);
	ev_io_init(&tracer->readable, trace_readable_cb, tracer->signals, EV_READ);
	ev_io_start(loop_ev(supervisor->loop), &tracer->readable);
	return tracer;
}

void trace_drop_sandbox(struct tracer *tracer, struct sandbox *sandbox)
{
	struct traced *traced = tracer ? traced_next(&tracer->table, NULL) : NULL;

	while (traced) {
		struct traced *next = traced_next(&tracer->table, traced);

		if (traced->sandbox == sandbox) {
			if (traced->call)
				dispatch_lost(traced->call);
			traced_remove(&tracer->table, traced);
		}
		traced = next;
	}
}

void trace_free(struct tracer *tracer)
{
	if (!tracer)
		return;
	MAGIC_CHECK(tracer, TRACER_MAGIC);
	ev_io_stop(loop_ev(tracer->supervisor->loop), &tracer->readable);
	ev_timer_stop(loop_ev(tracer->supervisor->loop), &tracer->more);
	close(tracer->signals);
	tracer->magic = 0;
	free(tracer);
}

int trace_seize(struct tracer *tracer, struct sandbox *sandbox, pid_t pid)
{
	struct traced *traced = traced_add(&tracer->table, sandbox, pid);
	char cwd[32];

	if (!traced)
		return -ENOMEM;
	traced->fresh = false; /* what it is now is our own */
	snprintf(cwd, sizeof(cwd), "%d/cwd", (int)pid);
	sandbox->start_directory = errno_result(openat(tracer->supervisor->proc_fd, cwd, O_PATH | O_CLOEXEC));
	return sandbox->start_directory < 0 ? sandbox->start_directory : ptrace_seize(pid);
}

void trace_poll(struct tracer *tracer)
{
	trace_drain(tracer);
}

bool trace_any_runs(const struct tracer *tracer)
{
	const struct traced *traced = traced_next(&tracer->table, NULL);

	while (traced && traced->stopped)
		traced = traced_next(&tracer->table, traced);
	return traced;
}

bool trace_is_stopped(const struct tracer *tracer, pid_t tid)
{
	const struct traced *traced = traced_find(&tracer->table, tid);

	return traced && traced->stopped;
}
