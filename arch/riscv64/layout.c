/*
 * Structures of the riscv64 ABI, as const data: those of every newer architecture of 64 bits.
 */
#include "arch/riscv64/layout.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/shared_layout.h"

const struct layout riscv64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 128, FIELDS(generic_stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(wide_statfs_fields) },
};

#if defined(__riscv) && __riscv_xlen == 64
ASSERT_GENERIC_STAT();
ASSERT_WIDE_STATFS();
#endif
