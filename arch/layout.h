/*
 * The structures that stat and statfs calls fill, in the layout of each ABI, written
 * from the host's own statx and statfs results with the kernel's rules for what
 * does not fit. Data and one encoder; no system calls.
 */
#ifndef KENNEL_ARCH_LAYOUT_H
#define KENNEL_ARCH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct abi;
struct statfs;
struct statx;

enum layout_kind {
	LAYOUT_STAT_OLD, /* oldstat: __old_kernel_stat */
	LAYOUT_STAT,     /* stat, fstat, newfstatat */
	LAYOUT_STAT64,   /* stat64, fstatat64 */
	LAYOUT_STATFS,
	LAYOUT_STATFS64,
	LAYOUT_KIND_COUNT,
};

#define LAYOUT_MAX 256

/* Where the value of a field comes from: statx, then statfs. */
enum layout_source {
	FIELD_DEV,
	FIELD_RDEV,
	FIELD_INO,
	FIELD_MODE,
	FIELD_NLINK,
	FIELD_UID,
	FIELD_GID,
	FIELD_SIZE,
	FIELD_BLKSIZE,
	FIELD_BLOCKS,
	FIELD_ATIME,
	FIELD_ATIME_NSEC,
	FIELD_MTIME,
	FIELD_MTIME_NSEC,
	FIELD_CTIME,
	FIELD_CTIME_NSEC,
	FIELD_TYPE,
	FIELD_BSIZE,
	FIELD_FBLOCKS,
	FIELD_BFREE,
	FIELD_BAVAIL,
	FIELD_FILES,
	FIELD_FFREE,
	FIELD_FSID0,
	FIELD_FSID1,
	FIELD_NAMELEN,
	FIELD_FRSIZE,
	FIELD_FLAGS,
	FIELD_COUNT,
};

/* What happens to a value that is wider than its field. */
enum layout_rule {
	FIELD_CUT,     /* the upper bits are lost */
	FIELD_FIT,     /* EOVERFLOW */
	FIELD_LFS,     /* EOVERFLOW above 2^31 - 1 */
	FIELD_COUNTER, /* EOVERFLOW, but -1 (unknown) is cut */
	FIELD_ID16,    /* the overflow id, 65534 */
	FIELD_OLD_DEV, /* encoded in 16 bits: major << 8 | minor */
};

struct layout_field {
	uint8_t source;
	uint8_t offset;
	uint8_t width;
	uint8_t rule;
};

struct layout {
	uint16_t size; /* 0: the ABI has no such structure */
	uint16_t field_count;
	const struct layout_field *fields;
	uint16_t other_size; /* of a statfs64, which names its size: this one is taken too, 0 where there is none */
};

/* The two members of a layout that an array of fields gives. */
#define FIELDS(array) sizeof(array) / sizeof((array)[0]), (array)

/* The size of the structure, 0 where the ABI has none. */
size_t layout_size(const struct abi *abi, enum layout_kind kind);

/* A call that names the size of its structure is right with this one. */
bool layout_takes(const struct abi *abi, enum layout_kind kind, uint64_t size);

/*
 * The number of bytes, padding zeroed. -EOVERFLOW where the kernel gives it; -ENOSYS where the ABI
 * has no such layout. The statx must hold STATX_BASIC_STATS.
 */
ssize_t layout_stat(
	const struct abi *abi, enum layout_kind kind, const struct statx *from, unsigned char buffer[LAYOUT_MAX]);
ssize_t layout_statfs(
	const struct abi *abi, enum layout_kind kind, const struct statfs *from, unsigned char buffer[LAYOUT_MAX]);

#endif
