/*
 * Structures of the n64 and n32 ABIs, as const data. Both have the same stat; that of n32 is made by n64's code.
 */
#include "arch/mips64el/layout.h"

#if defined(__mips64) && _MIPS_SIM == _ABI64
#include <asm/stat.h>
#include <asm/statfs.h>
#include <assert.h>
#include <stddef.h>
#endif

#include "arch/mipsel/layout.h"

static const struct layout_field statfs_fields[] = {
	{ FIELD_TYPE, 0, 8, FIELD_CUT },
	{ FIELD_BSIZE, 8, 8, FIELD_CUT },
	{ FIELD_FRSIZE, 16, 8, FIELD_CUT },
	{ FIELD_FBLOCKS, 24, 8, FIELD_CUT },
	{ FIELD_BFREE, 32, 8, FIELD_CUT },
	{ FIELD_FILES, 40, 8, FIELD_CUT },
	{ FIELD_FFREE, 48, 8, FIELD_CUT },
	{ FIELD_BAVAIL, 56, 8, FIELD_CUT },
	{ FIELD_FSID0, 64, 4, FIELD_CUT },
	{ FIELD_FSID1, 68, 4, FIELD_CUT },
	{ FIELD_NAMELEN, 72, 8, FIELD_CUT },
	{ FIELD_FLAGS, 80, 8, FIELD_CUT },
};

const struct layout mips64_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 104, FIELDS(mips_stat64_fields) },
	[LAYOUT_STATFS] = { 128, FIELDS(statfs_fields) },
};

const struct layout mips64n32_layouts[LAYOUT_KIND_COUNT] = {
	[LAYOUT_STAT] = { 104, FIELDS(mips_stat64_fields) },
	[LAYOUT_STATFS] = { 68, FIELDS(mips_statfs_fields) },
	[LAYOUT_STATFS64] = { 96, FIELDS(mips_statfs64_fields) },
};

#if defined(__mips64) && _MIPS_SIM == _ABI64
static_assert(sizeof(struct stat) == 104, "struct stat");
static_assert(offsetof(struct stat, st_ino) == 16, "st_ino");
static_assert(offsetof(struct stat, st_mode) == 24, "st_mode");
static_assert(offsetof(struct stat, st_uid) == 32, "st_uid");
static_assert(offsetof(struct stat, st_rdev) == 40, "st_rdev");
static_assert(offsetof(struct stat, st_size) == 56, "st_size");
static_assert(offsetof(struct stat, st_atime) == 64, "st_atime");
static_assert(offsetof(struct stat, st_blksize) == 88, "st_blksize");
static_assert(offsetof(struct stat, st_blocks) == 96, "st_blocks");
static_assert(sizeof(struct statfs) == 128, "struct statfs");
static_assert(offsetof(struct statfs, f_frsize) == 16, "f_frsize");
static_assert(offsetof(struct statfs, f_blocks) == 24, "f_blocks");
static_assert(offsetof(struct statfs, f_bavail) == 56, "f_bavail");
static_assert(offsetof(struct statfs, f_fsid) == 64, "f_fsid");
static_assert(offsetof(struct statfs, f_namelen) == 72, "f_namelen");
static_assert(offsetof(struct statfs, f_flags) == 80, "f_flags");
static_assert(sizeof(struct compat_statfs64) == 96, "struct compat_statfs64");
static_assert(offsetof(struct compat_statfs64, f_blocks) == 16, "statfs64.f_blocks");
static_assert(offsetof(struct compat_statfs64, f_fsid) == 56, "statfs64.f_fsid");
static_assert(offsetof(struct compat_statfs64, f_namelen) == 64, "statfs64.f_namelen");
static_assert(offsetof(struct compat_statfs64, f_flags) == 68, "statfs64.f_flags");
#endif
