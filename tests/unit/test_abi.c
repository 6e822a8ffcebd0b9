/* Finding the ABI of a call, and its arguments. */
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <string.h>

#include "arch/arch.h"
#include "arch/layout.h"

TestSuite(abi, .timeout = 60);

Test(abi, is_found_by_audit_value)
{
	cr_assert_str_eq(abi_find(AUDIT_ARCH_X86_64, 0)->name, "x86_64");
	cr_assert_str_eq(abi_find(AUDIT_ARCH_I386, 0)->name, "i386");
	cr_assert_str_eq(abi_find(AUDIT_ARCH_MIPSEL64N32, 6000)->name, "mips64n32");
	cr_assert_null(abi_find(AUDIT_ARCH_PPC, 0));
	cr_assert_null(abi_find(0, 0));
}

Test(abi, of_every_number_of_its_table_is_found)
{
	for (unsigned i = 0; i < abi_list_count; i++) {
		const struct abi *abi = abi_list[i];

		cr_assert_eq(abi_find(abi->audit_arch, abi->nr_bias), abi);
		cr_assert_eq(abi_find(abi->audit_arch, abi_nr(abi, SC_seccomp)), abi);
		cr_assert_eq(abi_by_name(abi->name), abi);
		cr_assert_eq(abi_at(abi_index(abi)), abi);
	}
	cr_assert_eq(abi_list_count, 12);
	cr_assert_null(abi_at(abi_list_count));
}

Test(abi, of_an_x32_number_is_another_one)
{
	cr_assert_str_eq(abi_find(AUDIT_ARCH_X86_64, ABI_X32_BIT | 1)->name, "x32");
	cr_assert_str_eq(abi_find(AUDIT_ARCH_X86_64, INT32_MAX)->name, "x32");
	cr_assert_str_eq(abi_find(AUDIT_ARCH_I386, ABI_X32_BIT | 1)->name, "i386");
	cr_assert_eq(abi_sysno(abi_by_name("x32"), ABI_X32_BIT | 1), SC_write);
	cr_assert_eq(abi_sysno(abi_by_name("x32"), 1), SC_none);
	cr_assert_eq(abi_sysno(abi_by_name("x86_64"), ABI_X32_BIT | 1), SC_none);
	cr_assert_eq(abi_nr(abi_by_name("x32"), SC_ioctl), (int32_t)(ABI_X32_BIT | 514));
}

Test(abi, of_arm_has_a_second_range_of_numbers)
{
	const struct abi *arm = abi_by_name("arm");

	cr_assert_eq(abi_nr(arm, SC_set_tls), 0xf0005);
	cr_assert_eq(abi_sysno(arm, 0xf0005), SC_set_tls);
	cr_assert_eq(abi_sysno(arm, 0xf0000), SC_none);
	cr_assert_eq(abi_sysno(arm, 0xf0007), SC_none);
	cr_assert_eq(abi_sysno(abi_by_name("aarch64"), 0xf0005), SC_none);
}

Test(abi, says_what_its_calls_look_like)
{
	for (unsigned i = 0; i < abi_list_count; i++) {
		const struct abi *abi = abi_list[i];

		cr_assert_eq(abi->clone_flags_arg, abi->big_endian ? 1 : 0, "%s", abi->name);
		cr_assert(abi->long_bytes <= abi->word_bytes && abi->kernel_long_bytes >= abi->long_bytes, "%s",
			abi->name);
		cr_assert(!abi->pair_even || abi->word_bytes == 4, "%s", abi->name);
		/* Short ids have calls of their own for long ones. */
		cr_assert_eq(abi->short_ids, abi_nr(abi, SC_setuid32) >= 0, "%s", abi->name);
		/* A structure that is filled by a call of the ABI is known. */
		cr_assert_eq(layout_size(abi, LAYOUT_STAT64) != 0, abi_nr(abi, SC_fstat64) >= 0, "%s", abi->name);
		cr_assert_eq(layout_size(abi, LAYOUT_STAT) != 0, abi_nr(abi, SC_fstat) >= 0, "%s", abi->name);
		cr_assert_eq(layout_size(abi, LAYOUT_STATFS) != 0, abi_nr(abi, SC_statfs) >= 0, "%s", abi->name);
		cr_assert_eq(layout_size(abi, LAYOUT_STATFS64) != 0, abi_nr(abi, SC_statfs64) >= 0, "%s", abi->name);
	}
}

Test(abi, of_minus_one_is_the_native_one)
{
	cr_assert_eq(abi_find(AUDIT_ARCH_X86_64, -1), abi_by_name("x86_64"));
	cr_assert_eq(abi_sysno(abi_by_name("x86_64"), -1), SC_none);
}

/* Every ABI, of this machine or not: what is left out of its data would be 0. */
Test(abi, has_longs_of_four_or_eight_bytes)
{
	const struct abi *abi;

	for (unsigned i = 0; (abi = abi_at(i)); i++) {
		cr_expect(abi->long_bytes == 4 || abi->long_bytes == 8, "%s", abi->name);
		cr_expect(abi->kernel_long_bytes == 4 || abi->kernel_long_bytes == 8, "%s", abi->name);
		cr_expect_leq(abi->long_bytes, abi->kernel_long_bytes, "%s", abi->name);
	}
}

Test(abi, is_found_by_name)
{
	cr_assert_eq(abi_by_name("x86_64")->word_bytes, 8);
	cr_assert_eq(abi_by_name("i386")->word_bytes, 4);
	cr_assert_null(abi_by_name("x86"));
	cr_assert_not_null(abi_native());
}

Test(abi, numbers_outside_of_the_table_are_none)
{
	const struct abi *abi = abi_by_name("x86_64");

	cr_assert_eq(abi_sysno(abi, abi->nr_count), SC_none);
	cr_assert_eq(abi_sysno(abi, INT64_MAX), SC_none);
	cr_assert_eq(abi_sysno(abi, 400), SC_none);
	cr_assert_eq(abi_nr(abi, SC_none), -1);
	cr_assert_eq(abi_nr(abi, SC_COUNT), -1);
}

Test(abi, arguments_of_32_bit_callers_lose_their_upper_half)
{
	const uint64_t args[6] = { UINT64_C(0xfeedface12345678), UINT64_MAX };

	cr_assert_eq(abi_arg(abi_by_name("x86_64"), args, 0), args[0]);
	cr_assert_eq(abi_arg(abi_by_name("i386"), args, 0), 0x12345678);
	cr_assert_eq(abi_arg(abi_by_name("i386"), args, 1), UINT32_MAX);
}

Test(abi, pairs_follow_the_byte_order)
{
	const uint64_t args[6] = { 0, UINT64_C(0x1122334455667788), 0xaabbccdd, 0x00000001 };
	struct abi big = *abi_by_name("i386");

	big.big_endian = true;
	cr_assert_eq(abi_arg_pair(abi_by_name("x86_64"), args, 1, 2), args[1]);
	cr_assert_eq(abi_arg_pair(abi_by_name("i386"), args, 1, 2), UINT64_C(0x1aabbccdd));
	cr_assert_eq(abi_arg_pair(&big, args, 1, 2), UINT64_C(0xaabbccdd00000001));
}

/* truncate64(path, length) and fallocate(fd, mode, offset, length). */
Test(abi, pairs_begin_at_even_arguments_where_the_abi_says_so)
{
	const uint64_t args[6] = { 0, 1, 2, 3, 4, 5 };
	struct abi even = *abi_by_name("i386");

	even.pair_even = true;
	cr_assert_eq(abi_arg_pair(abi_by_name("i386"), args, 1, 1), UINT64_C(0x200000001));
	cr_assert_eq(abi_arg_pair(&even, args, 1, 1), UINT64_C(0x300000002));
	cr_assert_eq(abi_arg_pair(&even, args, 2, 2), UINT64_C(0x300000002));
	cr_assert_eq(abi_arg_pair(&even, args, 3, 4), UINT64_C(0x500000004));
}

Test(abi, longs_in_memory_are_as_wide_as_the_abi_says)
{
	cr_assert_eq(abi_by_name("x86_64")->long_bytes, 8);
	cr_assert_eq(abi_by_name("i386")->long_bytes, 4);
}
