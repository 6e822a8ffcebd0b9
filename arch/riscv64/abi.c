/*
 * riscv64 as data. The number stays in the register where programs put it, and the kernel takes the first
 * argument from a copy that no register set holds.
 */
#include "arch/riscv64/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/riscv64/layout.h"

const struct abi abi_riscv64 = {
	.name = "riscv64",
	.audit_arch = AUDIT_ARCH_RISCV64,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.number_is_kept = true,
	.call_is_lost = true,
	.regmap_count = RISCV64_REGMAP_COUNT,
	.regmaps = riscv64_regmaps,
	.sysno_by_nr = sysno_riscv64_by_nr,
	.nr_count = SYSNO_RISCV64_NR_COUNT,
	.nr_by_sysno = sysno_riscv64_nr,
	.layouts = riscv64_layouts,
};
