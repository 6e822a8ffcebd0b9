/*
 * From a received call to its answer: the identity switch around each step, the
 * handler's flags enforced, the verdict sent. No policy here.
 */
#ifndef KENNEL_CORE_DISPATCH_H
#define KENNEL_CORE_DISPATCH_H

#include <stdbool.h>

#include "core/verdict.h"

struct call;
struct wake;

/* A new call: its handler's enter(). The call may be gone when this returns. */
void dispatch_start(struct call *call);

/* One step of the handler, under the target's identity: enter(), or resume() with wake. */
struct verdict dispatch_step(struct call *call, const struct wake *wake);

/* The step of a waiting call was taken by a worker. */
void dispatch_finish(struct call *call, const struct verdict *verdict);

/* A waiting call runs again: its handler's resume(). */
void dispatch_resume(struct call *call, const struct wake *wake);

/*
 * A traced call at its exit stop: its handler's leave(). False when the process must die. The
 * caller ends the call then, with dispatch_lost().
 */
bool dispatch_leave(struct call *call);

/* Ends a waiting call with an errno (EINTR of an eviction, 512 of an interruption), or with what it has already. */
void dispatch_abandon(struct call *call, int error);

/* The target is gone, or the sandbox ends: cancels without an answer. */
void dispatch_lost(struct call *call);

/* A waiting call that a signal interrupts. */
void dispatch_interrupt(struct call *call);

#endif
