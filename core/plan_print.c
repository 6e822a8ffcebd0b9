/*
 * Prints plans. Texts of one entry are made once, in a row; table, JSON and the answer about one
 * call differ only in how they put rows together.
 */
#include "core/plan_print.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "arch/arch.h"
#include "core/absent.h"
#include "core/json.h"
#include "core/pattern.h"
#include "core/plan.h"
#include "core/plan_words.h"
#include "core/policy.h"
#include "core/unsafe.h"
#include "core/util.h"

#define CAUSE_SIZE 4352 /* a pattern may be as long as a path */

struct row {
	const char *call;
	char outcome[32];
	char when[192];
	char cause[CAUSE_SIZE];
	const char *reason;
	bool by_rule;
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

static bool plan_print_concerns(const struct plan_view *view, const struct plan_entry *entry)
{
	for (unsigned i = 0; i < view->abi_count; i++) {
		if (abi_nr(view->abis[i], entry->sysno) >= 0)
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

/* What a call costs that meets such an entry, for the table's headings and for programs. */
static const struct cost {
	enum plan_action action;
	const char *class;
	const char *heading;
} costs[] = {
	{ PLAN_TRACE, "stops", "Traced: stops at the entry, and most at the exit (some 10 us each)" },
	{ PLAN_NOTIFY, "round-trip", "Notified: a round trip to the supervisor, who answers (some 5 us and the work)" },
	{ PLAN_LANDLOCK, "check", "Landlock: a check in the kernel (below 0.1 us)" },
	{ PLAN_KERNEL, "none", "Left to the kernel, unlike other arguments of the same call (nothing)" },
	{ PLAN_REFUSE, "none", "Refused in BPF (nothing)" },
};

static const char *plan_print_class(enum plan_action action)
{
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++)
		if (costs[i].action == action)
			return costs[i].class;
	return "?";
}

/* In the order of the arguments. */
static void plan_print_when(const struct plan_entry *entry, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned arg = 0; arg <= PLAN_ARG_WRITE_FLAGS; arg++) {
		for (unsigned i = 0; i < entry->condition_count; i++) {
			if (entry->conditions[i].arg != arg)
				continue;
			snprintf(buffer + used, size - used, "%s", used > 0 ? " and " : "");
			used += strlen(buffer + used);
			plan_words(entry->sysno, &entry->conditions[i], buffer + used, size - used);
			used += strlen(buffer + used);
		}
	}
}

static void plan_print_rule(const struct rule *rule, char buffer[CAUSE_SIZE])
{
	char line[16] = "";

	if (rule->origin.line > 0)
		snprintf(line, sizeof(line), ":%u", rule->origin.line);
	snprintf(buffer, CAUSE_SIZE, "%s%s %s/%s+%s", rule->origin.file, line, action_name(rule->action),
		category_name(rule->category), pattern_text(rule->pattern));
}

static void plan_print_cause(const struct plan_entry *entry, const struct policy *policy, char buffer[CAUSE_SIZE])
{
	if (entry->given_by) {
		snprintf(buffer, CAUSE_SIZE, "allow_unsafe/%s:off",
			unsafe_name((enum unsafe)(ffs((int)entry->given_by) - 1)));
	} else if (entry->category == CAT_COUNT && !policy_active_bits(policy) &&
		   policy_settings(policy)->lock != POLICY_LOCK_ON) {
		snprintf(buffer, CAUSE_SIZE, "lock:%s", policy_lock_name(policy_settings(policy)->lock));
	} else if (entry->category == CAT_COUNT) {
		snprintf(buffer, CAUSE_SIZE, "any category");
	} else if (!entry->rule) {
		snprintf(buffer, CAUSE_SIZE, "default/%s:%s", category_name(entry->category),
			action_name(policy_default(policy, entry->category)));
	} else {
		plan_print_rule(entry->rule, buffer);
	}
}

static void plan_print_fill(const struct plan_entry *entry, const struct policy *policy, struct row *row)
{
	const char *action = plan_print_action(entry->action);

	row->call = sysno_name(entry->sysno);
	row->reason = entry->reason;
	row->by_rule = entry->action != PLAN_KERNEL;
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

/* True for entries of one call that differ in what arguments are, and in nothing else. */
static bool plan_print_alike(const struct plan_entry *a, const struct plan_entry *b)
{
	return a->sysno == b->sysno && a->action == b->action && a->error == b->error && a->reason == b->reason &&
	       a->category == b->category && a->rule == b->rule && a->condition_count > 0 && b->condition_count > 0;
}

/* How many entries from this one on are one row. */
static size_t plan_print_group(const struct plan *plan, size_t index)
{
	size_t end = index + 1;

	while (end < plan_count(plan) && plan_print_alike(plan_at(plan, index), plan_at(plan, end)))
		end++;
	return end - index;
}

/* The row of `count` entries; what comes behind others of its call holds for the rest. */
static void plan_print_fill_group(const struct plan_view *view, size_t index, size_t count, struct row *row)
{
	const struct plan_entry *entry = plan_at(view->plan, index);
	size_t used;

	plan_print_fill(entry, view->policy, row);
	used = strlen(row->when);
	if (count > 1)
		snprintf(row->when + used, sizeof(row->when) - used, ", or %zu other%s", count - 1,
			count > 2 ? "s" : "");
	if (entry->condition_count == 0 && entry != plan_find(view->plan, entry->sysno))
		snprintf(row->when, sizeof(row->when), "otherwise");
}

static struct widths plan_print_measure(const struct plan_view *view)
{
	struct widths widths = { .call = 4, .outcome = 4, .when = 6 };
	size_t count;
	struct row row;

	for (size_t i = 0; i < plan_count(view->plan); i += count) {
		count = plan_print_group(view->plan, i);
		if (!plan_print_concerns(view, plan_at(view->plan, i)))
			continue;
		plan_print_fill_group(view, i, count, &row);
		widths.call = plan_print_wider(widths.call, row.call);
		widths.outcome = plan_print_wider(widths.outcome, row.outcome);
		widths.when = plan_print_wider(widths.when, row.when);
	}
	return widths;
}

static void plan_print_row(FILE *stream, const struct widths *widths, const struct row *row)
{
	fprintf(stream, "%-*s  %-*s  %-*s  ", widths->call, row->call, widths->outcome, row->outcome, widths->when,
		row->when[0] ? row->when : "always");
	/* What is left to the kernel is so in spite of the rule, not by it. */
	fprintf(stream, "%s%s%s\n", row->by_rule ? row->cause : "", row->by_rule ? ": " : "", row->reason);
}

static void plan_print_section(
	FILE *stream, const struct plan_view *view, const struct widths *widths, const struct cost *cost)
{
	bool empty = true;
	size_t count;
	struct row row;

	for (size_t i = 0; i < plan_count(view->plan); i += count) {
		count = plan_print_group(view->plan, i);
		if (plan_at(view->plan, i)->action != cost->action ||
			!plan_print_concerns(view, plan_at(view->plan, i)))
			continue;
		if (empty)
			fprintf(stream, "# %s\n", cost->heading);
		empty = false;
		plan_print_fill_group(view, i, count, &row);
		plan_print_row(stream, widths, &row);
	}
	if (!empty)
		fputc('\n', stream);
}

static void plan_print_absent(FILE *stream, const struct absent *absent)
{
	char cause[CAUSE_SIZE];
	int width = 0;

	if (absent->count > 0)
		fputs("# Not there: what is made under these names can be used from the next start on\n", stream);
	for (size_t i = 0; i < absent->count; i++)
		width = plan_print_wider(width, absent->list[i].name);
	for (size_t i = 0; i < absent->count; i++) {
		plan_print_rule(absent->list[i].rule, cause);
		fprintf(stream, "%-*s  %s\n", width, absent->list[i].name, cause);
	}
	if (absent->more)
		fputs("and more\n", stream);
	if (absent->count > 0)
		fputc('\n', stream);
}

/* Each line of text, behind a word. */
static void plan_print_lines(FILE *stream, const char *word, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		fprintf(stream, "%s: %.*s\n", word, length, text);
		text += length;
		text += *text == '\n';
	}
}

int plan_print_table(FILE *stream, const struct plan_view *view)
{
	struct widths widths = plan_print_measure(view);

	if (!plan_is_empty(view->plan))
		fprintf(stream, "%-*s  %-*s  %-*s  %s\n", widths.call, "CALL", widths.outcome, "DONE", widths.when,
			"WHEN", "RULE AND REASON");
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++)
		plan_print_section(stream, view, &widths, &costs[i]);
	plan_print_absent(stream, view->absent);
	for (unsigned i = 0; i < view->abi_count; i++) {
		struct tally tally = plan_print_tally(view->plan, view->abis[i]);

		if (tally.kernel - tally.partly == tally.known) {
			fprintf(stream, "%s: all %u calls stay in the kernel\n", view->abis[i]->name, tally.known);
			continue;
		}
		fprintf(stream,
			"%s: of %u calls %u stay in the kernel (%u of them but for some arguments), %u are refused in "
			"BPF, %u notified, %u traced, %u left to Landlock\n",
			view->abis[i]->name, tally.known, tally.kernel, tally.partly, tally.refused, tally.notified,
			tally.traced, tally.landlock);
	}
	plan_print_lines(stream, "warning", view->warnings);
	return ferror(stream) ? -EIO : 0;
}

static enum sysno plan_print_sysno(const char *call)
{
	for (unsigned i = 1; i < SC_COUNT; i++)
		if (str_equal(sysno_name((enum sysno)i), call))
			return (enum sysno)i;
	return SC_none;
}

int plan_print_why(FILE *stream, const struct plan_view *view, const char *call)
{
	enum sysno sysno = plan_print_sysno(call);
	const struct plan_entry *entry = plan_find(view->plan, sysno);
	size_t left = entry ? plan_count(view->plan) - (size_t)(entry - plan_at(view->plan, 0)) : 0;
	bool settled = false;
	struct row row;

	if (sysno == SC_none)
		return -ENOENT;
	for (; left > 0 && entry->sysno == sysno; left--, entry++) {
		plan_print_fill(entry, view->policy, &row);
		settled = entry->condition_count == 0;
		fprintf(stream, "%s, %s: %s (cost: %s)\n", call, settled ? "otherwise" : row.when, row.outcome,
			plan_print_class(entry->action));
		fprintf(stream, "  %s%s%s%s\n", row.by_rule ? "by " : "", row.by_rule ? row.cause : "",
			row.by_rule ? ": " : "", row.reason);
	}
	if (!settled)
		fprintf(stream, "%s, otherwise: kernel (cost: none)\n  no rule of an active category is asked\n", call);
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
	json_string(&json, "cost", plan_print_class(entry->action));
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

static int plan_print_json_warnings(FILE *stream, const char *lines)
{
	char buffer[4 * CAUSE_SIZE];
	char line[2 * CAUSE_SIZE];
	const char *separator = "\n";

	while (*lines) {
		size_t length = strcspn(lines, "\n");
		struct json json;

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		lines += length + (lines[length] == '\n');
		json_begin(&json, buffer, sizeof(buffer));
		json_string(&json, "warning", line);
		length = json_end(&json);
		if (length == 0)
			return -E2BIG;
		fprintf(stream, "%s%.*s", separator, (int)length - 1, buffer);
		separator = ",\n";
	}
	return 0;
}

static int plan_print_json_absent(FILE *stream, const struct absent *absent)
{
	char buffer[4 * CAUSE_SIZE];
	char cause[CAUSE_SIZE];

	for (size_t i = 0; i < absent->count; i++) {
		struct json json;
		size_t length;

		plan_print_rule(absent->list[i].rule, cause);
		json_begin(&json, buffer, sizeof(buffer));
		json_string(&json, "name", absent->list[i].name);
		json_string(&json, "rule", cause);
		length = json_end(&json);
		if (length == 0)
			return -E2BIG;
		fprintf(stream, "%s%.*s", i > 0 ? ",\n" : "\n", (int)length - 1, buffer);
	}
	return 0;
}

int plan_print_json(FILE *stream, const struct plan_view *view)
{
	const char *separator = "\n";
	int error = 0;

	fputs("{\"abis\":[", stream);
	for (unsigned i = 0; i < view->abi_count; i++) {
		fputs(i > 0 ? ",\n" : "\n", stream);
		plan_print_json_tally(stream, view->plan, view->abis[i]);
	}
	fputs("\n],\"calls\":[", stream);
	for (size_t i = 0; i < plan_count(view->plan) && error == 0; i++) {
		if (!plan_print_concerns(view, plan_at(view->plan, i)))
			continue;
		fputs(separator, stream);
		error = plan_print_json_entry(stream, plan_at(view->plan, i), view->policy);
		separator = ",\n";
	}
	fputs("\n],\"absent\":[", stream);
	if (error == 0)
		error = plan_print_json_absent(stream, view->absent);
	fprintf(stream, "\n],\"more_absent\":%s,\"warnings\":[", view->absent->more ? "true" : "false");
	if (error == 0)
		error = plan_print_json_warnings(stream, view->warnings);
	fputs("\n]}\n", stream);
	return error == 0 && ferror(stream) ? -EIO : error;
}
