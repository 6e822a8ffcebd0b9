/*
 * Texts only: what is true was found out by core/grants.c and the planner.
 */
#include "core/plan_warn.h"

#include "core/grants.h"
#include "core/pattern.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/policy_files.h"
#include "core/utf8.h"
#include "core/util.h"

/* Calls that programs make all the time. */
static const struct hot {
	enum sysno sysno;
	const char *what;
} hot_calls[] = {
	{ SC_newfstatat, "looking at files" },
	{ SC_fstat, "looking at open files" },
	{ SC_getdents64, "listing directories" },
	{ SC_openat, "opening files" },
	{ SC_execve, "executing programs" },
	{ SC_mmap, "mapping programs" },
	{ SC_chdir, "changing the directory" },
	{ SC_ioctl, "requests of ioctl" },
	{ SC_sendmsg, "sending messages" },
};

/* default/read:deny, or FILE:LINE allow/read+PATTERN */
static void plan_warn_cause(FILE *stream, const struct policy *policy, enum category category, const struct rule *rule)
{
	if (rule && rule->origin.line > 0)
		fprintf(stream, "%s:%u ", rule->origin.file, rule->origin.line);
	else if (rule)
		fprintf(stream, "%s ", rule->origin.file);
	if (rule)
		fprintf(stream, "%s/%s+%s", action_name(rule->action), category_name(rule->category),
			pattern_text(rule->pattern));
	else if (!policy_is_on(policy, category))
		fprintf(stream, "sandbox/%s:off", category_name(category));
	else
		fprintf(stream, "default/%s:%s", category_name(category),
			action_name(policy_default(policy, category)));
}

/* Somebody may have made a name that would forge a line, or reach a terminal. */
static void plan_warn_name(FILE *stream, const char *name)
{
	while (*name) {
		size_t length = utf8_sequence(name, 4);
		unsigned char byte = (unsigned char)*name;
		bool control =
			byte < 0x20 || byte == 0x7f || length == 0 || (byte == 0xc2 && (unsigned char)name[1] < 0xa0);

		for (const char *end = name + (length ? length : 1); name < end; name++)
			if (control)
				fprintf(stream, "\\x%02x", (unsigned char)*name);
			else
				fputc(*name, stream);
	}
}

static void plan_warn_obstacle(FILE *stream, const struct policy *policy, const struct obstacle *obstacle)
{
	fputs("opening files for reading leaves the kernel: ", stream);
	if (obstacle->category != CAT_COUNT)
		plan_warn_cause(stream, policy, obstacle->category, obstacle->rule);
	if (obstacle->name[0])
		fputs(obstacle->category == CAT_COUNT ? "in " : " in ", stream);
	plan_warn_name(stream, obstacle->name);
	if (obstacle->name[0] || obstacle->category != CAT_COUNT)
		fputs(": ", stream);
	fputs(obstacle->why, stream);
	if (obstacle->instead)
		fprintf(stream, " (%s would do)", obstacle->instead);
	fputc('\n', stream);
}

/* What decides a call whose arguments say nothing else; NULL: the kernel. */
static const struct plan_entry *plan_warn_last(const struct plan *plan, enum sysno sysno)
{
	const struct plan_entry *entry = plan_find(plan, sysno);
	const struct plan_entry *end = plan_is_empty(plan) ? NULL : plan_at(plan, plan_count(plan) - 1) + 1;

	while (entry && entry + 1 < end && entry[1].sysno == sysno)
		entry++;
	return entry;
}

static bool plan_warn_leaves(const struct plan_entry *entry)
{
	return entry && entry->category != CAT_COUNT && (entry->action == PLAN_NOTIFY || entry->action == PLAN_TRACE);
}

static const char *plan_warn_instead(enum category category)
{
	if (category == CAT_EXEC)
		return "log/refused:off and exec/mmap:off with trace/ptrace:off, or sandbox/exec:off";
	if (category == CAT_IOCTL)
		return "log/refused:off, or filter";
	return NULL;
}

/* Opens that write are seldom: those that read have lines of their own. */
static void plan_warn_hot(FILE *stream, const struct plan *plan, const struct policy *policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(hot_calls); i++) {
		const struct plan_entry *entry = plan_warn_last(plan, hot_calls[i].sysno);
		const char *instead;

		if (!plan_warn_leaves(entry) || hot_calls[i].sysno == SC_openat)
			continue;
		instead = plan_warn_instead(entry->category);
		fprintf(stream, "%s leaves the kernel (%s is %s): ", hot_calls[i].what, sysno_name(entry->sysno),
			entry->action == PLAN_NOTIFY ? "notified" : "traced");
		/* Active without being on. */
		if (!policy_is_on(policy, entry->category) && policy_has_files(policy, POLICY_FILE_MASK)) {
			fputs("mask+ shows other files\n", stream);
			continue;
		}
		plan_warn_cause(stream, policy, entry->category, entry->rule);
		if (instead)
			fprintf(stream, " (%s would do)\n", instead);
		else
			fprintf(stream, " (sandbox/%s:off would do)\n", category_name(entry->category));
	}
}

/* A category that is asked about every open, whatever Landlock could do. */
static bool plan_warn_others(FILE *stream, const struct policy *policy)
{
	uint64_t bits = policy_active_bits(policy) & (CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_FS));

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		const char *name = category_name((enum category)i);

		if (!(bits & CAT_BIT(i)))
			continue;
		fputs("opening files for reading leaves the kernel: ", stream);
		if (policy_is_on(policy, (enum category)i))
			fprintf(stream,
				"%s is asked about each, and Landlock does not know it (sandbox/%s:off would do)\n",
				name, name);
		else
			fputs("mask+ shows other files, so that each is looked at\n", stream);
	}
	return bits != 0;
}

static void plan_warn_reads(
	FILE *stream, const struct policy *policy, const struct plan_host *host, const struct grants *grants)
{
	const char *missing = NULL;

	if (plan_warn_others(stream, policy) || host->notifies_opens)
		return;
	if (host->sees_processes)
		missing =
			"capabilities of this user (CAP_PERFMON, CAP_SYS_ADMIN) show in /proc what Landlock is to hide "
			"(allow_unsafe/caps:off takes them)";
	else if (policy_active_bits(policy) & (GRANTS_CATEGORIES | CAT_BIT(CAT_IOCTL)) &&
		 host->landlock_abi < LANDLOCK_ABI_REFER)
		missing = "this kernel has no Landlock of ABI 2 (Linux 5.19)";
	else if (host->gives_detached)
		missing = "the working directory or a descriptor that is inherited is mounted over, or has no name";
	if (missing)
		fprintf(stream, "opening files for reading leaves the kernel: %s\n", missing);
	for (size_t i = 0; !missing && i < grants->obstacle_count; i++)
		plan_warn_obstacle(stream, policy, &grants->obstacles[i]);
}

/* The plan is right without it, and says so in its rows. */
static void plan_warn_lost(FILE *stream, const struct plan_host *host)
{
	if (host->landlock_abi < LANDLOCK_ABI_SIGNALS)
		fprintf(stream,
			"this kernel's Landlock (ABI %u) keeps no signals inside (ABI %d, Linux 6.12): those to "
			"groups, to everybody and by pidfd are refused\n",
			host->landlock_abi, LANDLOCK_ABI_SIGNALS);
}

void plan_warn(FILE *stream, const struct plan *plan, const struct policy *policy, const struct plan_host *host,
	const struct grants *grants)
{
	if (plan_is_empty(plan))
		return;
	plan_warn_hot(stream, plan, policy);
	if (plan_warn_leaves(plan_warn_last(plan, SC_openat)))
		plan_warn_reads(stream, policy, host, grants);
	plan_warn_lost(stream, host);
}

void plan_warn_listener(FILE *stream, const struct plan *plan, const struct policy *policy)
{
	for (size_t i = 0; i < plan_count(plan); i++) {
		const struct plan_entry *entry = plan_at(plan, i);

		if (!plan_warn_leaves(entry))
			continue;
		fprintf(stream, "%s by ", sysno_name(entry->sysno));
		plan_warn_cause(stream, policy, entry->category, entry->rule);
		return;
	}
	fputs("what is refused or followed under every policy", stream);
}
