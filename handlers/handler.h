/*
 * The interface between the dispatcher and the handlers: a const descriptor per
 * handler, steps that return a verdict, and what a step may ask of its call.
 * Handlers include this and core/{mem,path,fds,held,program,identity,access,verdict,log}.h only.
 */
#ifndef KENNEL_HANDLERS_HANDLER_H
#define KENNEL_HANDLERS_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/category.h"
#include "core/verdict.h"
#include "sysno.h" /* generated: enum sysno { SC_openat, ... } */

struct call;

enum handler_flags {
	H_TRACE = 1 << 0,         /* a ptrace stop instead of a notification */
	H_EXIT = 1 << 1,          /* wants the exit stop too: leave() (with H_TRACE) */
	H_READS_MEM = 1 << 2,     /* reads the target's memory: CONTINUE is a bug */
	H_MAY_WAIT = 1 << 3,      /* may return WAIT */
	H_IDENTITY = 1 << 4,      /* acts with the target's identity: the dispatcher assumes it */
	H_HOLDS_NAMES = 1 << 5,   /* needed whenever any active rule tells two names apart */
	H_REGISTERS = 1 << 6,     /* decides on register values only: may return CONTINUE */
	H_GIVES_SOCKETS = 1 << 7, /* ADD_FD may bring a socket, whose close could hold us up */
};

/* Why a waiting call runs again. */
enum wake_reason { WAKE_READY, WAKE_TIMEOUT, WAKE_WORKER };

struct wake {
	enum wake_reason reason;
	int fd;         /* WAKE_WORKER: the descriptor the worker made (ours now), or -1 */
	int64_t result; /* WAKE_WORKER: 0 or -errno */
};

struct handler {
	const char *name;
	unsigned flags;
	uint64_t categories; /* CAT_BIT()s: notified when one of them is active */
	size_t state_size;   /* zeroed bytes that live and die with the call; at most CALL_STATE_MAX */
	struct verdict (*enter)(struct call *call);
	struct verdict (*resume)(struct call *call, const struct wake *wake); /* after WAIT */
	/* H_EXIT only: at the exit stop, or at the exec event. CONTINUE, or KILL where what happened may not be. */
	struct verdict (*leave)(struct call *call);
	void (*cancel)(struct call *call); /* releases what enter or resume took; runs exactly once */
};

#define CALL_STATE_MAX 64

/* handlers/table.c: NULL where no handler exists. */
const struct handler *handler_find(enum sysno sysno);
/* The one for this call's ptrace stop, where the plan traces it. NULL where none is. */
const struct handler *handler_traced(enum sysno sysno);

/* What a step may ask of its call (core/call.c). */
uint64_t call_arg(const struct call *call, unsigned index); /* widened from the caller's ABI */
int call_arg_int(const struct call *call, unsigned index);  /* the low 32 bits, as an int argument */

/* A 64-bit value: argument `wide`, or the pair (`pair`, `pair` + 1) of i386, in the ABI's order, at its even places. */
uint64_t call_arg_pair(const struct call *call, unsigned wide, unsigned pair);
enum sysno call_sysno(const struct call *call);
pid_t call_tid(const struct call *call);
void *call_state(struct call *call);
bool call_is_compat(const struct call *call);             /* registers of 32 bits */
unsigned call_long_bytes(const struct call *call);        /* of pointers and longs in the caller's memory: 4 or 8 */
unsigned call_kernel_long_bytes(const struct call *call); /* of times, limits and old directory entries: 4 or 8 */
bool call_has_short_ids(const struct call *call);         /* of 16 bits, in calls that exist again for 32 */

/*
 * Checks that the target still waits in this very call. To be asked after the last
 * thing read by number and before the first effect. 0, or -ESRCH: fail with it, the
 * answer is dropped.
 */
int call_revalidate(struct call *call);

/* True when a worker takes this step: beside it others are served, and names may change between a look and an act. */
bool call_runs_beside(const struct call *call);

/*
 * Calls in a ptrace stop only (H_TRACE). In leave(): what the call returned, -errno when it failed; after an exec
 * that worked 0, and the thread is stopped before its first instruction. In enter(): call_set_arg() changes the
 * argument's register, and the handler returns verdict_rewrite(): the call then runs with it.
 */
int64_t call_result(const struct call *call);
void call_set_arg(struct call *call, unsigned index, uint64_t value);
void call_set_sysno(struct call *call, enum sysno sysno); /* another call of the same ABI in its place */

/* True unless it is certain that no other thread or process runs in the caller's memory. */
bool call_shares_memory(const struct call *call);

/*
 * In leave(), which returns CONTINUE: before its program goes on, the thread makes this mprotect. If that fails,
 * its error becomes the result of the call. leave() runs once more after it.
 */
void call_then_mprotect(struct call *call, uint64_t address, uint64_t length, uint64_t prot);

/* Reserves the lowest free descriptor number in the target, for verdict.value of ADD_FD. Or -EMFILE and the like. */
int call_reserve_fd(struct call *call);
/* Where ADD_FD is not enough: a copy of ours has this number there, for good. Not for steps that a worker takes. */
int call_give_fd(struct call *call, int fd, uint32_t fd_flags);

/* Waits; the handler returns verdict_wait() next. One wait per call at a time. */
int call_wait_ms(struct call *call, unsigned timeout_ms);
/* The same until our `fd`, open as long as it waits, is ready (POLLIN, POLLOUT); timeout_ms below 0: for ever. */
int call_wait_fd(struct call *call, int fd, short events, int timeout_ms);
void call_set_interrupted(struct call *call, int64_t result); /* what a signal makes of it; 0: the call begins anew */
unsigned call_retry_ms(const struct call *call); /* who tries again waits so long at last: more in a crowd */
void call_settle(struct call *call);             /* ends waits of dead threads: their ports and names are free */

/*
 * A worker opens our O_PATH descriptor `object` with open_flags under the target's identity and
 * may block; the call is interruptible meanwhile. The descriptor stays the caller's.
 */
int call_wait_worker_open(struct call *call, int object, uint64_t open_flags);

#endif
