/*
 * Entries of a plan for one ABI. What the kernel reads a second time, no filter can decide by.
 */
#include "core/plan_abi.h"

#include "arch/arch.h"
#include "core/plan.h"

unsigned plan_argument(const struct abi *abi, unsigned arg)
{
	if (arg == PLAN_ARG_CLONE_FLAGS)
		return abi->clone_flags_arg;
	/* The offset is one argument for x32 (compat_sys_pwritev64v2), and two for all others. */
	if (arg == PLAN_ARG_WRITE_FLAGS)
		return abi->nr_bias == ABI_X32_BIT ? 4 : 5;
	return arg;
}

bool plan_entry_for(const struct abi *abi, const struct plan_entry *entry, struct plan_entry *entry_out)
{
	bool leaves = entry->action == PLAN_KERNEL || entry->action == PLAN_LANDLOCK;
	unsigned sure = !abi->stack_args ? 6 : entry->action == PLAN_REFUSE ? 4 : 3;

	*entry_out = *entry;
	entry_out->condition_count = 0;
	for (unsigned i = 0; i < entry->condition_count; i++) {
		if (plan_argument(abi, entry->conditions[i].arg) < sure)
			entry_out->conditions[entry_out->condition_count++] = entry->conditions[i];
		else if (leaves)
			return false;
	}
	return true;
}
