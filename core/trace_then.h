/*
 * A call that a stopped thread makes for us before its program goes on: its registers and
 * signal mask are put aside, it runs the system call instruction once more, and gets everything
 * back. The way to make a mapping executable only after it was checked. Used by core/trace.c only.
 */
#ifndef KENNEL_CORE_TRACE_THEN_H
#define KENNEL_CORE_TRACE_THEN_H

#include <stdbool.h>
#include <stdint.h>

#include "sysno.h"

struct kfeat;
struct stop;
struct traced;

/* At the exit stop of the thread's call. 0, or -errno: the thread must die (-ESRCH: it does). */
int trace_then_begin(struct traced *traced, enum sysno sysno, const uint64_t args[6]);

/*
 * The next stop of such a thread. 1: on its way, 0: everything is as it was before but that a failure of the call
 * is now the result; the thread is in the exit stop. -errno: it must die.
 */
int trace_then_step(struct traced *traced, struct kfeat *features, const struct stop *stop);

#endif
