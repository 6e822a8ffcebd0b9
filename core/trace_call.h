/*
 * What the two halves of the tracer share: core/trace.c has the stops, core/trace_call.c the
 * calls between their entry and their exit. Nobody else includes this.
 */
#ifndef KENNEL_CORE_TRACE_CALL_H
#define KENNEL_CORE_TRACE_CALL_H

#include <ev.h>
#include <stdint.h>

#include "core/traced.h"

struct supervisor;

struct tracer {
	uint32_t magic;
	struct supervisor *supervisor;
	int signals;
	ev_io readable;
	ev_timer more; /* a batch was full: go on in the next turn; or starved: a moment later */
	bool starved;  /* threads are parked because too many calls are in flight */
	struct traced_table table;
};

/* SIGKILL for the process of a thread that we have not reaped; why: a line in the log, NULL: there is one already. */
void trace_kill(struct tracer *tracer, pid_t tid, const char *why);

/* Lets a stopped thread go on; one that cannot is killed. */
void trace_resume(struct tracer *tracer, pid_t tid, enum resume how, int signal);

/* A seccomp stop: a new call. An exit stop, or any stop of a call that a thread makes for us. */
void trace_entry(struct tracer *tracer, struct traced *traced, const struct stop *stop);
void trace_exit(struct tracer *tracer, struct traced *traced, const struct stop *stop);

/* The exec event: traced leads its process, whichever thread made the call. */
void trace_exec(struct tracer *tracer, struct traced *traced, const struct stop *stop);

/*
 * May this thread be where it is (looked at only while that is in doubt), and have in its memory what it has? Said
 * in the log when not.
 */
bool trace_judge_directory(const struct traced *traced);
bool trace_judge_memory(const struct traced *traced);

/* The call of a thread that is gone, or whose exec did not happen. */
void trace_finish(struct call *call);

#endif
