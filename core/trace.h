/*
 * The traced side of the sandboxes: stops arrive through a signalfd for SIGCHLD, seccomp
 * stops become calls, their verdicts become registers and the way the thread goes on.
 * Made only when a plan needs it. core/ptrace.c makes the requests.
 */
#ifndef KENNEL_CORE_TRACE_H
#define KENNEL_CORE_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

struct call;
struct sandbox;
struct supervisor;
struct tracer;
struct verdict;

/* NULL when memory or descriptors are exhausted. SIGCHLD is blocked from here on. */
struct tracer *trace_new(struct supervisor *supervisor);
void trace_free(struct tracer *tracer);

/* The payload of this sandbox, before it is released: all that it starts is traced too. 0 or -errno. */
int trace_seize(struct tracer *tracer, struct sandbox *sandbox, pid_t pid);

/*
 * Carries out the verdict on a call in its entry stop. True when the call is not over: it leaves
 * through its exit stop, where dispatch_leave() ends it.
 */
bool trace_answer(struct call *call, const struct verdict *verdict);

/* The call is gone: its thread has no call any more. */
void trace_forget(struct call *call);

/* Calls of this sandbox that still have an exit stop to come are ended; threads stay as they are. */
void trace_drop_sandbox(struct tracer *tracer, struct sandbox *sandbox);

/* Handles what has happened up to now, without waiting for the loop. */
void trace_poll(struct tracer *tracer);

/* True while this thread is stopped by job control; while any thread is not. */
bool trace_is_stopped(const struct tracer *tracer, pid_t tid);
bool trace_any_runs(const struct tracer *tracer);

#endif
