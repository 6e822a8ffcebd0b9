/*
 * The fields that the structures of several architectures have in common, and the checks
 * against the headers of a compiler whose target is one of them.
 */
#ifndef KENNEL_ARCH_SHARED_LAYOUT_H
#define KENNEL_ARCH_SHARED_LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include "arch/layout.h"

/* The kernel's asm-generic stat: every newer architecture of 64 bits. */
extern const struct layout_field generic_stat_fields[16];

/* x86_64 and ppc64le: a number of links of 64 bits, before the mode. */
extern const struct layout_field wide_stat_fields[16];

/* asm-generic statfs with 64 bits. */
extern const struct layout_field wide_statfs_fields[12];

/* i386 and arm: 16 bits for modes and ids. */
extern const struct layout_field narrow_stat_fields[16];

/* asm-generic statfs with 32 bits, and statfs64 beside it: i386 and arm, which pack it. */
extern const struct layout_field narrow_statfs_fields[12];
extern const struct layout_field narrow_statfs64_fields[12];

/* To be used below <sys/stat.h> and <sys/vfs.h>. */
#define ASSERT_GENERIC_STAT() \
	static_assert(sizeof(struct stat) == 128, "struct stat"); \
	static_assert(offsetof(struct stat, st_ino) == 8, "st_ino"); \
	static_assert(offsetof(struct stat, st_mode) == 16, "st_mode"); \
	static_assert(offsetof(struct stat, st_nlink) == 20, "st_nlink"); \
	static_assert(offsetof(struct stat, st_gid) == 28, "st_gid"); \
	static_assert(offsetof(struct stat, st_rdev) == 32, "st_rdev"); \
	static_assert(offsetof(struct stat, st_size) == 48, "st_size"); \
	static_assert(offsetof(struct stat, st_blksize) == 56, "st_blksize"); \
	static_assert(offsetof(struct stat, st_blocks) == 64, "st_blocks"); \
	static_assert(offsetof(struct stat, st_atim) == 72, "st_atim"); \
	static_assert(offsetof(struct stat, st_ctim) == 104, "st_ctim")

#define ASSERT_WIDE_STAT() \
	static_assert(sizeof(struct stat) == 144, "struct stat"); \
	static_assert(offsetof(struct stat, st_ino) == 8, "st_ino"); \
	static_assert(offsetof(struct stat, st_nlink) == 16, "st_nlink"); \
	static_assert(offsetof(struct stat, st_mode) == 24, "st_mode"); \
	static_assert(offsetof(struct stat, st_gid) == 32, "st_gid"); \
	static_assert(offsetof(struct stat, st_rdev) == 40, "st_rdev"); \
	static_assert(offsetof(struct stat, st_size) == 48, "st_size"); \
	static_assert(offsetof(struct stat, st_blksize) == 56, "st_blksize"); \
	static_assert(offsetof(struct stat, st_blocks) == 64, "st_blocks"); \
	static_assert(offsetof(struct stat, st_atim) == 72, "st_atim"); \
	static_assert(offsetof(struct stat, st_ctim) == 104, "st_ctim")

#define ASSERT_WIDE_STATFS() \
	static_assert(sizeof(struct statfs) == 120, "struct statfs"); \
	static_assert(offsetof(struct statfs, f_blocks) == 16, "f_blocks"); \
	static_assert(offsetof(struct statfs, f_fsid) == 56, "f_fsid"); \
	static_assert(offsetof(struct statfs, f_namelen) == 64, "f_namelen"); \
	static_assert(offsetof(struct statfs, f_flags) == 80, "f_flags")

#endif
