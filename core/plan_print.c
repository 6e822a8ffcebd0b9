/*
 * Prints plans. Texts of one entry are made once, in a row; the table and the JSON
 * differ only in how they put rows together.
 */
#include "core/plan_print.h"

#include <errno.h>
#include <string.h>

#include "arch/arch.h"
#include "core/json.h"
#include "core/pattern.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/util.h"

#define INT_MASK UINT64_C(0xffffffff)
#define PID_LIMIT 0x400000 /* above it, numbers are bits rather than counts */
#define CAUSE_SIZE 4352    /* a pattern may be as long as a path */

struct row {
	const char *call;
	char outcome[32];
	char when[128];
	char cause[CAUSE_SIZE];
	const char *reason;
};

struct widths {
	int call;
	int outcome;
	int when;
};

/* How the calls of one ABI are shared out. */
struct tally {
	unsigned known;
	unsigned kernel;
	unsigned partly; /* part of kernel: some arguments are not left to it */
	unsigned refused;
	unsigned notified;
	unsigned traced;
	unsigned landlock;
};

static bool plan_print_concerns(const struct plan_entry *entry, const struct abi *const *abis, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (abi_nr(abis[i], entry->sysno) >= 0)
			return true;
	}
	return false;
}

static const char *plan_print_action(enum plan_action action)
{
	switch (action) {
	case PLAN_KERNEL:
		return "kernel";
	case PLAN_REFUSE:
		return "refused";
	case PLAN_LANDLOCK:
		return "landlock";
	case PLAN_NOTIFY:
		return "notified";
	case PLAN_TRACE:
		return "traced";
	}
	return "?";
}

static void plan_print_condition(
	const struct plan_entry *entry, const struct plan_condition *condition, char *buffer, size_t size)
{
	char name[8] = "flags";

	if (condition->arg != PLAN_ARG_CLONE_FLAGS)
		snprintf(name, sizeof(name), "arg%u", condition->arg);
	if (condition->mask != INT_MASK && condition->mask != condition->value)
		snprintf(buffer, size, "%s & %#llx = %#llx", name, (unsigned long long)condition->mask,
			(unsigned long long)condition->value);
	else if (condition->mask != INT_MASK)
		snprintf(buffer, size, "%s & %#llx", name, (unsigned long long)condition->value);
	else if (entry->sysno != SC_ioctl && (condition->value < PID_LIMIT || condition->value > INT32_MAX))
		snprintf(buffer, size, "%s = %d", name, (int)(uint32_t)condition->value);
	else
		snprintf(buffer, size, "%s = %#llx", name, (unsigned long long)condition->value);
}

static void plan_print_when(const struct plan_entry *entry, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < entry->condition_count; i++) {
		if (i > 0)
			snprintf(buffer + used, size - used, " and ");
		used += strlen(buffer + used);
		plan_print_condition(entry, &entry->conditions[i], buffer + used, size - used);
		used += strlen(buffer + used);
	}
}

static void plan_print_cause(const struct plan_entry *entry, const struct policy *policy, char buffer[CAUSE_SIZE])
{
	const struct rule *rule = entry->rule;
	char line[16] = "";

	if (entry->category == CAT_COUNT && !policy_active_bits(policy) &&
		policy_settings(policy)->lock != POLICY_LOCK_ON) {
		snprintf(buffer, CAUSE_SIZE, "lock:%s", policy_lock_name(policy_settings(policy)->lock));
	} else if (entry->category == CAT_COUNT) {
		snprintf(buffer, CAUSE_SIZE, "any category");
	} else if (!rule) {
		snprintf(buffer, CAUSE_SIZE, "default/%s:%s", category_name(entry->category),
			action_name(policy_default(policy, entry->category)));
	} else {
		if (rule->origin.line > 0)
			snprintf(line, sizeof(line), ":%u", rule->origin.line);
		snprintf(buffer, CAUSE_SIZE, "%s%s %s/%s+%s", rule->origin.file, line, action_name(rule->action),
			category_name(rule->category), pattern_text(rule->pattern));
	}
}

static void plan_print_fill(const struct plan_entry *entry, const struct policy *policy, struct row *row)
{
	const char *action = plan_print_action(entry->action);

	row->call = sysno_name(entry->sysno);
	row->reason = entry->reason;
	if (entry->action == PLAN_REFUSE)
		snprintf(row->outcome, sizeof(row->outcome), "%s %s", action, strerrorname_np(entry->error));
	else
		snprintf(row->outcome, sizeof(row->outcome), "%s", action);
	plan_print_when(entry, row->when, sizeof(row->when));
	plan_print_cause(entry, policy, row->cause);
}

/* A call counts as what its last entry makes of it; only conditions: as the kernel's, in part. */
static void plan_print_count(const struct plan *plan, const struct abi *abi, enum sysno sysno, struct tally *tally)
{
	const struct plan_entry *entry = plan_find(plan, sysno);
	const struct plan_entry *end = plan_is_empty(plan) ? NULL : plan_at(plan, plan_count(plan) - 1) + 1;

	if (abi_nr(abi, sysno) < 0)
		return;
	tally->known++;
	while (entry && entry + 1 < end && entry[1].sysno == sysno)
		entry++;
	if (!entry || entry->condition_count > 0) {
		tally->kernel++;
		tally->partly += entry != NULL;
		return;
	}
	tally->refused += entry->action == PLAN_REFUSE;
	tally->landlock += entry->action == PLAN_LANDLOCK;
	tally->notified += entry->action == PLAN_NOTIFY;
	tally->traced += entry->action == PLAN_TRACE;
	tally->kernel += entry->action == PLAN_KERNEL;
}

static struct tally plan_print_tally(const struct plan *plan, const struct abi *abi)
{
	struct tally tally = { 0 };

	for (unsigned i = 1; i < SC_COUNT; i++)
		plan_print_count(plan, abi, (enum sysno)i, &tally);
	return tally;
}

static int plan_print_wider(int width, const char *text)
{
	int length = (int)strlen(text);

	return length > width ? length : width;
}

static struct widths plan_print_measure(
	const struct plan *plan, const struct policy *policy, const struct abi *const *abis, unsigned count)
{
	struct widths widths = { .call = 4, .outcome = 4, .when = 4 };
	struct row row;

	for (size_t i = 0; i < plan_count(plan); i++) {
		if (!plan_print_concerns(plan_at(plan, i), abis, count))
			continue;
		plan_print_fill(plan_at(plan, i), policy, &row);
		widths.call = plan_print_wider(widths.call, row.call);
		widths.outcome = plan_print_wider(widths.outcome, row.outcome);
		widths.when = plan_print_wider(widths.when, row.when);
	}
	return widths;
}

static void plan_print_row(FILE *stream, const struct widths *widths, const struct row *row)
{
	fprintf(stream, "%-*s  %-*s  %-*s  %s: %s\n", widths->call, row->call, widths->outcome, row->outcome,
		widths->when, row->when[0] ? row->when : "-", row->cause, row->reason);
}

int plan_print_table(FILE *stream, const struct plan *plan, const struct policy *policy, const struct abi *const *abis,
	unsigned count)
{
	struct widths widths = plan_print_measure(plan, policy, abis, count);
	struct row row;

	if (!plan_is_empty(plan))
		fprintf(stream, "%-*s  %-*s  %-*s  %s\n", widths.call, "CALL", widths.outcome, "DONE", widths.when,
			"WHEN", "RULE AND REASON");
	for (size_t i = 0; i < plan_count(plan); i++) {
		if (!plan_print_concerns(plan_at(plan, i), abis, count))
			continue;
		plan_print_fill(plan_at(plan, i), policy, &row);
		plan_print_row(stream, &widths, &row);
	}
	for (unsigned i = 0; i < count; i++) {
		struct tally tally = plan_print_tally(plan, abis[i]);

		fprintf(stream,
			"%s: of %u calls %u stay in the kernel (%u of them but for some arguments), %u are refused in "
			"BPF, %u notified, %u traced, %u left to Landlock\n",
			abis[i]->name, tally.known, tally.kernel, tally.partly, tally.refused, tally.notified,
			tally.traced, tally.landlock);
	}
	return ferror(stream) ? -EIO : 0;
}

static int plan_print_json_entry(FILE *stream, const struct plan_entry *entry, const struct policy *policy)
{
	struct row row;
	struct json json;
	char buffer[4 * CAUSE_SIZE];
	size_t length;

	plan_print_fill(entry, policy, &row);
	json_begin(&json, buffer, sizeof(buffer));
	json_string(&json, "call", row.call);
	json_string(&json, "action", plan_print_action(entry->action));
	if (entry->action == PLAN_REFUSE)
		json_string(&json, "errno", strerrorname_np(entry->error));
	if (row.when[0])
		json_string(&json, "when", row.when);
	json_string(&json, "rule", row.cause);
	json_string(&json, "reason", row.reason);
	length = json_end(&json);
	if (length == 0)
		return -E2BIG;
	/* Without the newline: what follows is a comma or the end of the array. */
	fwrite(buffer, 1, length - 1, stream);
	return 0;
}

static void plan_print_json_tally(FILE *stream, const struct plan *plan, const struct abi *abi)
{
	struct tally tally = plan_print_tally(plan, abi);

	fprintf(stream,
		"{\"abi\":\"%s\",\"calls\":%u,\"kernel\":%u,\"partly\":%u,\"refused\":%u,\"notified\":%u,"
		"\"traced\":%u,\"landlock\":%u}",
		abi->name, tally.known, tally.kernel, tally.partly, tally.refused, tally.notified, tally.traced,
		tally.landlock);
}

int plan_print_json(FILE *stream, const struct plan *plan, const struct policy *policy, const struct abi *const *abis,
	unsigned count)
{
	const char *separator = "\n";
	int error = 0;

	fputs("{\"abis\":[", stream);
	for (unsigned i = 0; i < count; i++) {
		fputs(i > 0 ? ",\n" : "\n", stream);
		plan_print_json_tally(stream, plan, abis[i]);
	}
	fputs("\n],\"calls\":[", stream);
	for (size_t i = 0; i < plan_count(plan) && error == 0; i++) {
		if (!plan_print_concerns(plan_at(plan, i), abis, count))
			continue;
		fputs(separator, stream);
		error = plan_print_json_entry(stream, plan_at(plan, i), policy);
		separator = ",\n";
	}
	fputs("\n]}\n", stream);
	return error == 0 && ferror(stream) ? -EIO : error;
}
