/*
 * i386 as data: 32-bit programs, and int $0x80 from 64-bit code (the kernel reports
 * the same audit value for both).
 */
#include "arch/i386/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/i386/layout.h"

const struct abi abi_i386 = {
	.name = "i386",
	.audit_arch = AUDIT_ARCH_I386,
	.word_bytes = 4,
	.long_bytes = 4,
	.kernel_long_bytes = 4,
	.short_ids = true,
	.clone_flags_arg = 0,
	.syscall_length = 2,
	.result_sticks = true,
	.restarts_late = true,
	.regmap_count = I386_REGMAP_COUNT,
	.regmaps = i386_regmaps,
	.sysno_by_nr = sysno_i386_by_nr,
	.nr_count = SYSNO_I386_NR_COUNT,
	.nr_by_sysno = sysno_i386_nr,
	.layouts = i386_layouts,
};
