/*
 * arm (EABI, little endian) as data, as a kernel of its own and one of aarch64 run it. Calls of the
 * architecture alone have a range of numbers of their own, which begins at 0xf0000.
 */
#include "arch/arm/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/arm/layout.h"

const struct abi abi_arm = {
	.name = "arm",
	.audit_arch = AUDIT_ARCH_ARM,
	.elf_flags = 0x05000000, /* EF_ARM_EABI_VER5 */
	.word_bytes = 4,
	.long_bytes = 4,
	.kernel_long_bytes = 4,
	.pair_even = true,
	.short_ids = true,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.result_sticks = true,
	.forgets_skipped = true,
	.regmap_count = ARM_REGMAP_COUNT,
	.regmaps = arm_regmaps,
	.sysno_by_nr = sysno_arm_by_nr,
	.nr_count = SYSNO_ARM_NR_COUNT,
	.private = sysno_arm_private,
	.private_count = SYSNO_ARM_PRIVATE_COUNT,
	.nr_by_sysno = sysno_arm_nr,
	.layouts = arm_layouts,
};
