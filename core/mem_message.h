/*
 * Messages of sendmsg and its kind in the target's memory: headers, vectors, control data in the
 * layout of the caller's ABI, turned into native ones.
 */
#ifndef KENNEL_CORE_MEM_MESSAGE_H
#define KENNEL_CORE_MEM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct call;

/* A struct msghdr; addresses are the target's. */
struct mem_message {
	uint64_t name;
	uint64_t vector;
	uint64_t vector_count;
	uint64_t control;
	uint64_t control_length;
	int32_t name_length;
};

/* The control data of a message may be this long: the default of net.core.optmem_max, twice. */
#define MEM_CONTROL_MAX (256U << 10)

int mem_read_message(struct call *call, uint64_t address, struct mem_message *message_out);

/* sendmmsg: the size of an element, and where its length is told. */
size_t mem_message_step(const struct call *call);
int mem_write_message_length(struct call *call, uint64_t element, uint32_t length);

/*
 * A vector (from the heap, the caller's; iov_base are addresses of the target) and what it holds in all,
 * bounded as the kernel does it. -EMSGSIZE for too many elements, -EINVAL for lengths below 0, -EFAULT.
 */
int mem_read_vector(
	struct call *call, uint64_t address, uint64_t count, struct iovec **vector_out, uint64_t *total_out);

/*
 * Up to len bytes from `skip` bytes on behind the start of the vector: how many were there, fewer where memory
 * cannot be read; -ESRCH, -EACCES.
 */
ssize_t mem_gather(
	struct call *call, const struct iovec *vector, size_t count, uint64_t skip, void *buffer, size_t len);

/*
 * Control data in the native layout, from the heap: *length_out is 0 for none. -ENOBUFS when there is too much,
 * -EINVAL for 32-bit headers that lie.
 */
int mem_read_control(
	struct call *call, const struct mem_message *message, unsigned char **control_out, size_t *length_out);

#endif
