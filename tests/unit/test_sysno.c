/* The number tables: consistent with each other and with libseccomp where it knows the name. */
#include <criterion/criterion.h>
#include <seccomp.h>
#include <string.h>

#include "arch/arch.h"

TestSuite(sysno, .timeout = 180);

/* Their number is one half of socketcall, ipc or some other that libseccomp takes apart, or of another name there. */
static bool sysno_is_known_otherwise(const struct abi *abi, enum sysno sysno, int nr)
{
	if (sysno == SC_mmap)
		return abi_nr(abi, SC_old_mmap) == nr;
	return sysno == SC_sync_file_range2 && abi == abi_by_name("arm");
}

/* The numbers that libseccomp knows but for those that it has too much: how many are the same. */
static unsigned sysno_compare_with_libseccomp(const struct abi *abi)
{
	unsigned compared = 0;

	for (unsigned i = 1; i < SC_COUNT; i++) {
		const char *name = sysno_name((enum sysno)i);
		int nr = seccomp_syscall_resolve_name_arch(abi->audit_arch, name);

		/* Negative: unknown, or not there in this ABI. */
		if (nr < 0 || sysno_is_known_otherwise(abi, (enum sysno)i, nr))
			continue;
		cr_assert_eq(abi_nr(abi, (enum sysno)i), nr, "%s %s: %d, libseccomp says %d", abi->name, name,
			abi_nr(abi, (enum sysno)i), nr);
		compared++;
	}
	return compared;
}

/* libseccomp 2.5 does not know loongarch64, and x32 by a token of its own. */
Test(sysno, agrees_with_libseccomp_on_every_abi_that_it_knows)
{
	for (unsigned i = 0; i < abi_list_count; i++) {
		const struct abi *abi = abi_list[i];
		unsigned compared = abi->nr_bias == ABI_X32_BIT ? 999 : sysno_compare_with_libseccomp(abi);

		if (strcmp(abi->name, "loongarch64") == 0 && seccomp_api_get() > 0 && compared == 0)
			continue;
		cr_assert_gt(compared, 280, "only %u names of %s were known", compared, abi->name);
	}
}

/* One architecture for libseccomp, under a token that no kernel knows. */
Test(sysno, agrees_with_libseccomp_on_x32)
{
	const struct abi *abi = abi_by_name("x32");
	struct abi known = *abi;

	known.audit_arch = SCMP_ARCH_X32;
	cr_assert_gt(sysno_compare_with_libseccomp(&known), 280);
}

static void sysno_check_round_trip(const struct abi *abi)
{
	unsigned numbers = 0, names = 0;

	for (uint32_t i = 0; i < abi->nr_count + abi->private_count; i++) {
		uint32_t nr = i < abi->nr_count ? abi->nr_bias + i : SYSNO_PRIVATE_FIRST + i - abi->nr_count;
		enum sysno sysno = abi_sysno(abi, nr);

		if (sysno == SC_none)
			continue;
		cr_assert_eq(abi_nr(abi, sysno), (int32_t)nr);
		numbers++;
	}
	for (unsigned i = 1; i < SC_COUNT; i++)
		names += abi_nr(abi, (enum sysno)i) >= 0;
	cr_assert_eq(numbers, names);
	cr_assert_neq(abi_sysno(abi, abi->nr_bias + abi->nr_count - 1), SC_none);
}

Test(sysno, numbers_and_names_map_to_each_other)
{
	for (unsigned i = 0; i < abi_list_count; i++)
		sysno_check_round_trip(abi_list[i]);
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
