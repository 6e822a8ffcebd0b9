/*
 * Chooses the mechanism for each system call. Reads the policy, the handler table and
 * the surface table; makes no system call and keeps nothing but its entries.
 */
#include "core/plan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "arch/arch.h"
#include "core/policy.h"
#include "core/surface.h"
#include "core/util.h"
#include "handlers/handler.h"

#define INT_MASK UINT64_C(0xffffffff)
#define SOCKETCALL_BIND 2

struct plan {
	size_t count;
	size_t capacity;
	bool notifies;
	struct plan_entry *entries;
	uint16_t first[SC_COUNT]; /* one more than the index of a call's first entry, 0: none */
};

struct builder {
	struct plan *plan;
	const struct policy *policy;
	const struct plan_host *host;
	uint64_t active;
	const struct rule *teller; /* a rule of an active category: two names may differ; NULL: none */
	bool decided[SC_COUNT];    /* a handler decides this call */
	bool surfaced[SC_COUNT];   /* the surface table has a row for it */
	bool any_decided;
	bool any_notified; /* decided, and not in a ptrace stop */
	bool failed;       /* out of memory */
};

#define WHICH_ANY 255

/* Calls that reach the process named by an argument; prlimit64 kills it by RLIMIT_CPU (tried). */
static const struct reach {
	enum sysno sysno;
	uint8_t pid_arg;
	uint8_t which; /* argument 0 when the number is a process's; WHICH_ANY: it always is */
} reaches[] = {
	{ SC_kill, 0, WHICH_ANY }, { SC_tkill, 0, WHICH_ANY }, { SC_tgkill, 0, WHICH_ANY },
	{ SC_rt_sigqueueinfo, 0, WHICH_ANY }, { SC_rt_tgsigqueueinfo, 0, WHICH_ANY }, { SC_pidfd_open, 0, WHICH_ANY },
	{ SC_prlimit64, 0, WHICH_ANY }, { SC_sched_setaffinity, 0, WHICH_ANY }, { SC_sched_setattr, 0, WHICH_ANY },
	{ SC_sched_setparam, 0, WHICH_ANY }, { SC_sched_setscheduler, 0, WHICH_ANY },
	{ SC_migrate_pages, 0, WHICH_ANY }, { SC_move_pages, 0, WHICH_ANY },
	{ SC_setpriority, 1, 0 }, /* PRIO_PROCESS */
	{ SC_ioprio_set, 1, 1 },  /* IOPRIO_WHO_PROCESS */
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
	SC_capset,
	SC_setuid32,
	SC_setreuid32,
	SC_setresuid32,
	SC_setfsuid32,
	SC_setgid32,
	SC_setregid32,
	SC_setresgid32,
	SC_setfsgid32,
	SC_setgroups32,
};

/* Calls that make, remove or move names: the part of them that Landlock knows. */
static const enum sysno name_calls[] = {
	SC_mkdir,
	SC_mkdirat,
	SC_rmdir,
	SC_unlink,
	SC_unlinkat,
	SC_symlink,
	SC_symlinkat,
	SC_rename,
	SC_renameat,
	SC_renameat2,
	SC_link,
	SC_linkat,
	SC_mknod,
	SC_mknodat,
};

/* Calls of which the handler decides one value of an argument only; the rest is the kernel's. */
static const struct part {
	enum sysno sysno;
	uint8_t arg;
	int value;
} parts[] = {
	{ SC_socketcall, 0, SOCKETCALL_BIND }, /* i386 puts all of socket.h behind one number */
	{ SC_setrlimit, 0, RLIMIT_CORE },
	{ SC_prlimit64, 1, RLIMIT_CORE },
};

static const int identity_prctls[] = { PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_SECUREBITS };

static const char own_process[] = "would reach the supervisor or its launcher";
static const char unscoped[] = "could signal the supervisor: this kernel's Landlock does not scope signals";
static const char identity_followed[] = "the supervisor acts with the identity of the program: it follows each change";
static const char hides[] = "a process that hides its memory would be blind to the supervisor";
static const char identity_lost[] = "the supervisor could not follow the new identity";
static const char by_landlock[] = "Landlock refuses it outside of what may be created";
static const char by_rules[] = "the rules decide on names";
static const char names_hold_still[] = "names must hold still: rules tell two names apart";

static bool plan_has(const enum sysno *calls, size_t count, enum sysno sysno)
{
	for (size_t i = 0; i < count; i++) {
		if (calls[i] == sysno)
			return true;
	}
	return false;
}

static void plan_add(struct builder *builder, const struct plan_entry *entry)
{
	struct plan *plan = builder->plan;
	struct plan_entry *larger;

	if (plan->count == plan->capacity) {
		larger = reallocarray(plan->entries, plan->capacity * 2 + 128, sizeof(*larger));
		if (!larger) {
			builder->failed = true;
			return;
		}
		plan->entries = larger;
		plan->capacity = plan->capacity * 2 + 128;
	}
	if (plan->first[entry->sysno] == 0)
		plan->first[entry->sysno] = (uint16_t)(plan->count + 1);
	if (entry->action == PLAN_NOTIFY)
		plan->notifies = true;
	plan->entries[plan->count++] = *entry;
}

/* The last rule that refuses or logs; NULL where the default alone already does. */
static const struct rule *plan_blame(const struct policy *policy, enum category category)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	if (policy_default(policy, category) != ACTION_ALLOW)
		return NULL;
	for (size_t i = count; i > 0; i--) {
		if (rules[i - 1].action != ACTION_ALLOW)
			return &rules[i - 1];
	}
	return NULL;
}

/* Names the first of these categories that is active, and its rule, as the cause. */
static void plan_set_cause(const struct builder *builder, uint64_t categories, struct plan_entry *entry)
{
	entry->category = CAT_COUNT;
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (!(categories & builder->active & CAT_BIT(i)))
			continue;
		entry->category = (enum category)i;
		entry->rule = plan_blame(builder->policy, entry->category);
		return;
	}
}

static struct plan_condition plan_int(unsigned arg, int64_t value)
{
	return (struct plan_condition){ .arg = (uint8_t)arg, .mask = INT_MASK, .value = (uint64_t)value & INT_MASK };
}

static void plan_refuse_pid(struct builder *builder, const struct reach *reach, pid_t pid)
{
	struct plan_entry entry = {
		.sysno = reach->sysno,
		.action = PLAN_REFUSE,
		.error = EPERM,
		.reason = own_process,
		.category = CAT_COUNT,
		.condition_count = reach->which == WHICH_ANY ? 1 : 2,
		.conditions = { plan_int(reach->pid_arg, pid), plan_int(0, reach->which) },
	};

	if (pid > 0)
		plan_add(builder, &entry);
}

/* SIGKILL has many roads (pitfall 26): the numbers of our own processes are refused on all. */
static void plan_own_processes(struct builder *builder, enum sysno sysno)
{
	for (size_t i = 0; i < ARRAY_SIZE(reaches); i++) {
		if (reaches[i].sysno != sysno)
			continue;
		plan_refuse_pid(builder, &reaches[i], builder->host->supervisor);
		plan_refuse_pid(builder, &reaches[i], builder->host->launcher);
		plan_refuse_pid(builder, &reaches[i], builder->host->cleaner);
	}
}

/* Without Landlock's scope also signals to many, and to descriptors of unknown processes. */
static void plan_wide_signals(struct builder *builder, enum sysno sysno)
{
	/* Group 1 is spelled like the broadcast. */
	const int64_t targets[] = { -1, 0, builder->host->pgrp > 1 ? -(int64_t)builder->host->pgrp : -1 };
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_REFUSE,
		.error = EPERM,
		.reason = unscoped,
		.category = CAT_COUNT,
	};

	if (builder->host->scopes_signals)
		return;
	if (sysno == SC_pidfd_send_signal)
		plan_add(builder, &entry);
	for (size_t i = 0; i < ARRAY_SIZE(targets) && sysno == SC_kill; i++) {
		entry.condition_count = 1;
		entry.conditions[0] = plan_int(0, targets[i]);
		plan_add(builder, &entry);
	}
}

static void plan_surface_row(struct builder *builder, const struct surface_row *row)
{
	struct plan_entry entry = {
		.sysno = row->sysno,
		.action = PLAN_REFUSE,
		.error = row->error,
		.reason = row->reason,
		.category = CAT_COUNT,
		.condition_count = row->has_condition ? 1 : 0,
		.conditions = { row->condition },
	};

	/* A handler that decides the whole call takes the place of a row that refuses it whole. */
	if (!row->has_condition && builder->decided[row->sysno])
		return;
	if (row->categories != CAT_ALL_BITS)
		plan_set_cause(builder, row->categories, &entry);
	plan_add(builder, &entry);
}

static void plan_surface(struct builder *builder, enum sysno sysno)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].sysno == sysno && (rows[i].categories & builder->active))
			plan_surface_row(builder, &rows[i]);
	}
}

/* Pitfall 15: while we act with the target's identity, each change of it is followed or refused. */
static void plan_identity(struct builder *builder, enum sysno sysno)
{
	bool handled = handler_find(sysno) != NULL;
	struct plan_entry entry = {
		.sysno = sysno,
		.action = handled ? PLAN_NOTIFY : PLAN_REFUSE,
		.error = handled ? 0 : EPERM,
		.reason = handled ? identity_followed : identity_lost,
		.category = CAT_COUNT,
	};

	if (!builder->host->privileged || !builder->any_decided || builder->decided[sysno])
		return;
	if (plan_has(identity_calls, ARRAY_SIZE(identity_calls), sysno))
		plan_add(builder, &entry);
	if (sysno != SC_prctl)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(identity_prctls); i++) {
		entry.condition_count = 1;
		entry.conditions[0] = plan_int(0, identity_prctls[i]);
		plan_add(builder, &entry);
	}
}

/* With capabilities we read a process that is not dumpable; without, it must stay readable. */
static void plan_dumpable(struct builder *builder, enum sysno sysno)
{
	static const int calls[] = { PR_SET_DUMPABLE, PR_GET_DUMPABLE };
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_NOTIFY,
		.reason = hides,
		.category = CAT_COUNT,
		.condition_count = 1,
	};

	if (sysno != SC_prctl || builder->host->privileged || !builder->any_notified || !handler_find(sysno))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		entry.conditions[0] = plan_int(0, calls[i]);
		plan_add(builder, &entry);
	}
}

static void plan_narrow(enum sysno sysno, struct plan_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].sysno == sysno)
			entry->conditions[entry->condition_count++] = plan_int(parts[i].arg, parts[i].value);
	}
}

/*
 * A descriptor of O_PATH cannot be injected (EBADF, tried on 6.18). Where no rule can refuse to
 * find a name, such opens are left to the kernel: what they make possible is judged when it happens.
 */
static void plan_leave_o_path(const struct builder *builder, enum sysno sysno, struct plan_entry *entry)
{
	if (builder->active & (CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT)))
		return;
	if (sysno != SC_open && sysno != SC_openat)
		return;
	entry->condition_count = 1;
	entry->conditions[0] = (struct plan_condition){ .arg = sysno == SC_open ? 1 : 2, .mask = O_PATH, .value = 0 };
}

static void plan_handler(struct builder *builder, enum sysno sysno)
{
	const struct handler *handler = handler_find(sysno);
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_NOTIFY, .reason = by_rules };

	if (!builder->decided[sysno])
		return;
	if (handler->flags & (H_TRACE | H_EXIT))
		entry.action = PLAN_TRACE;
	if (handler->categories & builder->active) {
		plan_set_cause(builder, handler->categories, &entry);
	} else {
		entry.reason = names_hold_still;
		entry.category = builder->teller->category;
		entry.rule = builder->teller;
	}
	plan_narrow(sysno, &entry);
	plan_leave_o_path(builder, sysno, &entry);
	plan_add(builder, &entry);
}

/* Shown only where the call stays in the kernel: a handler that decides it says more. */
static void plan_landlock(struct builder *builder, enum sysno sysno)
{
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_LANDLOCK, .reason = by_landlock };

	if (!builder->host->landlock_names || builder->decided[sysno])
		return;
	if (!plan_has(name_calls, ARRAY_SIZE(name_calls), sysno))
		return;
	plan_set_cause(builder, CAT_BIT(CAT_CREATE), &entry);
	plan_add(builder, &entry);
}

/* Any rule of an active category may treat two names differently: the first there is. */
static const struct rule *plan_find_teller(const struct policy *policy, uint64_t active)
{
	const struct rule *rules;
	size_t count;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (!(active & CAT_BIT(i)))
			continue;
		rules = policy_rules(policy, (enum category)i, &count);
		if (count > 0)
			return rules;
	}
	return NULL;
}

static void plan_mark(struct builder *builder)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	for (size_t i = 0; i < count; i++)
		builder->surfaced[rows[i].sysno] = true;
	for (unsigned i = 1; i < SC_COUNT; i++) {
		const struct handler *handler = handler_find((enum sysno)i);

		if (!handler)
			continue;
		builder->decided[i] = (handler->categories & builder->active) ||
				      ((handler->flags & H_HOLDS_NAMES) && builder->teller);
		builder->any_decided |= builder->decided[i];
		builder->any_notified |= builder->decided[i] && !(handler->flags & (H_TRACE | H_EXIT));
	}
}

struct plan *plan_new(const struct policy *policy, const struct plan_host *host)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct builder builder = {
		.plan = plan,
		.policy = policy,
		.host = host,
		.active = policy_active_bits(policy),
	};

	if (!plan || !builder.active)
		return plan;
	builder.teller = plan_find_teller(policy, builder.active);
	plan_mark(&builder);
	for (unsigned i = 1; i < SC_COUNT; i++) {
		enum sysno sysno = (enum sysno)i;

		plan_own_processes(&builder, sysno);
		plan_wide_signals(&builder, sysno);
		if (builder.surfaced[i])
			plan_surface(&builder, sysno);
		plan_identity(&builder, sysno);
		plan_dumpable(&builder, sysno);
		plan_handler(&builder, sysno);
		plan_landlock(&builder, sysno);
	}
	if (!builder.failed)
		return plan;
	plan_free(plan);
	return NULL;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->entries);
	free(plan);
}

size_t plan_count(const struct plan *plan)
{
	return plan->count;
}

const struct plan_entry *plan_at(const struct plan *plan, size_t index)
{
	assert(index < plan->count);
	return &plan->entries[index];
}

const struct plan_entry *plan_find(const struct plan *plan, enum sysno sysno)
{
	if ((unsigned)sysno >= SC_COUNT || plan->first[sysno] == 0)
		return NULL;
	return &plan->entries[plan->first[sysno] - 1];
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->count == 0;
}

bool plan_notifies(const struct plan *plan)
{
	return plan->notifies;
}

static bool plan_holds(const struct plan_entry *entry, const struct abi *abi, const uint64_t args[6])
{
	for (unsigned i = 0; i < entry->condition_count; i++) {
		const struct plan_condition *condition = &entry->conditions[i];
		unsigned arg = condition->arg == PLAN_ARG_CLONE_FLAGS ? abi->clone_flags_arg : condition->arg;

		if ((abi_arg(abi, args, arg) & condition->mask) != condition->value)
			return false;
	}
	return true;
}

const struct plan_entry *plan_decide(
	const struct plan *plan, const struct abi *abi, enum sysno sysno, const uint64_t args[6])
{
	const struct plan_entry *entry = plan_find(plan, sysno);

	for (; entry && entry < plan->entries + plan->count && entry->sysno == sysno; entry++) {
		if (plan_holds(entry, abi, args))
			return entry;
	}
	return NULL;
}
