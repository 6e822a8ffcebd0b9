/*
 * A policy compiled into the cheapest mechanism for each system call. What has no
 * entry stays in the kernel. Pure: policy and facts about the host in, entries out;
 * core/filter.c turns them into BPF, core/cmd_plan.c prints them.
 */
#ifndef KENNEL_CORE_PLAN_H
#define KENNEL_CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/category.h"
#include "sysno.h"

struct policy;
struct rule;

enum plan_action { PLAN_KERNEL, PLAN_REFUSE, PLAN_LANDLOCK, PLAN_NOTIFY, PLAN_TRACE };

#define LANDLOCK_ABI_REFER 2   /* 5.19: without it no domain lets files move between directories */
#define LANDLOCK_ABI_SIGNALS 6 /* 6.12: the payload has a domain of its own, which keeps signals inside */

/* Facts about the host that the plan depends on. */
struct plan_host {
	unsigned landlock_abi;   /* 0: none */
	pid_t supervisor;        /* 0: not known, nothing is planned for it */
	pid_t launcher;          /* the same */
	pid_t cleaner;           /* the same: the process that tidies up after us, 0: none */
	pid_t pgrp;              /* our process group */
	bool scopes_signals;     /* Landlock keeps signals inside (ABI 6) */
	bool ptrace;             /* we may use it: neither the policy nor this host forbids it */
	uint64_t landlock_reads; /* CAT_BIT()s of opens for reading that Landlock decides as the rules do */
	bool gives_detached;     /* the payload inherits something whose name is no proof: nothing for Landlock */
	bool sees_processes;     /* capabilities show in /proc what Landlock would hide */
	bool loses_restarts;     /* with ptrace only is a notified call restarted after a signal */
	bool notifies_opens;     /* for tests: no open is left out because of its flags */
	bool privileged;         /* we have capabilities or several ids: the payload's may change */
};

#define PLAN_CONDITIONS_MAX 4
/* Arguments whose place the ABI says, see plan_argument(). */
#define PLAN_ARG_CLONE_FLAGS 6 /* the flags of clone */
#define PLAN_ARG_WRITE_FLAGS 7 /* the flags of pwritev2 */

/* Holds when (argument & mask) == value. Int arguments: mask 0xffffffff. */
struct plan_condition {
	uint8_t arg;
	uint64_t mask;
	uint64_t value;
};

/* Several entries of one call: the first whose conditions all hold decides. */
struct plan_entry {
	enum sysno sysno : 16;
	enum plan_action action : 8;
	enum category category : 8; /* whose rules made it so, CAT_COUNT: no single one */
	int error : 16;             /* PLAN_REFUSE: a positive errno */
	unsigned condition_count : 8;
	uint32_t given_by; /* UNSAFE_BIT() of the option that would leave it out, 0: none */
	struct plan_condition conditions[PLAN_CONDITIONS_MAX];
	const char *reason;      /* static */
	const struct rule *rule; /* owned by the policy; NULL: the default of the category */
};

struct plan;

/*
 * The policy must outlive the plan. NULL only when memory is exhausted. While the policy can be changed from inside,
 * the plan depends on its rules as little as possible, and intercepts what they could come to decide.
 */
struct plan *plan_new(const struct policy *policy, const struct plan_host *host);
void plan_free(struct plan *plan);

/*
 * The plan of a policy that was changed from inside, for the process that runs under the plan before it. NULL with
 * *error_out -EOPNOTSUPP: the filter that is in force would not do, or -ENOMEM.
 */
struct plan *plan_renew(const struct plan *before, const struct policy *policy, int *error_out);

/*
 * True when something is refused whatever the rules say: a category is active, ids are named, or the policy can be
 * asked or changed from inside. As it is at the start.
 */
bool plan_refuses_surface(const struct policy *policy);

/* The categories whose calls are intercepted, now or in case they become active. */
uint64_t plan_prepared(const struct plan *plan);

/* Entries are ordered by sysno; those of one call in the order of decision. */
size_t plan_count(const struct plan *plan);
const struct plan_entry *plan_at(const struct plan *plan, size_t index);

/* The first entry of a call, or NULL: it stays in the kernel. */
const struct plan_entry *plan_find(const struct plan *plan, enum sysno sysno);

bool plan_is_empty(const struct plan *plan);
bool plan_notifies(const struct plan *plan); /* a listener is needed */
bool plan_traces(const struct plan *plan);   /* the payload must be seized */

/*
 * True when Landlock alone decides the category exec exactly as the rules do
 * (landlock_payload_ruleset(), for the payload). Asked where there is no ptrace.
 */
bool plan_exec_fits(const struct policy *policy, const struct plan_host *host);

/*
 * NULL, or one line that says why the policy cannot be enforced on this host: the rule or default
 * that needs ptrace where there is none, or what the payload's own use of ptrace needs.
 */
const char *plan_needs_ptrace(const struct policy *policy, const struct plan_host *host, char *buffer, size_t size);

struct abi;

/* What the plan makes of one call with these arguments; NULL: the kernel's. */
const struct plan_entry *plan_decide(
	const struct plan *plan, const struct abi *abi, enum sysno sysno, const uint64_t args[6]);

#endif
