/*
 * Puts together what core/plan.c must not ask by itself: it stays pure. Reads process ids,
 * probed features, settings, and what is inherited.
 */
#include "core/plan_host.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/abi_probe.h"
#include "core/capability.h"
#include "core/cleanup.h"
#include "core/grants.h"
#include "core/kfeat.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/unsafe.h"
#include "core/util.h"

#define CAP_PERFMON_NUMBER 38 /* 5.8; younger than some headers */

#define YAMA_CAPABILITY 2 /* from this mode on ptrace needs CAP_SYS_PTRACE */
#define YAMA_NEVER 3

/* Payloads are our descendants, which the first two modes allow. No such file: no Yama. */
static bool plan_host_may_ptrace(void)
{
	int mode = kfeat_setting("/proc/sys/kernel/yama/ptrace_scope");

	if (mode < YAMA_CAPABILITY)
		return true;
	return mode < YAMA_NEVER && capability_permitted(CAP_SYS_PTRACE);
}

/* Nothing adds to what is permitted: we have no_new_privs. The kernel asks no security module then (tried on 6.18). */
static bool plan_host_sees_processes(const struct policy *policy)
{
	const uint64_t kept = capability_kept(policy);

	return (kept & CAPABILITY_BIT(CAP_PERFMON_NUMBER) && capability_permitted(CAP_PERFMON_NUMBER)) ||
	       (kept & CAPABILITY_BIT(CAP_SYS_ADMIN) && capability_permitted(CAP_SYS_ADMIN));
}

void plan_host_read(
	const struct policy *policy, const struct kfeat *features, bool privileged, struct plan_host *host_out)
{
	*host_out = (struct plan_host){
		.landlock_abi = (unsigned)features->landlock_abi,
		.supervisor = getpid(),
		.pgrp = getpgrp(),
		/* A task has one tracer: a payload that uses ptrace has none of ours (pitfall 27). */
		.ptrace = policy_settings(policy)->trace_ptrace &&
			  !unsafe_given(policy_settings(policy), UNSAFE_PTRACE) && plan_host_may_ptrace(),
		.scopes_signals = features->landlock_abi >= LANDLOCK_ABI_SIGNALS,
		.privileged = privileged,
		.sees_processes = plan_host_sees_processes(policy),
		.loses_restarts = abi_native()->loses_restarts || abi_native()->forgets_skipped,
		.notifies_opens = !features->split_opens,
	};
}

/* A name that leads elsewhere, or nowhere. */
static bool plan_host_is_hidden(int dir, const char *link, const char *name)
{
	const unsigned mask = STATX_INO | STATX_MNT_ID;
	struct statx held;
	struct statx named;

	if (statx(dir, link, AT_STATX_DONT_SYNC, mask, &held) < 0)
		return true;
	if (statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, mask, &named) < 0)
		return true;
	return !(held.stx_mask & named.stx_mask & STATX_MNT_ID) || held.stx_mnt_id != named.stx_mnt_id ||
	       held.stx_ino != named.stx_ino;
}

/*
 * Something that is mounted over, or of a mount without a name: the rules know no such names, and Landlock would judge
 * by the directories above (tried on 6.18). Removed files have theirs.
 */
static bool plan_host_is_detached(const struct policy *policy, int dir, const char *link)
{
	char name[PATH_MAX];
	ssize_t length = readlinkat(dir, link, name, sizeof(name) - 1);

	if (length <= 0 || name[0] != '/')
		return length > 0 && name[0] == '(';
	name[length] = '\0';
	if (!policy_range(policy, CAT_READ, name).may_allow && !policy_range(policy, CAT_READDIR, name).may_allow)
		return false;
	if (name_removed_length(name))
		return false;
	return plan_host_is_hidden(dir, link, name);
}

/* What the payload inherits, or more: our own descriptors have names. */
static bool plan_host_gives_detached(const struct policy *policy)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	bool found = !dir || plan_host_is_detached(policy, dirfd(dir), "../cwd");

	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && plan_host_is_detached(policy, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
	return found;
}

/* Nothing is gained where opens are notified anyway, and programs would be refused that the rules let be executed. */
static bool plan_host_wants_grants(const struct policy *policy, const struct plan_host *host)
{
	const uint64_t others = CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_FS);

	return !host->notifies_opens && !host->sees_processes && host->landlock_abi >= LANDLOCK_ABI_REFER &&
	       !(policy_active_bits(policy) & others);
}

int plan_host_find_grants(const struct policy *policy, const char *promised, size_t obstacles_wanted,
	struct plan_host *host, struct grants *grants_out)
{
	int error = 0;

	*grants_out = (struct grants){ 0 };
	if (plan_host_wants_grants(policy, host))
		error = grants_find(policy, promised, obstacles_wanted, grants_out);
	host->landlock_reads = error ? 0 : grants_fit(grants_out);
	host->gives_detached = host->landlock_reads && plan_host_gives_detached(policy);
	if (host->gives_detached)
		host->landlock_reads = 0;
	return error;
}

const char *plan_host_refuses(const struct policy *policy, char *buffer, size_t size)
{
	struct kfeat features = { 0 };
	struct plan_host host;

	kfeat_probe(&features);
	plan_host_read(policy, &features, false, &host);
	if (plan_host_lacks_abi(policy, buffer, size))
		return buffer;
	return plan_needs_ptrace(policy, &host, buffer, size);
}

const char *plan_host_lacks_abi(const struct policy *policy, char *buffer, size_t size)
{
	const struct abi *abis[PLAN_ABIS_MAX];
	unsigned count = plan_host_abis(policy, abis);

	for (unsigned i = 1; i < count; i++) {
		if (abi_probe_runs(abis[i]))
			continue;
		snprintf(buffer, size,
			"abi/%s:on, but this kernel was built, or booted, without support for %s programs",
			abis[i]->name, abis[i]->name);
		return buffer;
	}
	return NULL;
}

unsigned plan_host_abis(const struct policy *policy, const struct abi *abis_out[PLAN_ABIS_MAX])
{
	unsigned count = 0;

	abis_out[count++] = abi_native();
	for (unsigned i = 0; i < abi_list_count && count < PLAN_ABIS_MAX; i++)
		if (policy_settings(policy)->abis & ABI_BIT(abi_list[i]))
			abis_out[count++] = abi_list[i];
	return count;
}
