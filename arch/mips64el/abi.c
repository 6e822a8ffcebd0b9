/*
 * The 64-bit ABIs of MIPS as data, little endian: n64, and n32 with pointers and longs of 32 bits. Both
 * have the same registers, and numbers that begin at 5000 and 6000.
 */
#include "arch/mips64el/abi.h"

#include <linux/audit.h>

#include "arch/arch.h"
#include "arch/mips64el/layout.h"

const struct abi abi_mips64 = {
	.name = "mips64",
	.audit_arch = AUDIT_ARCH_MIPSEL64,
	.nr_bias = 5000,
	.word_bytes = 8,
	.long_bytes = 8,
	.kernel_long_bytes = 8,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.reads_execute = true, /* without RIXI */
	.class_counts = true,
	.restarts_late = true,
	.loses_restarts = true,
	.regmap_count = MIPS64EL_REGMAP_COUNT,
	.regmaps = mips64el_regmaps,
	.sysno_by_nr = sysno_mips64_by_nr,
	.nr_count = SYSNO_MIPS64_NR_COUNT,
	.nr_by_sysno = sysno_mips64_nr,
	.layouts = mips64_layouts,
};

const struct abi abi_mips64n32 = {
	.name = "mips64n32",
	.elf_flags = 0x20, /* EF_MIPS_ABI2 */
	.audit_arch = AUDIT_ARCH_MIPSEL64N32,
	.nr_bias = 6000,
	.word_bytes = 8,
	.long_bytes = 4,
	.kernel_long_bytes = 4,
	.clone_flags_arg = 0,
	.syscall_length = 4,
	.reads_execute = true, /* without RIXI */
	.class_counts = true,
	.restarts_late = true,
	.loses_restarts = true,
	.regmap_count = MIPS64EL_REGMAP_COUNT,
	.regmaps = mips64el_regmaps,
	.sysno_by_nr = sysno_mips64n32_by_nr,
	.nr_count = SYSNO_MIPS64N32_NR_COUNT,
	.nr_by_sysno = sysno_mips64n32_nr,
	.layouts = mips64n32_layouts,
};
