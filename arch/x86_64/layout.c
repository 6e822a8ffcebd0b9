/*
 * Structures of the x86_64 ABI, as const data. Where this is the host's own ABI the
 * offsets are checked against its headers.
 */
#include "arch/x86_64/layout.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/shared_layout.h"

const struct layout x86_64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 144, FIELDS(wide_stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(wide_statfs_fields) },
};

#if defined(__x86_64__) && !defined(__ILP32__)
ASSERT_WIDE_STAT();
ASSERT_WIDE_STATFS();
#endif
