/*
 * x32 as data: numbers of x86_64 with bit 30 set, and some of its own from 512 on, whose structures
 * have pointers and longs of 32 bits. Registers, and the structures of all others, are those of x86_64.
 */
#include "arch/x32/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/x86_64/abi.h"
#include "arch/x86_64/layout.h"

const struct abi abi_x32 = {
	.name = "x32",
	.audit_arch = AUDIT_ARCH_X86_64,
	.nr_bias = ABI_X32_BIT,
	.word_bytes = 8,
	.long_bytes = 4,
	.kernel_long_bytes = 8,
	.has_x32 = true,
	.clone_flags_arg = 0,
	.syscall_length = 2,
	.result_sticks = true,
	.restarts_late = true,
	.regmap_count = X86_64_REGMAP_COUNT,
	.regmaps = x86_64_regmaps,
	.sysno_by_nr = sysno_x32_by_nr,
	.nr_count = SYSNO_X32_NR_COUNT,
	.nr_by_sysno = sysno_x32_nr,
	.layouts = x86_64_layouts,
};
