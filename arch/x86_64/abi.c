/*
 * x86_64 as data. x32 shares its audit value: abi_find() keeps numbers with bit 30
 * away from this table.
 */
#include "arch/x86_64/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/x86_64/layout.h"

const struct abi abi_x86_64 = {
	.name = "x86_64",
	.audit_arch = AUDIT_ARCH_X86_64,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.has_x32 = true,
	.clone_flags_arg = 0,
	.syscall_length = 2,
	.result_sticks = true,
	.restarts_late = true,
	.regmap_count = X86_64_REGMAP_COUNT,
	.regmaps = x86_64_regmaps,
	.sysno_by_nr = sysno_x86_64_by_nr,
	.nr_count = SYSNO_X86_64_NR_COUNT,
	.nr_by_sysno = sysno_x86_64_nr,
	.layouts = x86_64_layouts,
};
