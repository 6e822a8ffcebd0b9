/* Messages in memory, in both layouts; the memory is our own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem_message.h"
#include "core/util.h"
#include "tests/unit/fake_handlers.h"

TestSuite(mem_message, .timeout = 60);

static struct call *message_call(bool compat)
{
	static struct call call;

	call = (struct call){ .compat = compat };
	return &call;
}

static struct call *message_x32(void)
{
	struct call *call = message_call(false);

	call->x32 = true;
	return call;
}

/* 32-bit addresses must lie low. */
static void *message_low(size_t size)
{
	static uintptr_t next = 0x20000000;
	void *memory = mmap(
		(void *)next, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	next += 1 << 20;

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

Test(mem_message, headers_of_both_layouts_mean_the_same)
{
	struct msghdr native = { .msg_name = (void *)8,
		.msg_namelen = 5,
		.msg_iov = (void *)16,
		.msg_iovlen = 2,
		.msg_control = (void *)24,
		.msg_controllen = 7 };
	uint32_t narrow[7] = { 8, 5, 16, 2, 24, 7, 0 };
	struct mem_message one, other;

	cr_assert_eq(mem_read_message(message_call(false), (uintptr_t)&native, &one), 0);
	cr_assert_eq(mem_read_message(message_call(true), (uintptr_t)narrow, &other), 0);
	cr_expect_arr_eq(&one, &other, offsetof(struct mem_message, name_length));
	cr_expect_eq(one.name_length, other.name_length);
	cr_expect_eq(mem_read_message(message_call(false), 8, &one), -EFAULT);
	cr_assert_eq(mem_read_message(message_x32(), (uintptr_t)narrow, &one), 0);
	cr_expect_arr_eq(&one, &other, offsetof(struct mem_message, name_length));
}

Test(mem_message, vectors_of_x32_have_narrow_elements)
{
	const uint32_t narrow[4] = { 8, 10, 16, 5 };
	struct iovec *vector = NULL;
	uint64_t total;

	cr_assert_eq(mem_read_vector(message_x32(), (uintptr_t)narrow, 2, &vector, &total), 0);
	cr_expect_eq(total, 15);
	cr_expect(vector[1].iov_base == (void *)16 && vector[1].iov_len == 5);
	free(vector);
	cr_expect_eq(mem_message_step(message_x32()), 32);
}

Test(mem_message, vectors_are_bounded_as_by_the_kernel)
{
	struct iovec parts[3] = { { (void *)8, 10 }, { NULL, 0x7fffffff }, { (void *)16, 5 } };
	uint32_t narrow[4] = { 8, 10, 16, 0x80000000U };
	struct iovec *vector = NULL;
	const uint64_t most = INT_MAX / getpagesize() * (uint64_t)getpagesize();
	uint64_t total;

	cr_assert_eq(mem_read_vector(message_call(false), (uintptr_t)parts, 3, &vector, &total), 0);
	cr_expect_eq(total, most);
	cr_expect_eq(vector[1].iov_len, most - 10);
	cr_expect_eq(vector[2].iov_len, 0);
	free(vector);
	parts[2].iov_len = (size_t)-1;
	cr_expect_eq(mem_read_vector(message_call(false), (uintptr_t)parts, 3, &vector, &total), -EINVAL);
	cr_expect_eq(mem_read_vector(message_call(false), (uintptr_t)parts, 1025, &vector, &total), -EMSGSIZE);
	cr_expect_eq(mem_read_vector(message_call(false), 8, 1, &vector, &total), -EFAULT);
	cr_expect_eq(mem_read_vector(message_call(true), (uintptr_t)narrow, 2, &vector, &total), -EINVAL);
	cr_assert_eq(mem_read_vector(message_call(true), (uintptr_t)narrow, 1, &vector, &total), 0);
	cr_expect_eq((uintptr_t)vector[0].iov_base, 8);
	cr_expect_eq(total, 10);
	free(vector);
}

Test(mem_message, parts_are_gathered_from_any_place)
{
	char one[] = "abc", other[] = "defgh", buffer[16] = "";
	struct iovec parts[3] = { { one, 3 }, { other, 5 }, { (void *)8, 4 } };

	cr_expect_eq(mem_gather(message_call(false), parts, 2, 0, buffer, sizeof(buffer)), 8);
	cr_expect_arr_eq(buffer, "abcdefgh", 8);
	cr_expect_eq(mem_gather(message_call(false), parts, 2, 4, buffer, 2), 2);
	cr_expect_arr_eq(buffer, "ef", 2);
	cr_expect_eq(
		mem_gather(message_call(false), parts, 3, 2, buffer, sizeof(buffer)), 6, "up to what is not there");
	cr_expect_eq(mem_gather(message_call(false), parts, 3, 8, buffer, sizeof(buffer)), 0);
}

/* Headers of 12 bytes with data on boundaries of 4. */
Test(mem_message, control_data_of_32_bit_callers_is_widened)
{
	struct {
		uint32_t length, level, type, fds[1], next_length, next_level, next_type, more[2];
	} *narrow = message_low(4096);
	struct mem_message message = { .control = (uintptr_t)narrow, .control_length = sizeof(*narrow) };
	unsigned char *control = NULL;
	const struct cmsghdr *header;
	size_t length;

	narrow->length = 16;
	narrow->type = SCM_RIGHTS;
	narrow->fds[0] = 7;
	narrow->next_length = 20;
	narrow->next_type = 99;
	cr_assert_eq(mem_read_control(message_call(true), &message, &control, &length), 0);
	cr_expect_eq(length, CMSG_SPACE(4) + CMSG_SPACE(8));
	header = (const struct cmsghdr *)(const void *)control;
	cr_expect_eq(header->cmsg_len, CMSG_LEN(4));
	cr_expect_eq(*(const int *)(const void *)CMSG_DATA(header), 7);
	header = (const struct cmsghdr *)(const void *)(control + CMSG_SPACE(4));
	cr_expect_eq(header->cmsg_type, 99);
	free(control);
	control = NULL;
	narrow->next_length = 21;
	cr_expect_eq(mem_read_control(message_call(true), &message, &control, &length), -EINVAL);
	free(control);
	control = NULL;
	message.control_length = 1 << 30;
	narrow->next_length = 20;
	cr_expect_lt(mem_read_control(message_call(true), &message, &control, &length), 0);
	cr_expect_eq(mem_read_control(message_call(false), &message, &control, &length), -ENOBUFS);
	cr_expect_null(control);
}
