/*
 * Structures of the o32 ABI, as const data. stat64 is the stat of n64.
 */
#include "arch/mipsel/layout.h"

#if defined(__mips__) && _MIPS_SIM == _ABIO32
#include <asm/stat.h>
#include <asm/statfs.h>
#include <assert.h>
#include <stddef.h>
#endif

static const struct layout_field stat_fields[] = {
	{ FIELD_DEV, 0, 4, FIELD_CUT },
	{ FIELD_INO, 16, 4, FIELD_FIT },
	{ FIELD_MODE, 20, 4, FIELD_CUT },
	{ FIELD_NLINK, 24, 4, FIELD_CUT },
	{ FIELD_UID, 28, 4, FIELD_CUT },
	{ FIELD_GID, 32, 4, FIELD_CUT },
	{ FIELD_RDEV, 36, 4, FIELD_CUT },
	{ FIELD_SIZE, 48, 4, FIELD_LFS },
	{ FIELD_ATIME, 56, 4, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 60, 4, FIELD_CUT },
	{ FIELD_MTIME, 64, 4, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 68, 4, FIELD_CUT },
	{ FIELD_CTIME, 72, 4, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 76, 4, FIELD_CUT },
	{ FIELD_BLKSIZE, 80, 4, FIELD_CUT },
	{ FIELD_BLOCKS, 84, 4, FIELD_CUT },
};

/* Seconds have 32 bits, device numbers too. */
const struct layout_field mips_stat64_fields[16] = {
	{ FIELD_DEV, 0, 4, FIELD_CUT },
	{ FIELD_INO, 16, 8, FIELD_CUT },
	{ FIELD_MODE, 24, 4, FIELD_CUT },
	{ FIELD_NLINK, 28, 4, FIELD_CUT },
	{ FIELD_UID, 32, 4, FIELD_CUT },
	{ FIELD_GID, 36, 4, FIELD_CUT },
	{ FIELD_RDEV, 40, 4, FIELD_CUT },
	{ FIELD_SIZE, 56, 8, FIELD_CUT },
	{ FIELD_ATIME, 64, 4, FIELD_CUT },
	{ FIELD_ATIME_NSEC, 68, 4, FIELD_CUT },
	{ FIELD_MTIME, 72, 4, FIELD_CUT },
	{ FIELD_MTIME_NSEC, 76, 4, FIELD_CUT },
	{ FIELD_CTIME, 80, 4, FIELD_CUT },
	{ FIELD_CTIME_NSEC, 84, 4, FIELD_CUT },
	{ FIELD_BLKSIZE, 88, 4, FIELD_CUT },
	{ FIELD_BLOCKS, 96, 8, FIELD_CUT },
};

const struct layout_field mips_statfs_fields[12] = {
	{ FIELD_TYPE, 0, 4, FIELD_CUT },
	{ FIELD_BSIZE, 4, 4, FIELD_FIT },
	{ FIELD_FRSIZE, 8, 4, FIELD_FIT },
	{ FIELD_FBLOCKS, 12, 4, FIELD_FIT },
	{ FIELD_BFREE, 16, 4, FIELD_FIT },
	{ FIELD_FILES, 20, 4, FIELD_COUNTER },
	{ FIELD_FFREE, 24, 4, FIELD_COUNTER },
	{ FIELD_BAVAIL, 28, 4, FIELD_FIT },
	{ FIELD_FSID0, 32, 4, FIELD_CUT },
	{ FIELD_FSID1, 36, 4, FIELD_CUT },
	{ FIELD_NAMELEN, 40, 4, FIELD_CUT },
	{ FIELD_FLAGS, 44, 4, FIELD_CUT },
};

const struct layout_field mips_statfs64_fields[12] = {
	{ FIELD_TYPE, 0, 4, FIELD_CUT },
	{ FIELD_BSIZE, 4, 4, FIELD_FIT },
	{ FIELD_FRSIZE, 8, 4, FIELD_FIT },
	{ FIELD_FBLOCKS, 16, 8, FIELD_CUT },
	{ FIELD_BFREE, 24, 8, FIELD_CUT },
	{ FIELD_FILES, 32, 8, FIELD_CUT },
	{ FIELD_FFREE, 40, 8, FIELD_CUT },
	{ FIELD_BAVAIL, 48, 8, FIELD_CUT },
	{ FIELD_FSID0, 56, 4, FIELD_CUT },
	{ FIELD_FSID1, 60, 4, FIELD_CUT },
	{ FIELD_NAMELEN, 64, 4, FIELD_CUT },
	{ FIELD_FLAGS, 68, 4, FIELD_CUT },
};

const struct layout mips_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 144, FIELDS(stat_fields) },
	[LAYOUT_STAT64] = { 104, FIELDS(mips_stat64_fields) },
	[LAYOUT_STATFS] = { 68, FIELDS(mips_statfs_fields) },
	[LAYOUT_STATFS64] = { 96, FIELDS(mips_statfs64_fields) },
};

#if defined(__mips__) && _MIPS_SIM == _ABIO32
static_assert(sizeof(struct stat) == 144, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 16, "st_ino");
static_assert(offsetof(struct stat, st_mode) == 20, "st_mode");
static_assert(offsetof(struct stat, st_uid) == 28, "st_uid");
static_assert(offsetof(struct stat, st_rdev) == 36, "st_rdev");
static_assert(offsetof(struct stat, st_size) == 48, "st_size");
static_assert(offsetof(struct stat, st_atime) == 56, "st_atime");
static_assert(offsetof(struct stat, st_blksize) == 80, "st_blksize");
static_assert(offsetof(struct stat, st_blocks) == 84, "st_blocks");
static_assert(sizeof(struct stat64) == 104, "struct stat64");
static_assert(offsetof(struct stat64, st_ino) == 16, "stat64.st_ino");
static_assert(offsetof(struct stat64, st_mode) == 24, "stat64.st_mode");
static_assert(offsetof(struct stat64, st_uid) == 32, "stat64.st_uid");
static_assert(offsetof(struct stat64, st_rdev) == 40, "stat64.st_rdev");
static_assert(offsetof(struct stat64, st_size) == 56, "stat64.st_size");
static_assert(offsetof(struct stat64, st_atime) == 64, "stat64.st_atime");
static_assert(offsetof(struct stat64, st_blksize) == 88, "stat64.st_blksize");
static_assert(offsetof(struct stat64, st_blocks) == 96, "stat64.st_blocks");
static_assert(sizeof(struct statfs) == 68, "struct statfs");
static_assert(offsetof(struct statfs, f_frsize) == 8, "f_frsize");
static_assert(offsetof(struct statfs, f_blocks) == 12, "f_blocks");
static_assert(offsetof(struct statfs, f_bavail) == 28, "f_bavail");
static_assert(offsetof(struct statfs, f_fsid) == 32, "f_fsid");
static_assert(offsetof(struct statfs, f_namelen) == 40, "f_namelen");
static_assert(offsetof(struct statfs, f_flags) == 44, "f_flags");
static_assert(sizeof(struct statfs64) == 96, "struct statfs64");
static_assert(offsetof(struct statfs64, f_blocks) == 16, "statfs64.f_blocks");
static_assert(offsetof(struct statfs64, f_bavail) == 48, "statfs64.f_bavail");
static_assert(offsetof(struct statfs64, f_fsid) == 56, "statfs64.f_fsid");
static_assert(offsetof(struct statfs64, f_namelen) == 64, "statfs64.f_namelen");
static_assert(offsetof(struct statfs64, f_flags) == 68, "statfs64.f_flags");
#endif
