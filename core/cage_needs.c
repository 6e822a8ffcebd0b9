/*
 * From the calls that a plan takes from the kernel to what our own processes need for them: whoever answers no
 * mkdir makes no directory.
 */
#include "core/cage_table.h"

#include "core/plan.h"
#include "core/policy.h"
#include "core/policy_settings.h"
#include "core/util.h"

/* By the first letters of their names, so that all widths and generations of a call are one row. */
static const struct {
	const char *start;
	unsigned needs;
} cage_reasons[] = {
	{ "mkdir", CAGE_NEED_NAMES },
	{ "rmdir", CAGE_NEED_NAMES },
	{ "unlink", CAGE_NEED_NAMES },
	{ "link", CAGE_NEED_NAMES },
	{ "symlink", CAGE_NEED_NAMES },
	{ "rename", CAGE_NEED_NAMES },
	{ "mknod", CAGE_NEED_NAMES },
	{ "chmod", CAGE_NEED_ATTRIBUTES },
	{ "fchmod", CAGE_NEED_ATTRIBUTES },
	{ "chown", CAGE_NEED_ATTRIBUTES },
	{ "fchown", CAGE_NEED_ATTRIBUTES },
	{ "lchown", CAGE_NEED_ATTRIBUTES },
	{ "utime", CAGE_NEED_ATTRIBUTES },
	{ "futimes", CAGE_NEED_ATTRIBUTES },
	{ "truncate", CAGE_NEED_ATTRIBUTES },
	{ "ftruncate", CAGE_NEED_ATTRIBUTES },
	{ "fallocate", CAGE_NEED_ATTRIBUTES },
	{ "setxattr", CAGE_NEED_ATTRIBUTES },
	{ "lsetxattr", CAGE_NEED_ATTRIBUTES },
	{ "fsetxattr", CAGE_NEED_ATTRIBUTES },
	{ "getxattr", CAGE_NEED_ATTRIBUTES },
	{ "lgetxattr", CAGE_NEED_ATTRIBUTES },
	{ "fgetxattr", CAGE_NEED_ATTRIBUTES },
	{ "listxattr", CAGE_NEED_ATTRIBUTES },
	{ "llistxattr", CAGE_NEED_ATTRIBUTES },
	{ "flistxattr", CAGE_NEED_ATTRIBUTES },
	{ "removexattr", CAGE_NEED_ATTRIBUTES },
	{ "lremovexattr", CAGE_NEED_ATTRIBUTES },
	{ "fremovexattr", CAGE_NEED_ATTRIBUTES },
	{ "file_", CAGE_NEED_ATTRIBUTES },
	{ "socket", CAGE_NEED_SOCKETS },
	{ "connect", CAGE_NEED_SOCKETS },
	{ "bind", CAGE_NEED_SOCKETS },
	{ "listen", CAGE_NEED_SOCKETS },
	{ "accept", CAGE_NEED_SOCKETS },
	{ "send", CAGE_NEED_SOCKETS },
	{ "getsockname", CAGE_NEED_SOCKETS },
	{ "getpeername", CAGE_NEED_SOCKETS },
	{ "inotify_add_watch", CAGE_NEED_WATCHES },
	{ "fanotify_mark", CAGE_NEED_WATCHES },
	{ "memfd_", CAGE_NEED_MEMFD },
};

#ifdef __SANITIZE_ADDRESS__
#define CAGE_NEEDS_OF_BUILD CAGE_NEED_SANITIZER
#else
#define CAGE_NEEDS_OF_BUILD 0
#endif

static unsigned cage_needs_of(enum sysno sysno)
{
	unsigned needs = CAGE_NEED_CALLS;
	const char *name = sysno_name(sysno);

	for (size_t i = 0; i < ARRAY_SIZE(cage_reasons); i++)
		if (*name == *cage_reasons[i].start && str_starts(name, cage_reasons[i].start))
			needs |= cage_reasons[i].needs;
	return needs;
}

unsigned cage_needs_of_call(enum sysno sysno, bool privileged)
{
	unsigned needs = CAGE_NEEDS_OF_BUILD | (privileged ? CAGE_NEED_IDS : 0);

	if (sysno == SC_COUNT)
		return CAGE_NEEDS_OF_BUILD | (privileged ? CAGE_NEED_ALL : CAGE_NEED_ALL & ~CAGE_NEED_IDS);
	return sysno == SC_none ? needs : needs | cage_needs_of(sysno);
}

unsigned cage_needs(const struct plan *plan, const struct policy *policy, bool privileged)
{
	enum sysno last = SC_none;
	unsigned needs = CAGE_NEEDS_OF_BUILD;

	for (size_t i = 0; i < plan_count(plan); i++) {
		const struct plan_entry *entry = plan_at(plan, i);

		if (entry->action == PLAN_TRACE)
			needs |= CAGE_NEED_TRACE;
		if ((entry->action == PLAN_NOTIFY || entry->action == PLAN_TRACE) && entry->sysno != last) {
			needs |= cage_needs_of(entry->sysno);
			last = entry->sysno;
		}
	}
	if (privileged && needs & CAGE_NEED_CALLS)
		needs |= CAGE_NEED_IDS;
	if (policy_settings(policy)->lock != POLICY_LOCK_ON)
		needs |= CAGE_NEED_STATE;
	return needs;
}
