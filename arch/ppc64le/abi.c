/*
 * ppc64le as data. Errors are positive, with a flag in the condition register; the newer instruction, scv,
 * has negative ones and no flag.
 */
#include "arch/ppc64le/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/ppc64le/layout.h"

const struct abi abi_ppc64le = {
	.name = "ppc64le",
	.audit_arch = AUDIT_ARCH_PPC64LE,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.result_sticks = true,
	.restarts_late = true,
	.regmap_count = PPC64LE_REGMAP_COUNT,
	.regmaps = ppc64le_regmaps,
	.sysno_by_nr = sysno_ppc64le_by_nr,
	.nr_count = SYSNO_PPC64LE_NR_COUNT,
	.nr_by_sysno = sysno_ppc64le_nr,
	.layouts = ppc64le_layouts,
};
