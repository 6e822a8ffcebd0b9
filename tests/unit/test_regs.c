/*
 * Registers in the sets of all ABIs: dumps recorded on Linux 6.18 of threads stopped at the entry and
 * the exit of gettid and of a call that does not exist, and a real child of this program.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/regs.h"

TestSuite(regs, .timeout = 120);

/* 64-bit code, gettid with rax = 0x77000000ba, at the entry. */
static const char entry_x86_64[] = "20d0fff7ff7f0000087e555555550000c8e7ffffff7f00000000000000000000"
				   "0100000000000000b8e7ffffff7f000046020000000000000400000044444444"
				   "06000000666666660500000055555555daffffffffffffff7651555555550000"
				   "030000003333333302000080222222220100000011111111ba00000077000000"
				   "765155555555000033000000000000004602000000000000a8e6ffffff7f0000"
				   "2b000000000000004007ddf7ff7f000000000000000000000000000000000000"
				   "000000000000000000000000000000000000000000000000";

/* The same at the exit: 0x231d. */
static const char exit_x86_64[] = "20d0fff7ff7f0000087e555555550000c8e7ffffff7f00000000000000000000"
				  "0100000000000000b8e7ffffff7f000046020000000000000400000044444444"
				  "060000006666666605000000555555551d230000000000007651555555550000"
				  "030000003333333302000080222222220100000011111111ba00000077000000"
				  "765155555555000033000000000000004602000000000000a8e6ffffff7f0000"
				  "2b000000000000004007ddf7ff7f000000000000000000000000000000000000"
				  "000000000000000000000000000000000000000000000000";

/* 64-bit code, int $0x80 with rax = 0xabcdef00000000e0, at the entry. */
static const char entry_int80[] = "20d0fff7ff7f0000087e555555550000c0e7ffffff7f00000000000000000000"
				  "06000000161616160100000011111111600afef7ff7f000078a8fcf7ff7f0000"
				  "d0e6fcf7ff7f00000000000000000000daffffffffffffff0200008012121212"
				  "030000001313131304000000141414140500000015151515e000000000000000"
				  "cf515555555500003300000000000000020200000000000080e6ffffff7f0000"
				  "2b000000000000004007ddf7ff7f000000000000000000000000000000000000"
				  "000000000000000000000000000000000000000000000000";

/* The same at the exit: 0x2321. */
static const char exit_int80[] = "20d0fff7ff7f0000087e555555550000c0e7ffffff7f00000000000000000000"
				 "06000000161616160100000011111111600afef7ff7f000078a8fcf7ff7f0000"
				 "d0e6fcf7ff7f0000000000000000000021230000000000000200008012121212"
				 "030000001313131304000000141414140500000015151515e000000000000000"
				 "cf515555555500003300000000000000020200000000000080e6ffffff7f0000"
				 "2b000000000000004007ddf7ff7f000000000000000000000000000000000000"
				 "000000000000000000000000000000000000000000000000";

/* A 32-bit program, at the entry and at the exit: 0x2325. */
static const char entry_i386[] = "111111112222228233333333444444445555555566666666daffffff2b000000"
				 "2b0000000000000063000000e0000000fe9604082300000046020000ccd7ffff"
				 "2b000000";
static const char exit_i386[] = "111111112222228233333333444444445555555566666666252300002b000000"
				"2b0000000000000063000000e0000000fe9604082300000046020000ccd7ffff"
				"2b000000";

/* The exit of mmap2 in a 32-bit program: an address in the upper half. */
static const char exit_i386_mmap2[] = "00000000001000000100000022000000ffffffff000000000020fdf72b000000"
				      "2b0000000000000063000000c0000000fe96040823000000460200007c8c82ff"
				      "2b000000";

static const struct regs_record {
	const char *abi;
	const char *entry;
	const char *exit;
	size_t length;
	int64_t nr;
	uint64_t args[6];
	int64_t result;
	uint64_t ip;
} records[] = {
	{ "x86_64", entry_x86_64, exit_x86_64, 216, 186,
		{ 0x1111111100000001, 0x2222222280000002, 0x3333333300000003, 0x4444444400000004, 0x5555555500000005,
			0x6666666600000006 },
		0x231d, 0x555555555176 },
	{ "i386", entry_int80, exit_int80, 216, 224, { 1, 0x80000002, 3, 4, 5, 6 }, 0x2321, 0x5555555551cf },
	{ "i386", entry_i386, exit_i386, 68, 224,
		{ 0x11111111, 0x82222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666 }, 0x2325, 0x80496fe },
};

#define RECORD_COUNT (sizeof(records) / sizeof(records[0]))

struct regs_set {
	const struct abi *abi;
	const struct regmap *map;
	size_t length;
	unsigned char bytes[REGS_MAX];
};

static void regs_read(struct regs_set *set, const char *abi, const char *hex)
{
	set->abi = abi_by_name(abi);
	for (set->length = 0; hex[2 * set->length]; set->length++) {
		const char digits[] = { hex[2 * set->length], hex[2 * set->length + 1], '\0' };

		set->bytes[set->length] = (unsigned char)strtoul(digits, NULL, 16);
	}
	set->map = regs_map(set->abi, set->length);
	cr_assert_not_null(set->map);
}

/* Bytes in which two sets differ; all of them must lie in [first, last]. */
static unsigned regs_changed(const struct regs_set *one, const struct regs_set *other, size_t first, size_t last)
{
	unsigned count = 0;

	for (size_t i = 0; i < one->length; i++) {
		if (one->bytes[i] == other->bytes[i])
			continue;
		cr_expect(i >= first && i <= last, "byte %zu", i);
		count++;
	}
	return count;
}

Test(regs, entry_tells_number_arguments_and_place)
{
	struct regs_set set;

	for (size_t i = 0; i < RECORD_COUNT; i++) {
		regs_read(&set, records[i].abi, records[i].entry);
		cr_expect_eq(set.length, records[i].length);
		cr_expect_eq(regs_nr(set.abi, set.map, set.bytes), records[i].nr);
		for (unsigned j = 0; j < 6; j++)
			cr_expect_eq(regs_arg(set.abi, set.map, set.bytes, j), records[i].args[j], "%zu: %u", i, j);
		cr_expect_eq(regs_ip(set.abi, set.map, set.bytes), records[i].ip);
		cr_expect_eq(regs_result(set.abi, set.map, set.bytes), -ENOSYS);
	}
}

Test(regs, exit_tells_the_result)
{
	struct regs_set set;

	for (size_t i = 0; i < RECORD_COUNT; i++) {
		regs_read(&set, records[i].abi, records[i].exit);
		cr_expect_eq(regs_result(set.abi, set.map, set.bytes), records[i].result);
	}
}

Test(regs, address_of_a_32_bit_program_is_no_error)
{
	struct regs_set set;

	regs_read(&set, "i386", exit_i386_mmap2);
	cr_expect_eq(regs_result(set.abi, set.map, set.bytes), 0xf7fd2000);
}

Test(regs, result_is_an_error_in_the_last_4095_values_of_the_width)
{
	struct regs_set set;

	for (size_t i = 1; i < RECORD_COUNT; i++) {
		regs_read(&set, "i386", records[i].exit);
		regs_set_result(set.abi, set.map, set.bytes, -4095);
		cr_expect_eq(regs_result(set.abi, set.map, set.bytes), -4095);
		regs_set_result(set.abi, set.map, set.bytes, -4096);
		cr_expect_eq(regs_result(set.abi, set.map, set.bytes), 0xfffff000);
	}
	regs_read(&set, "x86_64", exit_x86_64);
	regs_set_result(set.abi, set.map, set.bytes, INT64_MIN);
	cr_expect_eq(regs_result(set.abi, set.map, set.bytes), INT64_MIN);
	regs_set_result(set.abi, set.map, set.bytes, 0xfffffff2);
	cr_expect_eq(regs_result(set.abi, set.map, set.bytes), 0xfffffff2);
}

Test(regs, what_is_set_is_read_back_and_nothing_else_changes)
{
	struct regs_set before, set;

	for (size_t i = 0; i < RECORD_COUNT; i++) {
		regs_read(&before, records[i].abi, records[i].entry);
		set = before;
		regs_set_nr(set.abi, set.map, set.bytes, -1);
		cr_expect_eq(regs_nr(set.abi, set.map, set.bytes), -1);
		cr_expect_gt(regs_changed(&before, &set, set.map->nr, set.map->nr + set.map->word_bytes - 1U), 0);
		for (unsigned j = 0; j < 6; j++) {
			set = before;
			regs_set_arg(set.abi, set.map, set.bytes, j, UINT64_C(0xa1a2a3a4a5a6a7a8));
			cr_expect_eq(regs_arg(set.abi, set.map, set.bytes, j),
				set.abi->word_bytes == 8 ? UINT64_C(0xa1a2a3a4a5a6a7a8) : 0xa5a6a7a8);
			cr_expect_eq(regs_changed(&before, &set, set.map->arg[j],
					     set.map->arg[j] + set.abi->word_bytes - 1U),
				set.abi->word_bytes);
		}
		set = before;
		regs_set_ip(set.abi, set.map, set.bytes, records[i].ip - set.abi->syscall_length);
		cr_expect_eq(regs_ip(set.abi, set.map, set.bytes), records[i].ip - 2);
		cr_expect_eq(regs_changed(&before, &set, set.map->ip, set.map->ip), 1);
	}
}

Test(regs, number_and_result_fill_the_register_of_the_set)
{
	struct regs_set set;
	int64_t value;

	regs_read(&set, "i386", entry_int80);
	regs_set_nr(set.abi, set.map, set.bytes, -1);
	regs_set_result(set.abi, set.map, set.bytes, -EPERM);
	memcpy(&value, set.bytes + set.map->nr, 8);
	cr_expect_eq(value, -1);
	memcpy(&value, set.bytes + set.map->result, 8);
	cr_expect_eq(value, -EPERM);
}

Test(regs, length_selects_among_the_maps_of_the_abi_only)
{
	const struct abi *wide = abi_by_name("x86_64");
	const struct abi *narrow = abi_by_name("i386");

	for (size_t length = 0; length <= REGS_MAX + 8; length++) {
		cr_expect_eq(regs_map(wide, length) != NULL, length == 216);
		cr_expect_eq(regs_map(narrow, length) != NULL, length == 216 || length == 68);
	}
	cr_expect_neq(regs_map(wide, 216), regs_map(narrow, 216));
}

Test(regs, every_map_lies_within_its_set)
{
	for (unsigned i = 0; abi_at(i); i++) {
		for (unsigned j = 0; j < abi_at(i)->regmap_count; j++) {
			const struct regmap *map = &abi_at(i)->regmaps[j];
			const unsigned last = map->length - map->word_bytes;

			cr_expect(map->length <= REGS_MAX && map->word_bytes >= abi_at(i)->word_bytes);
			cr_expect(map->nr <= last && map->user_nr <= last && map->result <= last && map->ip <= last);
			cr_expect(
				map->flag <= last && map->trap <= last && map->mode <= last && map->user_arg0 <= last);
			for (unsigned k = 0; k < 6; k++) {
				cr_expect(map->arg[k] <= last || map->arg[k] == REGS_NONE);
				cr_expect(map->arg[k] % map->word_bytes == 0 || map->arg[k] == REGS_NONE);
				cr_expect(map->arg[k] != REGS_NONE || map->fixed_args & 1U << k);
			}
		}
	}
}

/* A set of an ABI that does not exist: the lower half of a wide register is its end. */
Test(regs, big_endian_registers_are_read_from_their_other_end)
{
	static const struct regmap map = { .length = 24, .word_bytes = 8, .arg = { 8 }, .result = 16 };
	const struct abi abi = { .word_bytes = 4, .big_endian = true, .regmap_count = 1, .regmaps = &map };
	unsigned char set[24] = { [7] = 5, [11] = 9, [12] = 0x12, [15] = 0x34, [22] = 1 };

	cr_expect_eq(regs_nr(&abi, &map, set), 5);
	cr_expect_eq(regs_arg(&abi, &map, set, 0), 0x12000034);
	cr_expect_eq(regs_result(&abi, &map, set), 0x100);
	regs_set_arg(&abi, &map, set, 0, 0xabcd);
	cr_expect(set[11] == 9 && set[14] == 0xab && set[15] == 0xcd);
}

/* In the child: 0 when both calls did what the tracer made of them. */
static int regs_child(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (syscall(SYS_dup, 900) != 77)
		return 1;
	return syscall(SYS_dup, 901) == -1 && errno == EBADF && syscall(SYS_dup, 902) >= 0 ? 0 : 2;
}

/* Skips dup(900) with the result 77, and makes dup(902) a dup(0). */
static void regs_child_change(struct regs_set *set)
{
	if (regs_nr(set->abi, set->map, set->bytes) != SYS_dup)
		return;
	if (regs_arg(set->abi, set->map, set->bytes, 0) == 902)
		regs_set_arg(set->abi, set->map, set->bytes, 0, 0);
	if (regs_arg(set->abi, set->map, set->bytes, 0) != 900)
		return;
	regs_set_nr(set->abi, set->map, set->bytes, -1);
	regs_set_result(set->abi, set->map, set->bytes, 77);
}

Test(regs, kernel_agrees_with_the_map_of_the_host)
{
	struct regs_set set = { .abi = abi_native() };
	struct iovec iovec = { .iov_base = set.bytes };
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(regs_child());
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	while (WIFSTOPPED(status)) {
		iovec.iov_len = sizeof(set.bytes);
		cr_assert_eq(ptrace(PTRACE_GETREGSET, child, (void *)NT_PRSTATUS, &iovec), 0);
		set.map = regs_map(set.abi, iovec.iov_len);
		cr_assert_not_null(set.map);
		/* At the exit the number is -1 and nothing is changed: the result is that of the entry. */
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			regs_child_change(&set);
			cr_assert_eq(ptrace(PTRACE_SETREGSET, child, (void *)NT_PRSTATUS, &iovec), 0);
		}
		cr_assert_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		cr_assert_eq(waitpid(child, &status, 0), child);
	}
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", status);
}
