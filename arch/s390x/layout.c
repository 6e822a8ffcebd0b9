/*
 * Structures of the s390x ABI, as const data. statfs64 is statfs.
 */
#include "arch/s390x/layout.h"

#include <assert.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const struct layout_field stat_fields[] = {
	{ FIELD_DEV, 0, 8, FIELD_CUT },
	{ FIELD_INO, 8, 8, FIELD_CUT },
	{ FIELD_NLINK, 16, 8, FIELD_CUT },
	{ FIELD_MODE, 24, 4, FIELD_CUT },
	{ FIELD_UID, 28, 4, FIELD_CUT },
	{ FIELD_GID, 32, 4, FIELD_CUT },
	{ FIELD_RDEV, 40, 8, FIELD_CUT },
	{ FIELD_SIZE, 48, 8, FIELD_CUT },
	{ FIELD_ATIME, 56, 8, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 64, 8, FIELD_CUT },
	{ FIELD_MTIME, 72, 8, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 80, 8, FIELD_CUT },
	{ FIELD_CTIME, 88, 8, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 96, 8, FIELD_CUT },
	{ FIELD_BLKSIZE, 104, 8, FIELD_CUT },
	{ FIELD_BLOCKS, 112, 8, FIELD_CUT },
};

static const struct layout_field statfs_fields[] = {
	{ FIELD_TYPE, 0, 4, FIELD_CUT },
	{ FIELD_BSIZE, 4, 4, FIELD_CUT },
	{ FIELD_FBLOCKS, 8, 8, FIELD_CUT },
	{ FIELD_BFREE, 16, 8, FIELD_CUT },
	{ FIELD_BAVAIL, 24, 8, FIELD_CUT },
	{ FIELD_FILES, 32, 8, FIELD_CUT },
	{ FIELD_FFREE, 40, 8, FIELD_CUT },
	{ FIELD_FSID0, 48, 4, FIELD_CUT },
	{ FIELD_FSID1, 52, 4, FIELD_CUT },
	{ FIELD_NAMELEN, 56, 4, FIELD_CUT },
	{ FIELD_FRSIZE, 60, 4, FIELD_CUT },
	{ FIELD_FLAGS, 64, 4, FIELD_CUT },
};

const struct layout s390x_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 144, FIELDS(stat_fields) },
	[LAYOUT_STATFS] = { 88, FIELDS(statfs_fields) },
	[LAYOUT_STATFS64] = { 88, FIELDS(statfs_fields) },
};

#if defined(__s390x__)
static_assert(sizeof(struct stat) == 144, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 8, "st_ino");
static_assert(offsetof(struct stat, st_nlink) == 16, "st_nlink");
static_assert(offsetof(struct stat, st_mode) == 24, "st_mode");
static_assert(offsetof(struct stat, st_gid) == 32, "st_gid");
static_assert(offsetof(struct stat, st_rdev) == 40, "st_rdev");
static_assert(offsetof(struct stat, st_size) == 48, "st_size");
static_assert(offsetof(struct stat, st_atim) == 56, "st_atim");
static_assert(offsetof(struct stat, st_ctim) == 88, "st_ctim");
static_assert(offsetof(struct stat, st_blksize) == 104, "st_blksize");
static_assert(offsetof(struct stat, st_blocks) == 112, "st_blocks");
static_assert(sizeof(struct statfs) == 88, "struct statfs");
static_assert(offsetof(struct statfs, f_bsize) == 4, "f_bsize");
static_assert(offsetof(struct statfs, f_blocks) == 8, "f_blocks");
static_assert(offsetof(struct statfs, f_fsid) == 48, "f_fsid");
static_assert(offsetof(struct statfs, f_namelen) == 56, "f_namelen");
static_assert(offsetof(struct statfs, f_flags) == 64, "f_flags");
#endif
