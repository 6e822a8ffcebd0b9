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

/* Ends what the call waits for: watchers stopped, worker dismissed. Harmless without a wait. */
void wait_end(struct call *call);

/* True when pid is a worker of this sandbox. */
bool wait_owns_pid(const struct sandbox *sandbox, pid_t pid);

#endif
