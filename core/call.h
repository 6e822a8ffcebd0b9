/*
 * One system call in flight, as core/ sees it. Handlers see only handlers/handler.h.
 * core/call.c is the only writer of call->state; core/notify.c is the only file that
 * sends answers to the kernel.
 */
#ifndef KENNEL_CORE_CALL_H
#define KENNEL_CORE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/arch.h"
#include "handlers/handler.h"

#define CALL_MAGIC 0x43414c4cU

struct sandbox;
struct wait;

enum call_state {
	CALL_FREE,     /* in the pool */
	CALL_NEW,      /* received, no handler has seen it */
	CALL_RUNNING,  /* inside a step of its handler */
	CALL_WAITING,  /* its handler said WAIT */
	CALL_ANSWERED, /* the answer is with the kernel */
	CALL_LEAVING,  /* a traced call that runs: its exit stop is to come */
	CALL_GONE,     /* to be freed at the end of the loop turn */
};

enum call_event {
	CALL_EVENT_START,
	CALL_EVENT_WAIT,
	CALL_EVENT_WAKE,
	CALL_EVENT_ANSWER,
	CALL_EVENT_LEAVE,
	CALL_EVENT_LOST
};

struct call {
	uint32_t magic;
	enum call_state state;
	struct sandbox *sandbox;
	uint64_t id; /* the notification's */
	pid_t tid;
	const struct abi *abi;
	enum sysno sysno;
	const struct handler *handler;
	int64_t nr;
	uint64_t args[6];       /* as the kernel reported them; use call_arg() */
	const char *subject;    /* the whole name being judged, for the log's tip; NULL: the refused name itself */
	uint64_t wants;         /* CAT_BIT()s that this call will ask for, for the tip */
	bool identity_read;     /* supervisor->identity holds this call's target now */
	bool answered;          /* notified: the kernel has the answer, or nobody to give it to */
	bool judged;            /* traced: what it did was looked at */
	bool counted;           /* traced: among sandbox->chdirs */
	bool traced;            /* in a ptrace stop, not a notification */
	bool skipped;           /* traced: refused, result is what the target is to see */
	uint8_t changed;        /* traced: what a handler changed, as struct ptrace_change says */
	pid_t leader;           /* traced: of an exec that runs, the thread that leads the process */
	int64_t result;         /* traced: at the exit */
	uint64_t other_args[6]; /* traced: in place of args, where changed */
	bool then_mprotect;     /* traced: leave() wants the thread to make it, with these */
	uint64_t then_args[6];
	bool may_block;      /* in a worker, or a step that must be taken here: slow mounts are not avoided */
	int64_t interrupted; /* waiting: what a signal makes of it, a result or -errno; 0: it begins anew */
	struct wake wake;    /* in a worker: what the handler waits for has come */
	struct wait *wait;   /* what a waiting call holds, NULL otherwise; owned */
	struct call *prev;   /* list of waiting calls, oldest first; owned by the sandbox */
	struct call *next;
	_Alignas(16) unsigned char private_state[CALL_STATE_MAX];
};

/* The only place that changes call->state; an illegal pair of state and event asserts. */
void call_advance(struct call *call, enum call_event event);

/*
 * A mistake of ours: a call answered twice, or given up while its target waits. Ends a debug build; others
 * log the first one and count them all.
 */
void call_mistaken(struct call *call, const char *what);

#endif
