/* setgroups: what the kernel would say about the list is said, and then the call runs with none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

TestSuite(setgroups, .timeout = 60);

#define ABLE .capabilities = UINT64_C(1) << CAP_SETGID
#define NOWHERE 1

static void setgroups_expect_dropped(struct call *call)
{
	uint64_t list = call->args[1];

	cr_expect_eq(fake_begin(&handler_setgroups, call).kind, VERDICT_REWRITE);
	cr_expect_eq(call->args_set, 1 << 0);
	cr_expect_eq(call->args[0], 0);
	cr_expect_eq(call->args[1], list);
	cr_expect(call->marked_changing);
}

static void setgroups_expect_error(struct call *call, int error)
{
	cr_expect_eq(fake_enter(&handler_setgroups, call), -error);
	cr_expect_eq(call->args_set, 0);
	cr_expect_not(call->marked_changing);
}

Test(setgroups, valid_list_is_replaced_by_the_empty_one)
{
	uint32_t ids[] = { 0, 1, 65535, 65536, 0xfffffffe };

	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(5, ADDRESS(ids)), ABLE));
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups32, ARGS(5, ADDRESS(ids)), ABLE, .compat = true));
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(0, NOWHERE), ABLE));
}

Test(setgroups, caller_without_the_capability_is_told_so_before_anything_else)
{
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX + 1, NOWHERE)), EPERM);
	setgroups_expect_error(
		CALL(.sysno = SC_setgroups, ARGS(1, NOWHERE), .capabilities = ~(UINT64_C(1) << CAP_SETGID)), EPERM);
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(0, NOWHERE), ABLE, .identity_error = -ESRCH), EPERM);
}

Test(setgroups, count_is_an_int_and_has_a_limit)
{
	uint32_t ids[] = { 7 };

	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX + 1, NOWHERE), ABLE), EINVAL);
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(FD(-1), NOWHERE), ABLE), EINVAL);
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(UINT64_C(1) << 32 | 1, ADDRESS(ids)), ABLE));
}

Test(setgroups, unreadable_list_is_a_fault)
{
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(1, NOWHERE), ABLE), EFAULT);
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX, NOWHERE), ABLE), EFAULT);
}

Test(setgroups, all_ones_are_no_group)
{
	uint32_t ids[] = { 1, 2, UINT32_MAX };
	uint16_t short_ids[] = { 1, UINT16_MAX };

	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(3, ADDRESS(ids)), ABLE), EINVAL);
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(2, ADDRESS(ids)), ABLE));
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(2, ADDRESS(short_ids)), ABLE, .compat = true), EINVAL);
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(1, ADDRESS(short_ids)), ABLE, .compat = true));
}

Test(setgroups, longest_list_is_read_to_its_end_wherever_it_begins)
{
	char *memory = malloc(NGROUPS_MAX * sizeof(uint32_t) + 8192);

	for (size_t offset = 0; offset < 8; offset++) {
		char *list = (char *)(((uintptr_t)memory + 4095) / 4096 * 4096) + offset;

		memset(list, 1, NGROUPS_MAX * sizeof(uint32_t));
		setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX, ADDRESS(list)), ABLE));
		memset(list + (NGROUPS_MAX - 1) * sizeof(uint32_t), 0xff, sizeof(uint32_t));
		setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX, ADDRESS(list)), ABLE), EINVAL);
		setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(NGROUPS_MAX - 1, ADDRESS(list)), ABLE));
	}
	free(memory);
}

Test(setgroups, short_ids_at_an_odd_address_are_read_one_by_one_across_pages)
{
	char *memory = malloc(3 * 4096);
	char *list = (char *)(((uintptr_t)memory + 4095) / 4096 * 4096) + 4095;

	memset(list, 1, 8);
	setgroups_expect_dropped(CALL(.sysno = SC_setgroups, ARGS(4, ADDRESS(list)), ABLE, .compat = true));
	memset(list, 0xff, 2);
	setgroups_expect_error(CALL(.sysno = SC_setgroups, ARGS(4, ADDRESS(list)), ABLE, .compat = true), EINVAL);
	free(memory);
}

static int64_t setgroups_natively(unsigned count, const void *list)
{
	return syscall(SYS_setgroups, count, list) < 0 ? -errno : 0;
}

/* The list begins so many bytes before the end of what can be read. */
static void setgroups_compare(char *end, size_t bytes, unsigned count, unsigned bad)
{
	char *list = end - bytes;
	struct call *call = CALL(.sysno = SC_setgroups, ARGS(count, ADDRESS(list)), .capabilities = ~UINT64_C(0));

	memset(list, 1, bytes);
	if ((bad + 1) * sizeof(uint32_t) <= bytes)
		memset(list + bad * sizeof(uint32_t), 0xff, sizeof(uint32_t));
	cr_assert_eq(fake_enter(&handler_setgroups, call), setgroups_natively(count, list),
		"%zu bytes, %u ids, the bad one at %u", bytes, count, bad);
}

Test(setgroups, errors_are_those_of_the_kernel_where_the_list_becomes_unreadable)
{
	const size_t page = (size_t)getpagesize();
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
	for (size_t bytes = 0; bytes < 40; bytes++)
		for (unsigned i = 0; i < 144; i++)
			setgroups_compare(pages + page, bytes, i % 12, i / 12);
}
