/*
 * s390x as data. A stopped call's number lies where its result will be. The instruction may hold
 * the number itself, so that only an entry stop can make another call of it.
 */
#include "arch/s390x/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/s390x/layout.h"

const struct abi abi_s390x = {
	.name = "s390x",
	.audit_arch = AUDIT_ARCH_S390X,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.big_endian = true,
	.clone_flags_arg = 1,
	.syscall_length = 2,
	.number_in_code = true,
	.call_is_lost = true,
	.restarts_late = true,
	.whole_space = true,
	.regmap_count = S390X_REGMAP_COUNT,
	.regmaps = s390x_regmaps,
	.sysno_by_nr = sysno_s390x_by_nr,
	.nr_count = SYSNO_S390X_NR_COUNT,
	.nr_by_sysno = sysno_s390x_nr,
	.layouts = s390x_layouts,
};
