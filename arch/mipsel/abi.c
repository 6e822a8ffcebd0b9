/*
 * o32 of little endian MIPS as data, as a kernel of 32 and one of 64 bits run it: numbers begin at
 * 4000, the fifth and sixth argument are on the stack.
 */
#include "arch/mipsel/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/mipsel/layout.h"

const struct abi abi_mips = {
	.name = "mips",
	.audit_arch = AUDIT_ARCH_MIPSEL,
	.elf_flags = 0x1000, /* EF_MIPS_ABI_O32 */
	.nr_bias = 4000,
	.word_bytes = 4,
	.long_bytes = 4,
	.kernel_long_bytes = 4,
	.pair_even = true,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.reads_execute = true, /* without RIXI */
	.class_counts = true,
	.restarts_late = true,
	.stack_args = true, /* until 6.15 */
	.loses_restarts = true,
	.regmap_count = MIPSEL_REGMAP_COUNT,
	.regmaps = mipsel_regmaps,
	.sysno_by_nr = sysno_mips_by_nr,
	.nr_count = SYSNO_MIPS_NR_COUNT,
	.nr_by_sysno = sysno_mips_nr,
	.layouts = mips_layouts,
};
