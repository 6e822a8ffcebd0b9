/*
 * Structures of the ppc64le ABI, as const data. statfs64 is statfs.
 */
#include "arch/ppc64le/layout.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/shared_layout.h"

const struct layout ppc64le_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 144, FIELDS(wide_stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(wide_statfs_fields) },
	[LAYOUT_STATFS64] = { 120, FIELDS(wide_statfs_fields) },
};

#if defined(__powerpc64__)
ASSERT_WIDE_STAT();
ASSERT_WIDE_STATFS();
#endif
