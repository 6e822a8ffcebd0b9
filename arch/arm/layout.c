/*
 * Structures of the arm ABI, as const data. statfs64 is packed: 84 bytes, which programs may call 88.
 */
#include "arch/arm/layout.h"

#if defined(__arm__)
#include <asm/stat.h>
#include <asm/statfs.h>
#include <assert.h>
#include <stddef.h>
#endif

#include "arch/shared_layout.h"

/* The inode is there twice: the old place holds its low half. */
static const struct layout_field stat64_fields[] = {
	{ FIELD_DEV, 0, 8, FIELD_CUT },
	{ FIELD_INO, 12, 4, FIELD_CUT },
	{ FIELD_MODE, 16, 4, FIELD_CUT },
	{ FIELD_NLINK, 20, 4, FIELD_CUT },
	{ FIELD_UID, 24, 4, FIELD_CUT },
	{ FIELD_GID, 28, 4, FIELD_CUT },
	{ FIELD_RDEV, 32, 8, FIELD_CUT },
	{ FIELD_SIZE, 48, 8, FIELD_CUT },
	{ FIELD_BLKSIZE, 56, 4, FIELD_CUT },
	{ FIELD_BLOCKS, 64, 8, FIELD_CUT },
	{ FIELD_ATIME, 72, 4, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 76, 4, FIELD_CUT },
	{ FIELD_MTIME, 80, 4, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 84, 4, FIELD_CUT },
	{ FIELD_CTIME, 88, 4, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 92, 4, FIELD_CUT },
	{ FIELD_INO, 96, 8, FIELD_CUT },
};

const struct layout arm_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 64, FIELDS(narrow_stat_fields), 0 },
	[LAYOUT_STAT64] = { 104, FIELDS(stat64_fields), 0 },
	[LAYOUT_STATFS] = { 64, FIELDS(narrow_statfs_fields), 0 },
	[LAYOUT_STATFS64] = { 84, FIELDS(narrow_statfs64_fields), 88 },
};

#if defined(__arm__)
static_assert(sizeof(struct stat) == 64, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 4, "st_ino");
static_assert(offsetof(struct stat, st_mode) == 8, "st_mode");
static_assert(offsetof(struct stat, st_nlink) == 10, "st_nlink");
static_assert(offsetof(struct stat, st_uid) == 12, "st_uid");
static_assert(offsetof(struct stat, st_rdev) == 16, "st_rdev");
static_assert(offsetof(struct stat, st_size) == 20, "st_size");
static_assert(offsetof(struct stat, st_blocks) == 28, "st_blocks");
static_assert(offsetof(struct stat, st_atime) == 32, "st_atime");
static_assert(offsetof(struct stat, st_ctime_nsec) == 52, "st_ctime_nsec");
static_assert(sizeof(struct stat64) == 104, "struct stat64");
static_assert(offsetof(struct stat64, __st_ino) == 12, "__st_ino");
static_assert(offsetof(struct stat64, st_mode) == 16, "stat64.st_mode");
static_assert(offsetof(struct stat64, st_rdev) == 32, "stat64.st_rdev");
static_assert(offsetof(struct stat64, st_size) == 48, "stat64.st_size");
static_assert(offsetof(struct stat64, st_blksize) == 56, "stat64.st_blksize");
static_assert(offsetof(struct stat64, st_blocks) == 64, "stat64.st_blocks");
static_assert(offsetof(struct stat64, st_atime) == 72, "stat64.st_atime");
static_assert(offsetof(struct stat64, st_ctime_nsec) == 92, "stat64.st_ctime_nsec");
static_assert(offsetof(struct stat64, st_ino) == 96, "stat64.st_ino");
static_assert(sizeof(struct statfs) == 64, "struct statfs");
static_assert(offsetof(struct statfs, f_blocks) == 8, "f_blocks");
static_assert(offsetof(struct statfs, f_fsid) == 28, "f_fsid");
static_assert(offsetof(struct statfs, f_flags) == 44, "f_flags");
static_assert(sizeof(struct statfs64) == 84, "struct statfs64");
static_assert(offsetof(struct statfs64, f_blocks) == 8, "statfs64.f_blocks");
static_assert(offsetof(struct statfs64, f_fsid) == 48, "statfs64.f_fsid");
static_assert(offsetof(struct statfs64, f_flags) == 64, "statfs64.f_flags");
#endif
