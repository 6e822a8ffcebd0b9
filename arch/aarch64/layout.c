/*
 * Structures of the aarch64 ABI, as const data: those of every newer architecture of 64 bits.
 */
#include "arch/aarch64/layout.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/shared_layout.h"

const struct layout aarch64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 128, FIELDS(generic_stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(wide_statfs_fields) },
};

#if defined(__aarch64__) && !defined(__ILP32__)
ASSERT_GENERIC_STAT();
ASSERT_WIDE_STATFS();
#endif
