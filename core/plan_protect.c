/*
 * What the plan refuses or follows whatever the rules say: calls that reach our own processes,
 * the surface table, changes of identity, memory that hides. Pure, as core/plan.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "core/plan_build.h"
#include "core/policy.h"
#include "core/policy_words.h"
#include "core/reason.h"
#include "core/surface.h"
#include "core/unsafe.h"
#include "handlers/handler.h"

#define PTRACE_REQUEST_ATTACH 16
#define PTRACE_REQUEST_SEIZE 0x4206

#define WHICH_ANY UINT16_MAX

/* Calls that reach the process named by an argument; prlimit64 kills it by RLIMIT_CPU (tried). */
static const struct reach {
	enum sysno sysno;
	uint8_t pid_arg;
	uint16_t which; /* argument 0 when the number is a process's; WHICH_ANY: it always is */
} reaches[] = {
	{ SC_kill, 0, WHICH_ANY },
	{ SC_tkill, 0, WHICH_ANY },
	{ SC_tgkill, 0, WHICH_ANY },
	{ SC_rt_sigqueueinfo, 0, WHICH_ANY },
	{ SC_rt_tgsigqueueinfo, 0, WHICH_ANY },
	{ SC_pidfd_open, 0, WHICH_ANY },
	{ SC_prlimit64, 0, WHICH_ANY },
	{ SC_sched_setaffinity, 0, WHICH_ANY },
	{ SC_sched_setattr, 0, WHICH_ANY },
	{ SC_sched_setparam, 0, WHICH_ANY },
	{ SC_sched_setscheduler, 0, WHICH_ANY },
	{ SC_migrate_pages, 0, WHICH_ANY },
	{ SC_move_pages, 0, WHICH_ANY },
	{ SC_setpriority, 1, 0 }, /* PRIO_PROCESS */
	{ SC_ioprio_set, 1, 1 },  /* IOPRIO_WHO_PROCESS */
	{ SC_process_vm_readv, 0, WHICH_ANY },
	{ SC_process_vm_writev, 0, WHICH_ANY },
	{ SC_ptrace, 1, PTRACE_REQUEST_ATTACH },
	{ SC_ptrace, 1, PTRACE_REQUEST_SEIZE },
};

/* The same for a group, where 0 is the caller's: it may be ours. */
static const struct reach group_reaches[] = {
	{ SC_setpriority, 1, 1 }, /* PRIO_PGRP */
	{ SC_ioprio_set, 1, 2 },  /* IOPRIO_WHO_PGRP */
};

/* Calls that change whose rights a process has. */
static const enum sysno identity_calls[] = {
	SC_setuid,
	SC_setreuid,
	SC_setresuid,
	SC_setfsuid,
	SC_setgid,
	SC_setregid,
	SC_setresgid,
	SC_setfsgid,
	SC_setgroups,
	SC_setuid32,
	SC_setreuid32,
	SC_setresuid32,
	SC_setfsuid32,
	SC_setgid32,
	SC_setregid32,
	SC_setresgid32,
	SC_setfsgid32,
	SC_setgroups32,
	SC_capset,
};

static const int identity_prctls[] = { PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_SECUREBITS };

/* Calls that send a signal to whom their first argument says. */
static const enum sysno signal_calls[] = { SC_kill, SC_tkill, SC_tgkill, SC_rt_sigqueueinfo, SC_rt_tgsigqueueinfo };

static const char own_process[] = REASON("would reach the supervisor or its launcher");
static const char own_group[] = REASON("would reach the supervisor, in whose process group the command is");
static const char unscoped[] = REASON("could signal the supervisor: this kernel's Landlock does not scope signals");
static const char kept_inside[] = REASON("this kernel's Landlock does not keep signals inside");
static const char identity_followed[] =
	REASON("the supervisor acts with the identity of the program: it follows each change");
static const char hides[] = REASON("a process that hides its memory would be blind to the supervisor");
static const char owns[] = REASON("a descriptor sends its signals to the caller only");
static const char limits_own[] = REASON("limits of the caller itself");
static const char limits_read[] = REASON("reads limits only");
static const char limits_of_others[] = REASON("a limit of time kills any process of the user");
static const char ids_named[] = REASON("setuid+ and setgid+ name the changes of ids that may be made");
static const char identity_lost[] = REASON("the supervisor could not follow the new identity");

static void plan_refuse_who(struct plan_builder *builder, const struct reach *reach, pid_t who, const char *reason)
{
	struct plan_entry entry = {
		.sysno = reach->sysno,
		.action = PLAN_REFUSE,
		.error = EPERM,
		.reason = reason,
		.category = CAT_COUNT,
		.condition_count = reach->which == WHICH_ANY ? 1 : 2,
		.conditions = { plan_int(reach->pid_arg, who), plan_int(0, reach->which) },
	};

	plan_add(builder, &entry);
}

static void plan_refuse_pid(struct plan_builder *builder, const struct reach *reach, pid_t pid)
{
	if (pid > 0)
		plan_refuse_who(builder, reach, pid, own_process);
}

void plan_mark_reaches(struct plan_builder *builder)
{
	for (size_t i = 0; i < ARRAY_SIZE(reaches); i++)
		builder->reaches[reaches[i].sysno] = true;
}

static bool plan_is_given(const struct plan_builder *builder, const struct surface_row *row)
{
	return row->given_by & policy_settings(builder->policy)->unsafe;
}

/* By the surface table, for every process but the caller. */
static bool plan_is_refused(const struct plan_builder *builder, enum sysno sysno)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	for (size_t at = builder->surfaced[sysno]; at > 0; at = builder->next[at - 1])
		if (!rows[at - 1].has_condition && rows[at - 1].categories == CAT_ALL_BITS)
			return !plan_is_given(builder, &rows[at - 1]);
	return false;
}

/* SIGKILL has many roads (pitfall 26): the numbers of our own processes are refused on all. */
static void plan_own_processes(struct plan_builder *builder, enum sysno sysno)
{
	if (!builder->reaches[sysno] || plan_is_refused(builder, sysno))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(reaches); i++) {
		if (reaches[i].sysno != sysno)
			continue;
		plan_refuse_pid(builder, &reaches[i], builder->host->supervisor);
		plan_refuse_pid(builder, &reaches[i], builder->host->launcher);
		plan_refuse_pid(builder, &reaches[i], builder->host->cleaner);
	}
	for (size_t i = 0; i < ARRAY_SIZE(group_reaches); i++) {
		if (group_reaches[i].sysno != sysno)
			continue;
		plan_refuse_who(builder, &group_reaches[i], 0, own_group);
		if (builder->host->pgrp > 0)
			plan_refuse_who(builder, &group_reaches[i], builder->host->pgrp, own_group);
	}
}

static void plan_broadcasts(struct plan_builder *builder, struct plan_entry entry)
{
	/* Group 1 is spelled like the broadcast. */
	const int64_t targets[] = { -1, 0, builder->host->pgrp > 1 ? -(int64_t)builder->host->pgrp : -1 };

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		entry.condition_count = 1;
		entry.conditions[0] = plan_int(0, targets[i]);
		plan_add(builder, &entry);
	}
}

/* Without Landlock's scope: refused to many, and to descriptors of unknown processes; else we look where they go. */
static void plan_wide_signals(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_REFUSE,
		.error = EPERM,
		.reason = unscoped,
		.category = CAT_COUNT,
	};

	if (sysno == SC_pidfd_send_signal)
		plan_add(builder, &entry);
	if (sysno == SC_kill)
		plan_broadcasts(builder, entry);
	entry.action = PLAN_NOTIFY;
	entry.error = 0;
	entry.reason = kept_inside;
	if (plan_has(signal_calls, ARRAY_SIZE(signal_calls), sysno) && handler_find(sysno))
		plan_add(builder, &entry);
}

static void plan_surface_row(struct plan_builder *builder, const struct surface_row *row)
{
	struct plan_entry entry = {
		.sysno = row->sysno,
		.action = row->error ? PLAN_REFUSE : PLAN_KERNEL,
		.error = row->error,
		.reason = row->reason,
		.given_by = row->given_by,
		.category = CAT_COUNT,
		.condition_count = row->has_condition ? 1 : 0,
		.conditions = { surface_condition(row) },
	};

	/* A handler that decides the whole call takes the place of a row that refuses it whole. */
	if (!row->has_condition && builder->decided[row->sysno])
		return;
	if (plan_is_given(builder, row))
		return;
	if (row->ruled && policy_gives_request(builder->policy, row->value))
		return;
	if (row->categories != CAT_ALL_BITS)
		plan_set_cause(builder, row->categories, &entry);
	plan_add(builder, &entry);
}

static void plan_surface(struct plan_builder *builder, enum sysno sysno)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	for (size_t at = builder->surfaced[sysno]; at > 0; at = builder->next[at - 1]) {
		const struct surface_row *row = &rows[at - 1];

		/* Named ids are a policy too, with no category of their own. */
		bool always = row->categories == CAT_ALL_BITS;

		if ((always || (row->categories & builder->active)) && !(row->unless & builder->ruled))
			plan_surface_row(builder, row);
	}
}

/* Pitfall 15: while we act with the target's identity, each change of it is followed or refused. */
static void plan_identity_prctls(struct plan_builder *builder, struct plan_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(identity_prctls); i++) {
		entry->condition_count = 1;
		entry->conditions[0] = plan_int(0, identity_prctls[i]);
		plan_add(builder, entry);
	}
}

/* setgroups keeps its list in memory: judged in a ptrace stop, by a handler of its own. */
static enum plan_action plan_identity_action(const struct plan_builder *builder, enum sysno sysno)
{
	const struct handler *traced = handler_traced(sysno);

	if (builder->names_ids && traced && traced != handler_find(sysno))
		return PLAN_TRACE;
	return handler_find(sysno) ? PLAN_NOTIFY : PLAN_REFUSE;
}

static void plan_identity(struct plan_builder *builder, enum sysno sysno)
{
	bool followed = builder->host->privileged && builder->any_decided;
	bool named = builder->names_ids && sysno != SC_capset;
	struct plan_entry entry = { .sysno = sysno, .category = CAT_COUNT };

	if (builder->decided[sysno])
		return;
	entry.action = plan_identity_action(builder, sysno);
	entry.error = entry.action == PLAN_REFUSE ? EPERM : 0;
	entry.reason = entry.action == PLAN_REFUSE ? identity_lost : named ? ids_named : identity_followed;
	if (sysno != SC_prctl && (followed || named))
		plan_add(builder, &entry);
	if (sysno == SC_prctl && followed) {
		entry.reason = entry.action == PLAN_REFUSE ? identity_lost : identity_followed;
		plan_identity_prctls(builder, &entry);
	}
}

/* With capabilities we read a process that is not dumpable; without, it must stay readable. */
static void plan_dumpable(struct plan_builder *builder, enum sysno sysno)
{
	static const int calls[] = { PR_SET_DUMPABLE, PR_GET_DUMPABLE };
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_NOTIFY,
		.reason = hides,
		.category = CAT_COUNT,
		.condition_count = 1,
	};

	if (builder->host->privileged || !builder->any_decided || !handler_find(sysno))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		entry.conditions[0] = plan_int(0, calls[i]);
		plan_add(builder, &entry);
	}
}

/* Programs ask for signals of their own descriptors; where nobody answers, the surface table refuses that too. */
static void plan_owner(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_NOTIFY,
		.reason = owns,
		.category = CAT_COUNT,
		.condition_count = 1,
		.conditions = { plan_int(1, F_SETOWN) },
	};

	if (builder->any_decided && handler_find(sysno))
		plan_add(builder, &entry);
}

/*
 * A terminal that signals belongs to its foreground group: ours, and that of who started us. Sockets and pipes get no
 * owner by it, and nobody needs FIOASYNC for what fcntl does.
 */
static void plan_asynchronous(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = { .sysno = sysno, .reason = unscoped, .category = CAT_COUNT };

	if (!builder->any_decided)
		return;
	if (sysno == SC_ioctl) {
		entry.action = PLAN_REFUSE;
		entry.error = EPERM;
		entry.conditions[entry.condition_count++] = plan_int(1, FIOASYNC);
		plan_add(builder, &entry);
	}
	if (sysno == SC_fcntl || sysno == SC_fcntl64) {
		entry.action = PLAN_NOTIFY;
		entry.conditions[entry.condition_count++] = plan_int(1, F_SETFL);
		entry.conditions[entry.condition_count++] = plan_bits(2, O_ASYNC, O_ASYNC);
		plan_add(builder, &entry);
	}
}

void plan_protect(struct plan_builder *builder, enum sysno sysno)
{
	if (sysno == SC_fcntl || sysno == SC_fcntl64)
		plan_owner(builder, sysno);
	plan_own_processes(builder, sysno);
	if (!builder->host->scopes_signals) {
		plan_wide_signals(builder, sysno);
		plan_asynchronous(builder, sysno);
	}
	plan_surface(builder, sysno);
	plan_trace_memory(builder, sysno);
	if (sysno == SC_prctl || plan_has(identity_calls, ARRAY_SIZE(identity_calls), sysno))
		plan_identity(builder, sysno);
	if (sysno == SC_prctl)
		plan_dumpable(builder, sysno);
}

/* RLIMIT_CPU ends a process as SIGKILL does (pitfall 26). The number says nothing of where a process is. */
void plan_limits(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = {
		.sysno = sysno, .action = PLAN_KERNEL, .reason = limits_own, .category = CAT_COUNT
	};

	if (sysno != SC_prlimit64 || policy_settings(builder->policy)->unsafe & UNSAFE_BIT(UNSAFE_NICE))
		return;
	entry.condition_count = 1;
	entry.conditions[0] = plan_int(0, 0);
	plan_add(builder, &entry);
	entry.reason = limits_read;
	entry.conditions[0] = plan_bits(2, UINT64_MAX, 0);
	plan_add(builder, &entry);
	plan_add(builder, &(struct plan_entry){ .sysno = sysno,
				  .action = PLAN_REFUSE,
				  .error = EPERM,
				  .reason = limits_of_others,
				  .given_by = UNSAFE_BIT(UNSAFE_NICE),
				  .category = CAT_COUNT });
}
