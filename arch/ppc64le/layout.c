/*
 * Structures of the ppc64le ABI, as const data. statfs64 is statfs.
 */
#include "arch/ppc64le/layout.h"

#include <assert.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define FIELDS(array) sizeof(array) / sizeof((array)[0]), (array)

static const struct layout_field stat_fields[] = {
	{ FIELD_DEV, 0, 8, FIELD_CUT },
	{ FIELD_INO, 8, 8, FIELD_CUT },
	{ FIELD_NLINK, 16, 8, FIELD_CUT },
	{ FIELD_MODE, 24, 4, FIELD_CUT },
	{ FIELD_UID, 28, 4, FIELD_CUT },
	{ FIELD_GID, 32, 4, FIELD_CUT },
	{ FIELD_RDEV, 40, 8, FIELD_CUT },
	{ FIELD_SIZE, 48, 8, FIELD_CUT },
	{ FIELD_BLKSIZE, 56, 8, FIELD_CUT },
	{ FIELD_BLOCKS, 64, 8, FIELD_CUT },
	{ FIELD_ATIME, 72, 8, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 80, 8, FIELD_CUT },
	{ FIELD_MTIME, 88, 8, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 96, 8, FIELD_CUT },
	{ FIELD_CTIME, 104, 8, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 112, 8, FIELD_CUT },
};

static const struct layout_field statfs_fields[] = {
	{ FIELD_TYPE, 0, 8, FIELD_CUT },
	{ FIELD_BSIZE, 8, 8, FIELD_CUT },
	{ FIELD_FBLOCKS, 16, 8, FIELD_CUT },
	{ FIELD_BFREE, 24, 8, FIELD_CUT },
	{ FIELD_BAVAIL, 32, 8, FIELD_CUT },
	{ FIELD_FILES, 40, 8, FIELD_CUT },
	{ FIELD_FFREE, 48, 8, FIELD_CUT },
	{ FIELD_FSID0, 56, 4, FIELD_CUT },
	{ FIELD_FSID1, 60, 4, FIELD_CUT },
	{ FIELD_NAMELEN, 64, 8, FIELD_CUT },
	{ FIELD_FRSIZE, 72, 8, FIELD_CUT },
	{ FIELD_FLAGS, 80, 8, FIELD_CUT },
};

const struct layout ppc64le_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 144, FIELDS(stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(statfs_fields) },
	[LAYOUT_STATFS64] = { 120, FIELDS(statfs_fields) },
};

#if defined(__powerpc64__)
static_assert(sizeof(struct stat) == 144, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 8, "st_ino");
static_assert(offsetof(struct stat, st_nlink) == 16, "st_nlink");
static_assert(offsetof(struct stat, st_mode) == 24, "st_mode");
static_assert(offsetof(struct stat, st_gid) == 32, "st_gid");
static_assert(offsetof(struct stat, st_rdev) == 40, "st_rdev");
static_assert(offsetof(struct stat, st_size) == 48, "st_size");
static_assert(offsetof(struct stat, st_blksize) == 56, "st_blksize");
static_assert(offsetof(struct stat, st_blocks) == 64, "st_blocks");
static_assert(offsetof(struct stat, st_atim) == 72, "st_atim");
static_assert(offsetof(struct stat, st_ctim) == 104, "st_ctim");
static_assert(sizeof(struct statfs) == 120, "struct statfs");
static_assert(offsetof(struct statfs, f_blocks) == 16, "f_blocks");
static_assert(offsetof(struct statfs, f_fsid) == 56, "f_fsid");
static_assert(offsetof(struct statfs, f_namelen) == 64, "f_namelen");
static_assert(offsetof(struct statfs, f_flags) == 80, "f_flags");
#endif
