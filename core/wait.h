/*
 * What a waiting call holds: a timer that looks for the target's death and for signals,
 * and, when a worker makes the call, its channel. One wait per call.
 */
#ifndef KENNEL_CORE_WAIT_H
#define KENNEL_CORE_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

struct call;
struct sandbox;

/* A worker takes the first step of the call's handler, however long that lasts. 0 or -errno. */
int wait_for_step(struct call *call);

/* May it be ended now? Not while its worker, with the listener, makes something that we do not know of yet. */
bool wait_may_be_left(const struct call *call);

/* The number of the descriptor that its worker has put into the target, or -1. */
int wait_placed(const struct call *call);

/* Ends what the call waits for: watchers stopped, worker dismissed. Harmless without a wait. */
void wait_end(struct call *call);

/* So many workers of the sandbox are dead and reaped: others may start. */
void wait_workers_ended(struct sandbox *sandbox, unsigned count);

/* True when pid is a worker of this sandbox. */
bool wait_owns_pid(const struct sandbox *sandbox, pid_t pid);

#endif
