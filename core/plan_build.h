/*
 * What the files of the planner share: core/plan.c, core/plan_net.c (sockets), core/plan_protect.c (what holds
 * under every policy), core/plan_trace.c (what ptrace is for). Nobody else includes this.
 */
#ifndef KENNEL_CORE_PLAN_BUILD_H
#define KENNEL_CORE_PLAN_BUILD_H

#include "core/plan.h"
#include "core/util.h"

struct handler;

#define PLAN_SURFACE_MAX 512

struct plan_builder {
	struct plan *plan;
	const struct policy *policy;
	const struct plan_host *host;
	uint64_t active;             /* or prepared, in case it becomes active */
	bool open;                   /* the rules can change from inside */
	bool asked;                  /* the state can be read from inside */
	uint64_t ruled;              /* categories whose own rules decide: active ones, and those that a rule allows */
	const struct rule *teller;   /* a rule of an active category: two names may differ; NULL: none */
	bool names_ids;              /* the policy names transitions of ids */
	bool exec_landlock;          /* the category exec is Landlock's: there is no ptrace */
	bool decided[SC_COUNT];      /* a handler decides this call */
	bool reaches[SC_COUNT];      /* it may reach one of our own processes */
	uint16_t surfaced[SC_COUNT]; /* one more than the index of its first row in the surface table, 0: none */
	uint16_t next[PLAN_SURFACE_MAX]; /* by row, in the same way: the next row of the same call */
	bool any_decided;
	bool follows_exec; /* something is traced: whose number a thread has must be certain */
	bool failed;       /* out of memory */
};

#define PLAN_INT_MASK UINT64_C(0xffffffff)

static inline struct plan_condition plan_int(unsigned arg, int64_t value)
{
	return (struct plan_condition){
		.arg = (uint8_t)arg, .mask = PLAN_INT_MASK, .value = (uint64_t)value & PLAN_INT_MASK
	};
}

static inline struct plan_condition plan_bits(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct plan_condition){ .arg = (uint8_t)arg, .mask = mask, .value = value };
}

static inline bool plan_has(const enum sysno *calls, size_t count, enum sysno sysno)
{
	for (size_t i = 0; i < count; i++) {
		if (calls[i] == sysno)
			return true;
	}
	return false;
}

/* core/plan.c */
void plan_add(struct plan_builder *builder, const struct plan_entry *entry);

/* The last rule that refuses or logs; NULL where the default alone already does. */
const struct rule *plan_blame(const struct policy *policy, enum category category);

/* Names the first of these categories that is active, and its rule, as the cause. */
void plan_set_cause(const struct plan_builder *builder, uint64_t categories, struct plan_entry *entry);

/* core/plan_protect.c: the part of one call that is refused or followed whatever the rules say. */
void plan_mark_reaches(struct plan_builder *builder);
void plan_protect(struct plan_builder *builder, enum sysno sysno);
void plan_limits(struct plan_builder *builder, enum sysno sysno); /* behind what rules say of it */

/* core/plan_files.c: ioctl by request; what would undo append+; looking at a descriptor with no string. */
void plan_requests(struct plan_builder *builder);
void plan_appends(struct plan_builder *builder, enum sysno sysno);
void plan_nameless(struct plan_builder *builder, enum sysno sysno);

/* core/plan_opens.c: the opens of which a register says that they are not ours; what cannot be read is not executed. */
void plan_opens(struct plan_builder *builder, enum sysno sysno, uint64_t categories);
void plan_opens_exec(struct plan_builder *builder, enum sysno sysno);

/* core/plan_net.c: calls on sockets that registers decide; true: nothing is left to plan for this one. */
bool plan_sockets(struct plan_builder *builder, enum sysno sysno);

/* core/plan_trace.c: false when this call of an active category needs no ptrace stop after all. */
bool plan_trace_wanted(const struct plan_builder *builder, enum sysno sysno, const struct handler *handler);

/* The conditions under which a traced call stops. */
void plan_trace_narrow(enum sysno sysno, struct plan_entry *entry);

/* Refused while exec is active: memory that becomes executable unseen, and what Landlock cannot refuse. */
void plan_trace_memory(struct plan_builder *builder, enum sysno sysno);

#endif
