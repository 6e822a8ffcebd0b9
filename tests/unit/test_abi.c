/* Finding the ABI of a call, and its arguments. */
#include <criterion/criterion.h>
#include <linux/audit.h>

#include "arch/arch.h"

TestSuite(abi, .timeout = 10);

Test(abi, is_found_by_audit_value)
{
	cr_assert_str_eq(abi_find(AUDIT_ARCH_X86_64, 0)->name, "x86_64");
	cr_assert_str_eq(abi_find(AUDIT_ARCH_I386, 0)->name, "i386");
	cr_assert_null(abi_find(AUDIT_ARCH_AARCH64, 0));
	cr_assert_null(abi_find(0, 0));
}

Test(abi, of_an_x32_number_is_unknown)
{
	cr_assert_null(abi_find(AUDIT_ARCH_X86_64, ABI_X32_BIT | 1));
	cr_assert_null(abi_find(AUDIT_ARCH_X86_64, INT32_MAX));
	cr_assert_not_null(abi_find(AUDIT_ARCH_I386, ABI_X32_BIT | 1));
}

Test(abi, of_minus_one_is_the_native_one)
{
	cr_assert_eq(abi_find(AUDIT_ARCH_X86_64, -1), abi_by_name("x86_64"));
	cr_assert_eq(abi_sysno(abi_by_name("x86_64"), -1), SC_none);
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
