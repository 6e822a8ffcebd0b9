/*
 * The table of traced threads: one entry from a thread's first stop to its end. Used by
 * the files core/trace*.c only.
 */
#ifndef KENNEL_CORE_TRACED_H
#define KENNEL_CORE_TRACED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/ptrace.h"

#define TRACED_BUCKETS 256

struct call;
struct sandbox;
struct trace_then;

struct traced {
	pid_t tid;
	struct sandbox *sandbox;
	struct call *call;       /* in its entry stop, or on its way to the exit stop */
	struct trace_then *then; /* what it must still do before it goes on; owned */
	unsigned execs;          /* a leader: execs of other threads under way */
	bool stopped;            /* by job control */
	bool fresh;              /* its first stop is to come */
	bool known;              /* whoever made it has told how */
	bool copied;             /* its memory is a copy of one that others could change meanwhile */
	bool shares_directory;   /* somebody else may change its working directory; true until we know better */
	bool shares_memory;      /* the same of its memory */
	bool doomed;             /* it shares what went wrong with a thread that is killed */
	bool holds_memory;       /* it is in a call during which nobody may move pages there */
	bool queued;             /* its stop is to be handled */
	bool parked;             /* its stop waits for what another thread does */
	struct stop stop;        /* the one that it is in, while queued or parked */
	struct traced *next;
	struct traced *later; /* in the queue */
	struct traced *earlier;
};

struct traced_table {
	unsigned count;
	unsigned parked;
	unsigned holders;     /* of memory */
	struct traced *first; /* of the queue: stops are handled in the order in which they were seen */
	struct traced *last;
	struct traced *buckets[TRACED_BUCKETS];
};

struct traced *traced_find(const struct traced_table *table, pid_t tid);

/* NULL when memory is exhausted. The thread must not be in the table. */
struct traced *traced_add(struct traced_table *table, struct sandbox *sandbox, pid_t tid);

/* Its stop is the last in the queue; one that was queued or parked before is replaced. */
void traced_queue(struct traced_table *table, struct traced *traced, const struct stop *stop);

/* The thread whose stop is to be handled next, no longer in the queue; NULL: none. */
struct traced *traced_dequeue(struct traced_table *table);

/* Its stop is kept for later; traced_unpark() puts it into the queue again. */
void traced_park(struct traced_table *table, struct traced *traced);
void traced_unpark(struct traced_table *table, struct traced *traced);

/* What the thread was to do before it goes on is forgotten. */
void traced_drop_then(struct traced *traced);

/* Out of the table and freed; its call must be over. */
void traced_remove(struct traced_table *table, struct traced *traced);

/* The next entry after `last` (NULL: the first), in no order; entries may be removed while none is held. */
struct traced *traced_next(const struct traced_table *table, const struct traced *last);

#endif
