/*
 * One encoder for all layouts: takes the host's values, applies the rule of each
 * field for values that do not fit, stores them in the ABI's byte order.
 */
#include "arch/layout.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/arch.h"

#define OVERFLOW_ID 65534     /* kernel.overflowuid as it starts */
#define MAX_NON_LFS INT32_MAX /* the largest size without large file support */

/* The kernel's new_encode_dev(), the form of every device number but those of oldstat. */
static uint64_t layout_encode_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~UINT32_C(0xff)) << 12;
}

static uint64_t layout_encode_old_dev(uint64_t dev)
{
	uint32_t major = (dev >> 8) & 0xfff;
	uint32_t minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);

	return (uint16_t)(major << 8 | minor);
}

static int layout_apply_rule(const struct layout_field *field, uint64_t *value)
{
	uint64_t limit = field->width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->width)) - 1;

	switch ((enum layout_rule)field->rule) {
	case FIELD_CUT:
		break;
	case FIELD_FIT:
		return *value > limit ? -EOVERFLOW : 0;
	case FIELD_LFS:
		return *value > MAX_NON_LFS ? -EOVERFLOW : 0;
	case FIELD_COUNTER:
		return *value > limit && *value != UINT64_MAX ? -EOVERFLOW : 0;
	case FIELD_ID16:
		if (*value > UINT16_MAX)
			*value = OVERFLOW_ID;
		break;
	case FIELD_OLD_DEV:
		*value = layout_encode_old_dev(*value);
		break;
	}
	return 0;
}

/* The usual widths are spelled out: each is one instruction then. */
static void layout_store(unsigned char *to, uint64_t value, unsigned width, bool big_endian)
{
	value = big_endian ? htobe64(value << (64 - 8 * width)) : htole64(value);
	if (width == 8)
		memcpy(to, &value, 8);
	else if (width == 4)
		memcpy(to, &value, 4);
	else
		memcpy(to, &value, width);
}

static ssize_t layout_encode(
	const struct abi *abi, enum layout_kind kind, const uint64_t values[FIELD_COUNT], unsigned char *buffer)
{
	const struct layout *layout = &abi->layouts[kind];
	int error;

	if (layout->size == 0)
		return -ENOSYS;
	memset(buffer, 0, layout->size);
	for (unsigned i = 0; i < layout->field_count; i++) {
		const struct layout_field *field = &layout->fields[i];
		uint64_t value = values[field->source];

		/* Nearly every field of a 64-bit ABI: no jump to be guessed. */
		if (field->rule != FIELD_CUT) {
			error = layout_apply_rule(field, &value);
			if (error < 0)
				return error;
		}
		layout_store(buffer + field->offset, value, field->width, abi->big_endian);
	}
	return layout->size;
}

size_t layout_size(const struct abi *abi, enum layout_kind kind)
{
	return abi->layouts[kind].size;
}

bool layout_takes(const struct abi *abi, enum layout_kind kind, uint64_t size)
{
	const struct layout *layout = &abi->layouts[kind];

	return size != 0 && (size == layout->size || size == layout->other_size);
}

ssize_t layout_stat(
	const struct abi *abi, enum layout_kind kind, const struct statx *from, unsigned char buffer[LAYOUT_MAX])
{
	const uint64_t values[FIELD_COUNT] = {
		[FIELD_DEV] = layout_encode_dev(from->stx_dev_major, from->stx_dev_minor),
		[FIELD_RDEV] = layout_encode_dev(from->stx_rdev_major, from->stx_rdev_minor),
		[FIELD_INO] = from->stx_ino,
		[FIELD_MODE] = from->stx_mode,
		[FIELD_NLINK] = from->stx_nlink,
		[FIELD_UID] = from->stx_uid,
		[FIELD_GID] = from->stx_gid,
		[FIELD_SIZE] = from->stx_size,
		[FIELD_BLKSIZE] = from->stx_blksize,
		[FIELD_BLOCKS] = from->stx_blocks,
		[FIELD_ATIME] = (uint64_t)from->stx_atime.tv_sec,
		[FIELD_ATIME_NSEC] = from->stx_atime.tv_nsec,
		[FIELD_MTIME] = (uint64_t)from->stx_mtime.tv_sec,
		[FIELD_MTIME_NSEC] = from->stx_mtime.tv_nsec,
		[FIELD_CTIME] = (uint64_t)from->stx_ctime.tv_sec,
		[FIELD_CTIME_NSEC] = from->stx_ctime.tv_nsec,
	};

	if (kind > LAYOUT_STAT64)
		return -EINVAL;
	return layout_encode(abi, kind, values, buffer);
}

ssize_t layout_statfs(
	const struct abi *abi, enum layout_kind kind, const struct statfs *from, unsigned char buffer[LAYOUT_MAX])
{
	const uint64_t values[FIELD_COUNT] = {
		[FIELD_TYPE] = (uint64_t)from->f_type,
		[FIELD_BSIZE] = (uint64_t)from->f_bsize,
		[FIELD_FBLOCKS] = from->f_blocks,
		[FIELD_BFREE] = from->f_bfree,
		[FIELD_BAVAIL] = from->f_bavail,
		[FIELD_FILES] = from->f_files,
		[FIELD_FFREE] = from->f_ffree,
		[FIELD_FSID0] = (uint32_t)from->f_fsid.__val[0],
		[FIELD_FSID1] = (uint32_t)from->f_fsid.__val[1],
		[FIELD_NAMELEN] = (uint64_t)from->f_namelen,
		[FIELD_FRSIZE] = (uint64_t)from->f_frsize,
		[FIELD_FLAGS] = (uint64_t)from->f_flags,
	};

	if (kind != LAYOUT_STATFS && kind != LAYOUT_STATFS64)
		return -EINVAL;
	return layout_encode(abi, kind, values, buffer);
}
