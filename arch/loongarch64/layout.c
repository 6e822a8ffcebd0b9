/*
 * Structures of the loongarch64 ABI, as const data: those of every newer architecture of 64 bits.
 */
#include "arch/loongarch64/layout.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/shared_layout.h"

const struct layout loongarch64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 128, FIELDS(generic_stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(wide_statfs_fields) },
};

#if defined(__loongarch64)
ASSERT_GENERIC_STAT();
ASSERT_WIDE_STATFS();
#endif
