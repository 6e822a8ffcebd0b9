/*
 * Structures of the loongarch64 ABI, as const data: those of every newer architecture of 64 bits.
 */
#include "arch/loongarch64/layout.h"

#include <assert.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define FIELDS(array) sizeof(array) / sizeof((array)[0]), (array)

static const struct layout_field stat_fields[] = {
	{ FIELD_DEV, 0, 8, FIELD_CUT },
	{ FIELD_INO, 8, 8, FIELD_CUT },
	{ FIELD_MODE, 16, 4, FIELD_CUT },
	{ FIELD_NLINK, 20, 4, FIELD_CUT },
	{ FIELD_UID, 24, 4, FIELD_CUT },
	{ FIELD_GID, 28, 4, FIELD_CUT },
	{ FIELD_RDEV, 32, 8, FIELD_CUT },
	{ FIELD_SIZE, 48, 8, FIELD_CUT },
	{ FIELD_BLKSIZE, 56, 4, FIELD_CUT },
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

const struct layout loongarch64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 128, FIELDS(stat_fields) },
	[LAYOUT_STATFS] = { 120, FIELDS(statfs_fields) },
};

#if defined(__loongarch64)
static_assert(sizeof(struct stat) == 128, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 8, "st_ino");
static_assert(offsetof(struct stat, st_mode) == 16, "st_mode");
static_assert(offsetof(struct stat, st_nlink) == 20, "st_nlink");
static_assert(offsetof(struct stat, st_gid) == 28, "st_gid");
static_assert(offsetof(struct stat, st_rdev) == 32, "st_rdev");
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
