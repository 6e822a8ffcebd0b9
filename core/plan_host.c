/*
 * Puts together what core/plan.c must not ask by itself: it stays pure. Reads process ids,
 * probed features and settings only.
 */
#include "core/plan_host.h"

#include <unistd.h>

#include "arch/arch.h"
#include "core/kfeat.h"
#include "core/landlock.h"
#include "core/plan.h"
#include "core/policy.h"

#define LANDLOCK_ABI_REFER 2  /* 5.19 */
#define LANDLOCK_ABI_SIGNAL 6 /* 6.12 */

void plan_host_read(
	const struct policy *policy, const struct kfeat *features, bool privileged, struct plan_host *host_out)
{
	*host_out = (struct plan_host){
		.landlock_abi = (unsigned)features->landlock_abi,
		.supervisor = getpid(),
		.pgrp = getpgrp(),
		.landlock_names = features->landlock_abi >= LANDLOCK_ABI_REFER && landlock_wanted(policy),
		.scopes_signals = features->landlock_abi >= LANDLOCK_ABI_SIGNAL,
		.privileged = privileged,
	};
}

unsigned plan_host_abis(const struct policy *policy, const struct abi *abis_out[PLAN_ABIS_MAX])
{
	const struct abi *compat = abi_by_name("i386");
	unsigned count = 0;

	abis_out[count++] = abi_native();
	if (policy_settings(policy)->abi_i386 && compat != abi_native())
		abis_out[count++] = compat;
	return count;
}
