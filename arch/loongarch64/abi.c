/*
 * loongarch64 as data. The number stays in the register where programs put it.
 */
#include "arch/loongarch64/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/loongarch64/layout.h"

const struct abi abi_loongarch64 = {
	.name = "loongarch64",
	.audit_arch = AUDIT_ARCH_LOONGARCH64,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.number_is_kept = true,
	.reads_execute = true, /* in its first kernels */
	.restarts_late = true,
	.regmap_count = LOONGARCH64_REGMAP_COUNT,
	.regmaps = loongarch64_regmaps,
	.sysno_by_nr = sysno_loongarch64_by_nr,
	.nr_count = SYSNO_LOONGARCH64_NR_COUNT,
	.nr_by_sysno = sysno_loongarch64_nr,
	.layouts = loongarch64_layouts,
};
