/*
 * The planner's part for opens: their flags lie in a register, and say of most of them that no rule of an active
 * category is asked, or that Landlock decides as the rules do. openat2 keeps its flags in memory, and creat writes:
 * they are never left out. Pure, as core/plan.c.
 */
#include <fcntl.h>

#include "core/plan_build.h"
#include "core/policy.h"
#include "core/reason.h"

/* C libraries put O_DIRECTORY into theirs. */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

/* Every category that an open may be asked about whatever its flags are, but for reading and writing. */
#define ANY_BITS (CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_FS) | CAT_BIT(CAT_IOCTL))
#define READ_BITS (ANY_BITS | CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR))
/* Creating with O_RDONLY is no writing, and truncating is: opens for writing alone are never left out. */
#define READ_FLAGS (O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE_BIT)

static const char finds_only[] = REASON("finds a name and no more, which no rule can refuse");
static const char no_read_rules[] = REASON("no rule is asked about an open for reading");
static const char by_landlock[] = REASON("Landlock refuses to read what the rules refuse");
static const char not_readable[] = REASON("Landlock: what may not be read cannot be executed");

static unsigned plan_opens_flags(enum sysno sysno)
{
	return sysno == SC_open ? 1 : 2;
}

static void plan_opens_leave(
	struct plan_builder *builder, struct plan_entry entry, uint64_t categories, struct plan_condition condition)
{
	plan_set_cause(builder, categories, &entry);
	entry.condition_count = 1;
	entry.conditions[0] = condition;
	plan_add(builder, &entry);
}

/*
 * A descriptor of O_PATH cannot be injected (EBADF, tried on 6.18). Where no rule can refuse to
 * find a name, such opens are left to the kernel: what they make possible is judged when it happens.
 */
static void plan_opens_paths(struct plan_builder *builder, enum sysno sysno, uint64_t categories)
{
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_KERNEL, .reason = finds_only };

	if (builder->active & (CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT)))
		return;
	plan_opens_leave(builder, entry, categories, plan_bits(plan_opens_flags(sysno), O_PATH, O_PATH));
}

static void plan_opens_reads(struct plan_builder *builder, enum sysno sysno, uint64_t categories)
{
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_LANDLOCK, .reason = by_landlock };
	uint64_t asked = categories & READ_BITS;

	/* The state is an open for reading, too; ghost! refuses every open where one is decided. */
	if (builder->asked || policy_settings(builder->policy)->ghost || builder->host->notifies_opens ||
		asked & ~builder->host->landlock_reads)
		return;
	/* What /proc says of our processes is hidden by a domain of the payload's own, or by us. */
	if (builder->host->sees_processes || (!builder->host->scopes_signals && !builder->host->landlock_reads))
		return;
	if (!asked) {
		entry.action = PLAN_KERNEL;
		entry.reason = no_read_rules;
	}
	plan_opens_leave(
		builder, entry, asked ? asked : categories, plan_bits(plan_opens_flags(sysno), READ_FLAGS, O_RDONLY));
}

void plan_opens(struct plan_builder *builder, enum sysno sysno, uint64_t categories)
{
	if (sysno != SC_open && sysno != SC_openat)
		return;
	plan_opens_paths(builder, sysno, categories);
	plan_opens_reads(builder, sysno, categories);
}

/* The kernel opens a program for reading. */
void plan_opens_exec(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = { .sysno = sysno, .action = PLAN_LANDLOCK, .reason = not_readable };

	if ((sysno != SC_execve && sysno != SC_execveat) || !(builder->host->landlock_reads & CAT_BIT(CAT_READ)))
		return;
	plan_set_cause(builder, CAT_BIT(CAT_READ) | CAT_BIT(CAT_IOCTL), &entry);
	plan_add(builder, &entry);
}
