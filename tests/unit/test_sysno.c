/* The number tables: consistent with each other and with libseccomp where it knows the name. */
#include <criterion/criterion.h>
#include <seccomp.h>
#include <string.h>

#include "arch/arch.h"

TestSuite(sysno, .timeout = 30);

static void sysno_compare_with_libseccomp(const char *abi_name)
{
	const struct abi *abi = abi_by_name(abi_name);
	unsigned compared = 0;

	for (unsigned i = 1; i < SC_COUNT; i++) {
		const char *name = sysno_name((enum sysno)i);
		int nr = seccomp_syscall_resolve_name_arch(abi->audit_arch, name);

		/* Negative: unknown, not there in this ABI, or one half of socketcall and ipc. */
		if (nr < 0 || (i == SC_mmap && abi_nr(abi, SC_old_mmap) == nr))
			continue;
		cr_assert_eq(abi_nr(abi, (enum sysno)i), nr, "%s %s: %d, libseccomp says %d", abi_name, name,
			abi_nr(abi, (enum sysno)i), nr);
		compared++;
	}
	cr_assert_gt(compared, 350, "only %u names of %s were known", compared, abi_name);
}

Test(sysno, agrees_with_libseccomp_on_x86_64)
{
	sysno_compare_with_libseccomp("x86_64");
}

Test(sysno, agrees_with_libseccomp_on_i386)
{
	sysno_compare_with_libseccomp("i386");
}

static void sysno_check_round_trip(const struct abi *abi)
{
	unsigned numbers = 0, names = 0;

	for (uint32_t nr = 0; nr < abi->nr_count; nr++) {
		enum sysno sysno = abi_sysno(abi, nr);

		if (sysno == SC_none)
			continue;
		cr_assert_eq(abi_nr(abi, sysno), (int32_t)nr);
		numbers++;
	}
	for (unsigned i = 1; i < SC_COUNT; i++)
		names += abi_nr(abi, (enum sysno)i) >= 0;
	cr_assert_eq(numbers, names);
	cr_assert_neq(abi_sysno(abi, abi->nr_count - 1), SC_none);
}

Test(sysno, numbers_and_names_map_to_each_other)
{
	sysno_check_round_trip(abi_by_name("x86_64"));
	sysno_check_round_trip(abi_by_name("i386"));
}

Test(sysno, names_are_those_of_the_kernel)
{
	cr_assert_str_eq(sysno_name(SC_openat), "openat");
	cr_assert_str_eq(sysno_name(SC_none), "none");
	cr_assert_str_eq(sysno_name(SC_COUNT), "none");
	cr_assert_eq(abi_nr(abi_by_name("x86_64"), SC_openat), 257);
	cr_assert_eq(abi_nr(abi_by_name("i386"), SC_openat), 295);
	cr_assert_eq(abi_nr(abi_by_name("x86_64"), SC_stat64), -1);
	cr_assert_eq(abi_nr(abi_by_name("i386"), SC_newfstatat), -1);
}
