/*
 * Structures of the i386 ABI, as const data: what a 64-bit kernel writes for its 32-bit
 * callers. stat64 and statfs64 are packed (64-bit members at multiples of 4).
 */
#include "arch/i386/layout.h"

#include "arch/shared_layout.h"

/* A 64-bit kernel cuts the size for oldstat; a 32-bit one refuses above 2^31 - 1. */
#define OLD_SIZE_RULE (sizeof(long) == 4 ? FIELD_LFS : FIELD_CUT)

static const struct layout_field stat_old_fields[] = {
	{ FIELD_DEV, 0, 2, FIELD_OLD_DEV },
	{ FIELD_INO, 2, 2, FIELD_FIT },
	{ FIELD_MODE, 4, 2, FIELD_CUT },
	{ FIELD_NLINK, 6, 2, FIELD_FIT },
	{ FIELD_UID, 8, 2, FIELD_ID16 },
	{ FIELD_GID, 10, 2, FIELD_ID16 },
	{ FIELD_RDEV, 12, 2, FIELD_OLD_DEV },
	{ FIELD_SIZE, 16, 4, OLD_SIZE_RULE },
	{ FIELD_ATIME, 20, 4, FIELD_CUT },
	{ FIELD_MTIME, 24, 4, FIELD_CUT },
	{ FIELD_CTIME, 28, 4, FIELD_CUT },
};

/* The inode is there twice: the old place holds its low half. */
static const struct layout_field stat64_fields[] = {
	{ FIELD_DEV, 0, 8, FIELD_CUT },
	{ FIELD_INO, 12, 4, FIELD_CUT },
	{ FIELD_MODE, 16, 4, FIELD_CUT },
	{ FIELD_NLINK, 20, 4, FIELD_CUT },
	{ FIELD_UID, 24, 4, FIELD_CUT },
	{ FIELD_GID, 28, 4, FIELD_CUT },
	{ FIELD_RDEV, 32, 8, FIELD_CUT },
	{ FIELD_SIZE, 44, 8, FIELD_CUT },
	{ FIELD_BLKSIZE, 52, 4, FIELD_CUT },
	{ FIELD_BLOCKS, 56, 8, FIELD_CUT },
	{ FIELD_ATIME, 64, 4, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 68, 4, FIELD_CUT },
	{ FIELD_MTIME, 72, 4, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 76, 4, FIELD_CUT },
	{ FIELD_CTIME, 80, 4, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 84, 4, FIELD_CUT },
	{ FIELD_INO, 88, 8, FIELD_CUT },
};

const struct layout i386_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT_OLD] = { 32, FIELDS(stat_old_fields) },
	[LAYOUT_STAT] = { 64, FIELDS(narrow_stat_fields) },
	[LAYOUT_STAT64] = { 96, FIELDS(stat64_fields) },
	[LAYOUT_STATFS] = { 64, FIELDS(narrow_statfs_fields) },
	[LAYOUT_STATFS64] = { 84, FIELDS(narrow_statfs64_fields) },
};
