/*
 * Chooses the mechanism for each system call. Reads the policy, the handler table and
 * the surface table; makes no system call and keeps nothing but its entries.
 */
#include "core/plan_abi.h"
#include "core/plan_build.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "arch/arch.h"
#include "core/policy.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/reason.h"
#include "core/runtime_calls.h"
#include "core/surface.h"
#include "handlers/handler.h"

struct plan {
	size_t count;
	size_t capacity;
	bool notifies;
	bool traces;
	bool open;
	bool asked;
	uint64_t prepared;
	struct plan_host host;
	struct plan_entry *entries;
	uint16_t first[SC_COUNT]; /* one more than the index of a call's first entry, 0: none */
};

/* Calls of which the handler decides one value of an argument only; the rest is the kernel's. */
static const struct part {
	enum sysno sysno;
	uint8_t arg;
	int value;
} parts[] = {
	{ SC_setrlimit, 0, RLIMIT_CORE },
	{ SC_prlimit64, 1, RLIMIT_CORE },
};

/* Stands for mask+ and append+, which are rules of no category. */
static const struct rule any_file = { .category = CAT_COUNT };

static const char exec_by_landlock[] = REASON("Landlock refuses it outside of what may be executed");
static const char by_rules[] = REASON("the rules decide on names");
static const char exec_followed[] = REASON("calls are traced, and an exec changes the number of a thread");
static const char by_later_rules[] = REASON("rules from inside could decide on names");
static const char state_is_read[] = REASON("the policy can be asked for from inside");
static const char names_hold_still[] = REASON("names must hold still: rules tell two names apart");

/* Behind an entry that always holds, none of the same call ever decides. */
static bool plan_is_settled(const struct plan *plan, enum sysno sysno)
{
	const struct plan_entry *last;

	if (plan->count == 0)
		return false;
	last = &plan->entries[plan->count - 1];
	return last->sysno == sysno && last->condition_count == 0;
}

void plan_add(struct plan_builder *builder, const struct plan_entry *entry)
{
	struct plan *plan = builder->plan;
	struct plan_entry *larger;

	if (plan_is_settled(plan, entry->sysno))
		return;
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
	if (entry->action == PLAN_TRACE)
		plan->traces = true;
	plan->entries[plan->count++] = *entry;
}

const struct rule *plan_blame(const struct policy *policy, enum category category)
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

void plan_set_cause(const struct plan_builder *builder, uint64_t categories, struct plan_entry *entry)
{
	uint64_t active = builder->active & policy_active_bits(builder->policy);

	entry->category = CAT_COUNT;
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (!(categories & active & CAT_BIT(i)))
			continue;
		entry->category = (enum category)i;
		entry->rule = plan_blame(builder->policy, entry->category);
		return;
	}
}

/* The handler by which categories decide a call; some calls have one for ptrace stops only. */
static const struct handler *plan_handler_of(enum sysno sysno)
{
	const struct handler *handler = handler_find(sysno);

	return handler ? handler : handler_traced(sysno);
}

/* The active categories for which this call comes to us: devices are opened for ioctl only if a rule names one. */
static uint64_t plan_categories(const struct plan_builder *builder, enum sysno sysno, const struct handler *handler)
{
	uint64_t categories = handler->categories & builder->active;

	if (sysno != SC_ioctl && categories & CAT_BIT(CAT_IOCTL) && !builder->open &&
		!policy_names_devices(builder->policy))
		categories &= ~CAT_BIT(CAT_IOCTL);
	return categories;
}

static void plan_narrow(enum sysno sysno, struct plan_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].sysno == sysno)
			entry->conditions[entry->condition_count++] = plan_int(parts[i].arg, parts[i].value);
	}
}

/* A thread that execs takes the number of its process: while others are in traced calls, that must be no surprise. */
static void plan_follow_exec(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = {
		.sysno = sysno, .action = PLAN_TRACE, .reason = exec_followed, .category = CAT_COUNT
	};

	if (builder->follows_exec && (sysno == SC_execve || sysno == SC_execveat))
		plan_add(builder, &entry);
}

static void plan_handler(struct plan_builder *builder, enum sysno sysno)
{
	const struct handler *handler = plan_handler_of(sysno);
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_NOTIFY, .reason = by_rules };

	if (plan_sockets(builder, sysno))
		return;
	if (!builder->decided[sysno]) {
		plan_follow_exec(builder, sysno);
		return;
	}
	if (sysno == SC_ioctl) {
		plan_requests(builder);
		return;
	}
	if (handler->flags & (H_TRACE | H_EXIT))
		entry.action = PLAN_TRACE;
	if (plan_categories(builder, sysno, handler)) {
		plan_set_cause(builder, plan_categories(builder, sysno, handler), &entry);
		if (entry.category == CAT_COUNT)
			entry.reason = by_later_rules;
	} else if (!builder->teller || !(handler->flags & H_HOLDS_NAMES)) {
		entry.reason = state_is_read;
		entry.category = CAT_COUNT;
	} else {
		entry.reason = names_hold_still;
		entry.category = builder->teller->category;
		entry.rule = builder->teller->category == CAT_COUNT ? NULL : builder->teller;
	}
	plan_narrow(sysno, &entry);
	plan_trace_narrow(sysno, &entry);
	plan_opens(builder, sysno, plan_categories(builder, sysno, handler));
	plan_add(builder, &entry);
}

/* Shown only where the call stays in the kernel: a handler that decides it says more. */
static void plan_landlock(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_LANDLOCK };

	if (builder->decided[sysno])
		return;
	if (builder->exec_landlock && (sysno == SC_execve || sysno == SC_execveat)) {
		entry.reason = exec_by_landlock;
		plan_set_cause(builder, CAT_BIT(CAT_EXEC), &entry);
		plan_add(builder, &entry);
	}
	plan_opens_exec(builder, sysno);
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
		/* Addresses are no names that could be moved. */
		while (CAT_BIT(i) & POLICY_NET_BITS && count > 0 && !policy_net_names_files(rules)) {
			rules++;
			count--;
		}
		if (count > 0)
			return rules;
	}
	return policy_settings(policy)->file_count > 0 ? &any_file : NULL;
}

static uint64_t plan_find_ruled(const struct policy *policy)
{
	uint64_t bits = policy_active_bits(policy);

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		size_t count;
		const struct rule *rules = policy_rules(policy, (enum category)i, &count);

		while (policy_is_on(policy, (enum category)i) && count-- > 0)
			if (!action_refuses(rules[count].action))
				bits |= CAT_BIT(i);
	}
	return bits;
}

static void plan_mark(struct plan_builder *builder)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);

	assert(count <= PLAN_SURFACE_MAX);
	for (size_t i = count; i > 0; i--) {
		builder->next[i - 1] = builder->surfaced[rows[i - 1].sysno];
		builder->surfaced[rows[i - 1].sysno] = (uint16_t)i;
	}
	plan_mark_reaches(builder);
	for (unsigned i = 1; i < SC_COUNT; i++) {
		const struct handler *handler = plan_handler_of((enum sysno)i);

		if (!handler || !plan_trace_wanted(builder, (enum sysno)i, handler))
			continue;
		builder->decided[i] = plan_categories(builder, (enum sysno)i, handler) ||
				      ((handler->flags & H_HOLDS_NAMES) && builder->teller) ||
				      (builder->asked && runtime_call_find((enum sysno)i));
		builder->any_decided |= builder->decided[i];
		builder->follows_exec |= builder->decided[i] && (handler->flags & H_TRACE);
	}
	builder->follows_exec |= builder->any_decided && builder->host->ptrace && builder->host->loses_restarts;
}

/*
 * What rules from inside may come to decide: everything but what needs ptrace, which only a category that is on from
 * the start is worth. So with sockets: where none is judged, those that no rule can judge are made.
 */
static uint64_t plan_prepare(const struct policy *policy, const struct plan_host *host)
{
	uint64_t late = 0, traced = 0, on = 0;

	for (unsigned i = 1; i < SC_COUNT; i++) {
		const struct handler *handler = plan_handler_of((enum sysno)i);

		if (handler && handler->flags & (H_TRACE | H_EXIT))
			traced |= handler->categories;
	}
	for (unsigned i = 0; i < CAT_COUNT; i++)
		on |= policy_is_on(policy, (enum category)i) ? CAT_BIT(i) : 0;
	if (!(policy_active_bits(policy) & POLICY_NET_BITS))
		late = POLICY_NET_BITS;
	return (category_enforced() & ~traced & ~late) | (host->ptrace ? on & traced : 0);
}

static void plan_fill(struct plan_builder *builder)
{
	builder->exec_landlock = (builder->active & CAT_BIT(CAT_EXEC)) && !builder->host->ptrace &&
				 plan_exec_fits(builder->policy, builder->host);
	builder->follows_exec = builder->names_ids;
	builder->teller = plan_find_teller(builder->policy, builder->active);
	plan_mark(builder);
	for (unsigned i = 1; i < SC_COUNT; i++) {
		enum sysno sysno = (enum sysno)i;

		plan_protect(builder, sysno);
		plan_appends(builder, sysno);
		plan_nameless(builder, sysno);
		plan_handler(builder, sysno);
		plan_limits(builder, sysno);
		plan_landlock(builder, sysno);
	}
}

static bool plan_names_ids(const struct policy *policy)
{
	return policy_names_transitions(policy, ID_USER) || policy_names_transitions(policy, ID_GROUP);
}

bool plan_refuses_surface(const struct policy *policy)
{
	return policy_active_bits(policy) || plan_names_ids(policy) || policy_settings(policy)->lock != POLICY_LOCK_ON;
}

/* Nothing is added any more: the room that is left is given back. */
static struct plan *plan_trim(struct plan *plan)
{
	struct plan_entry *exact = NULL;

	if (plan->count > 0)
		exact = reallocarray(plan->entries, plan->count, sizeof(*exact));
	if (exact) {
		plan->entries = exact;
		plan->capacity = plan->count;
	}
	return plan;
}

/* Fills a plan that says for which categories, and whether it may be asked for another. NULL: no memory. */
static struct plan *plan_make(struct plan *plan, const struct policy *policy)
{
	struct plan_builder builder = {
		.plan = plan,
		.policy = policy,
		.host = &plan->host,
		.active = plan->prepared,
		.open = plan->open,
		.asked = plan->asked,
		.ruled = plan_find_ruled(policy) | (plan->open ? plan->prepared : 0),
		.names_ids = plan_names_ids(policy),
	};

	if (builder.active || builder.names_ids || builder.asked)
		plan_fill(&builder);
	if (!builder.failed)
		return plan_trim(plan);
	plan_free(plan);
	return NULL;
}

struct plan *plan_new(const struct policy *policy, const struct plan_host *host)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	enum policy_lock lock = policy_settings(policy)->lock;

	if (!plan)
		return NULL;
	plan->host = *host;
	plan->asked = lock != POLICY_LOCK_ON;
	plan->open = lock > POLICY_LOCK_READ;
	plan->prepared = policy_active_bits(policy) | (plan->open ? plan_prepare(policy, host) : 0);
	return plan_make(plan, policy);
}

static bool plan_same_entry(const struct plan_entry *a, const struct plan_entry *b)
{
	bool same = a->sysno == b->sysno && a->action == b->action && a->error == b->error &&
		    a->condition_count == b->condition_count;

	for (unsigned i = 0; same && i < a->condition_count; i++)
		same = a->conditions[i].arg == b->conditions[i].arg && a->conditions[i].mask == b->conditions[i].mask &&
		       a->conditions[i].value == b->conditions[i].value;
	return same;
}

/* The same filter comes of both. */
static bool plan_same(const struct plan *a, const struct plan *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!plan_same_entry(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}

struct plan *plan_renew(const struct plan *before, const struct policy *policy, int *error_out)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	*error_out = -ENOMEM;
	if (!plan)
		return NULL;
	plan->host = before->host;
	plan->asked = before->asked;
	plan->open = before->open;
	plan->prepared = before->prepared;
	plan = plan_make(plan, policy);
	if (!plan)
		return NULL;
	if (!(policy_active_bits(policy) & ~plan->prepared) && plan_same(before, plan))
		return plan;
	*error_out = -EOPNOTSUPP;
	plan_free(plan);
	return NULL;
}

uint64_t plan_prepared(const struct plan *plan)
{
	return plan->prepared;
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
	/* A listener of the payload's own would answer before a stop of ours: only one may exist. */
	return plan->notifies || plan->traces;
}

bool plan_traces(const struct plan *plan)
{
	return plan->traces;
}

static bool plan_holds(const struct plan_entry *entry, const struct abi *abi, const uint64_t args[6])
{
	struct plan_entry held;

	if (!plan_entry_for(abi, entry, &held))
		return false;
	for (unsigned i = 0; i < held.condition_count; i++) {
		const struct plan_condition *condition = &held.conditions[i];

		if ((abi_arg(abi, args, plan_argument(abi, condition->arg)) & condition->mask) != condition->value)
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
