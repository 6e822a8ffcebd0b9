/*
 * aarch64 as data. The number of a call is no register: another one goes to a register set of its own.
 */
#include "arch/aarch64/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/aarch64/layout.h"

const struct abi abi_aarch64 = {
	.name = "aarch64",
	.audit_arch = AUDIT_ARCH_AARCH64,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.result_sticks = true,
	.regmap_count = AARCH64_REGMAP_COUNT,
	.regmaps = aarch64_regmaps,
	.sysno_by_nr = sysno_aarch64_by_nr,
	.nr_count = SYSNO_AARCH64_NR_COUNT,
	.nr_by_sysno = sysno_aarch64_nr,
	.layouts = aarch64_layouts,
};
