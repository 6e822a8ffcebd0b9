/*
 * What our own processes may ask of the kernel once they run: one row for each call, or for each way
 * to make it. Const data, and the question which rows a plan needs. core/cage_filter.c makes BPF of it.
 */
#ifndef KENNEL_CORE_CAGE_TABLE_H
#define KENNEL_CORE_CAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysno.h"

struct plan;
struct policy;

/* Who of ours is in a cage: the supervisor, the launcher, a worker that takes a step of a handler, one that opens. */
enum cage_user { CAGE_SUPERVISOR, CAGE_LAUNCHER, CAGE_STEP, CAGE_OPEN, CAGE_USER_COUNT };
#define CAGE_USER_BIT(user) (1U << (user))

/* What a row is for, which also says whose it is. */
enum cage_group {
	CAGE_MEMORY,
	CAGE_LIBC,
	CAGE_LOOP,
	CAGE_LOG,
	CAGE_CHANNELS,
	CAGE_ANSWERS,
	CAGE_CALLERS,
	CAGE_REACH,
	CAGE_PATHS,
	CAGE_NAMES,
	CAGE_ATTRIBUTES,
	CAGE_SOCKETS,
	CAGE_STATE,
	CAGE_TRACING,
	CAGE_IDENTITY,
	CAGE_ENDING,
	CAGE_WORKING,
	CAGE_LAUNCHING,
	CAGE_UNUSED,
	CAGE_SANITIZER,
	CAGE_GROUP_COUNT
};

/* What makes a row necessary: a row holds for any of its bits, and always without one. */
enum cage_need {
	CAGE_NEED_CALLS = 1 << 0,      /* something is answered, or checked in a stop */
	CAGE_NEED_TRACE = 1 << 1,      /* something is traced */
	CAGE_NEED_IDS = 1 << 2,        /* ids or capabilities of callers may differ from ours */
	CAGE_NEED_NAMES = 1 << 3,      /* names are made, moved or removed for callers */
	CAGE_NEED_ATTRIBUTES = 1 << 4, /* attributes, contents cut */
	CAGE_NEED_SOCKETS = 1 << 5,
	CAGE_NEED_WATCHES = 1 << 6, /* inotify, fanotify */
	CAGE_NEED_MEMFD = 1 << 7,
	CAGE_NEED_STATE = 1 << 8, /* the state can be read from inside */
	CAGE_NEED_SANITIZER = 1 << 9,
	CAGE_NEED_ALL = CAGE_NEED_SANITIZER - 1,
};

/* What an argument is compared with. Values that differ from run to run are known when the filter is made. */
enum cage_operand {
	CAGE_BITS,     /* (the lower 32 bits & mask) == value */
	CAGE_NULL,     /* 0 in the whole register */
	CAGE_SELF,     /* our process */
	CAGE_LOG_FD,   /* the descriptor of the log */
	CAGE_LISTENER, /* the descriptor of the listener */
	CAGE_COOKIE,   /* a random number, in registers that the call does not use */
};

struct cage_condition {
	uint8_t operand;
	uint8_t arg;
	uint32_t mask;
	uint32_t value;
	const char *text; /* how the value is written in C */
};

/* Allowed when all conditions hold; with an error: refused. What no row of a call allows kills. */
struct cage_row {
	enum sysno sysno : 16;
	enum cage_group group : 8;
	unsigned condition_count : 8;
	unsigned needs : 16;
	int error : 16;
	const struct cage_condition *conditions;
};

const struct cage_row *cage_rows(size_t *count_out);

/* The group in words. */
const char *cage_group_text(enum cage_group group);

/* True when a process of this kind, with these CAGE_NEED bits, has this row. */
bool cage_row_holds(const struct cage_row *row, enum cage_user user, unsigned needs);

/* The CAGE_NEED bits of a sandbox. privileged: ids of callers may come to differ from ours. */
unsigned cage_needs(const struct plan *plan, const struct policy *policy, bool privileged);

/* The same for whoever answers just this call (SC_none: opens, for one), or forks those who do (SC_COUNT). */
unsigned cage_needs_of_call(enum sysno sysno, bool privileged);

#endif
