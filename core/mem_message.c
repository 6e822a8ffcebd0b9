/*
 * Readers of core/mem.h for messages. Everything is read once, in the order in which the kernel
 * reads it.
 */
#include "core/mem_message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/mem.h"
#include "handlers/handler.h"

#define VECTOR_MAX 1024 /* UIO_MAXIOV */

struct message_32 {
	uint32_t name;
	int32_t name_length;
	uint32_t vector;
	uint32_t vector_count;
	uint32_t control;
	uint32_t control_length;
	uint32_t flags;
};

struct control_32 {
	uint32_t length;
	int32_t level;
	int32_t type;
};

/* The caller's longs are narrower than ours. */
static bool mem_is_narrow(const struct call *call)
{
	return call_long_bytes(call) < sizeof(long);
}

static int mem_read_message_32(struct call *call, uint64_t address, struct mem_message *message_out)
{
	struct message_32 raw;
	int error = mem_read(call, address, &raw, sizeof(raw));

	if (error < 0)
		return error;
	*message_out = (struct mem_message){ .name = raw.name,
		.vector = raw.vector,
		.vector_count = raw.vector_count,
		.control = raw.control,
		.control_length = raw.control_length,
		.name_length = raw.name_length };
	return 0;
}

int mem_read_message(struct call *call, uint64_t address, struct mem_message *message_out)
{
	struct msghdr raw;
	int error;

	if (mem_is_narrow(call))
		return mem_read_message_32(call, address, message_out);
	error = mem_read(call, address, &raw, sizeof(raw));
	if (error < 0)
		return error;
	*message_out = (struct mem_message){ .name = (uintptr_t)raw.msg_name,
		.vector = (uintptr_t)raw.msg_iov,
		.vector_count = raw.msg_iovlen,
		.control = (uintptr_t)raw.msg_control,
		.control_length = raw.msg_controllen,
		.name_length = (int32_t)raw.msg_namelen };
	return 0;
}

size_t mem_message_step(const struct call *call)
{
	return mem_is_narrow(call) ? sizeof(struct message_32) + sizeof(uint32_t) : sizeof(struct mmsghdr);
}

int mem_write_message_length(struct call *call, uint64_t element, uint32_t length)
{
	size_t offset = mem_is_narrow(call) ? sizeof(struct message_32) : offsetof(struct mmsghdr, msg_len);

	return mem_write(call, element + offset, &length, sizeof(length));
}

/* 32-bit elements at the end of the same memory, widened from the first on. */
static void mem_widen_vector(struct iovec *vector, size_t count)
{
	const unsigned char *narrow = (const unsigned char *)vector + count * (sizeof(*vector) - 2 * sizeof(uint32_t));

	for (size_t i = 0; i < count; i++) {
		uint32_t pair[2];

		memcpy(pair, narrow + i * sizeof(pair), sizeof(pair));
		/* A negative length stays one. */
		vector[i].iov_base = (void *)(uintptr_t)pair[0];
		vector[i].iov_len = (size_t)(ssize_t)(int32_t)pair[1];
	}
}

/* MAX_RW_COUNT: the most that one call moves, in whole pages. */
static uint64_t mem_transfer_max(void)
{
	return INT_MAX & ~((uint64_t)getpagesize() - 1);
}

/* What the kernel looks at first, and the sum of it; of a single element only as much as is transferred. */
static int mem_bound_vector(struct iovec *vector, size_t count, uint64_t *total_out)
{
	const uint64_t max = mem_transfer_max();

	*total_out = 0;
	for (size_t i = 0; i < count; i++)
		if ((ssize_t)vector[i].iov_len < 0)
			return -EINVAL;
	if (count == 1 && vector[0].iov_len > max)
		vector[0].iov_len = (size_t)max;
	for (size_t i = 0; i < count; i++) {
		if (!mem_may_be_users((uintptr_t)vector[i].iov_base, vector[i].iov_len))
			return -EFAULT;
		if (vector[i].iov_len > max - *total_out)
			vector[i].iov_len = (size_t)(max - *total_out);
		*total_out += vector[i].iov_len;
	}
	return 0;
}

int mem_read_vector(struct call *call, uint64_t address, uint64_t count, struct iovec **vector_out, uint64_t *total_out)
{
	AUTO_FREE struct iovec *vector = NULL;
	size_t size = 2 * (size_t)call_long_bytes(call);
	int error;

	*total_out = 0;
	if (count > VECTOR_MAX)
		return -EMSGSIZE;
	vector = calloc(count + 1, sizeof(*vector));
	if (!vector)
		return -ENOMEM;
	error = mem_read(call, address, (unsigned char *)vector + count * (sizeof(*vector) - size), count * size);
	if (error < 0)
		return error;
	if (mem_is_narrow(call))
		mem_widen_vector(vector, count);
	error = mem_bound_vector(vector, count, total_out);
	if (error == 0)
		*vector_out = take_ptr(vector);
	return error;
}

ssize_t mem_gather(struct call *call, const struct iovec *vector, size_t count, uint64_t skip, void *buffer, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < len; i++) {
		size_t part = vector[i].iov_len;
		ssize_t got;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part -= skip;
		if (part > len - done)
			part = len - done;
		got = mem_read_some(call, (uintptr_t)vector[i].iov_base + skip, (unsigned char *)buffer + done, part);
		if (got == -ESRCH || got == -EACCES)
			return got;
		done += got > 0 ? (size_t)got : 0;
		if (got < 0 || (size_t)got < part)
			break;
		skip = 0;
	}
	return (ssize_t)done;
}

/*
 * The kernel's cmsghdr_from_user_compat_to_kern: every header on a boundary of 8 bytes instead of 4. Where there is
 * room for a byte behind one it expects another.
 */
static int mem_widen_control(const unsigned char *from, size_t from_length, unsigned char *control, size_t *length_out)
{
	size_t at = 0, length = 0;

	while (at < from_length) {
		struct control_32 narrow;
		struct cmsghdr wide;
		size_t data;

		if (from_length - at < sizeof(narrow))
			return -EINVAL;
		memcpy(&narrow, from + at, sizeof(narrow));
		if (narrow.length < sizeof(narrow) || narrow.length > from_length - at)
			return -EINVAL;
		data = narrow.length - sizeof(narrow);
		wide = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(data), .cmsg_level = narrow.level, .cmsg_type = narrow.type
		};
		memcpy(control + length, &wide, sizeof(wide));
		memcpy(control + length + sizeof(wide), from + at + sizeof(narrow), data);
		length += CMSG_SPACE(data);
		at += (narrow.length + 3U) & ~3U;
	}
	*length_out = length;
	return length ? 0 : -EINVAL;
}

/* There is too much, but the headers of 32-bit callers are looked at before memory is asked for. */
static int mem_refuse_control(struct call *call, uint64_t address)
{
	AUTO_FREE unsigned char *raw = calloc(3, MEM_CONTROL_MAX);
	size_t length;
	ssize_t got;

	if (!raw)
		return -ENOBUFS;
	got = mem_read_some(call, address, raw, MEM_CONTROL_MAX);
	if (got < 0)
		return (int)got;
	return mem_widen_control(raw, (size_t)got, raw + MEM_CONTROL_MAX, &length) < 0 ? -EINVAL : -ENOBUFS;
}

int mem_read_control(
	struct call *call, const struct mem_message *message, unsigned char **control_out, size_t *length_out)
{
	size_t length = message->control_length;
	AUTO_FREE unsigned char *raw = NULL;
	AUTO_FREE unsigned char *wide = NULL;
	int error;

	*length_out = 0;
	if (length > INT_MAX || (length > MEM_CONTROL_MAX && !mem_is_narrow(call)))
		return -ENOBUFS;
	if (length > MEM_CONTROL_MAX)
		return mem_refuse_control(call, message->control);
	if (length == 0)
		return 0;
	if (mem_is_narrow(call) && (!message->control || length < sizeof(struct control_32)))
		return -EINVAL; /* no header is there */
	raw = calloc(1, length);
	if (!raw)
		return -ENOBUFS;
	error = mem_read(call, message->control, raw, length);
	if (error < 0)
		return error;
	if (!mem_is_narrow(call)) {
		*control_out = take_ptr(raw);
		*length_out = length;
		return 0;
	}
	/* A header of 12 bytes becomes one of 16. */
	wide = calloc(2, length);
	if (!wide)
		return -ENOBUFS;
	error = mem_widen_control(raw, length, wide, length_out);
	*control_out = take_ptr(wide);
	return error;
}
