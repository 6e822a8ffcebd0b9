/*
 * Look-up of ABIs and numbers in the const tables of arch/<name>. Which ABIs there are is in
 * arch/family.c; every one compiles on every host.
 */
#include "arch/arch.h"

#include <assert.h>
#include <string.h>

#include "arch/family.h"

/* The kernel takes -1 (a skipped call) for the native ABI's, bit 30 or not. */
static bool abi_takes(const struct abi *abi, uint32_t number)
{
	bool is_x32 = number != UINT32_MAX && (number & ABI_X32_BIT);

	return !abi->has_x32 || is_x32 == (abi->nr_bias == ABI_X32_BIT);
}

const struct abi *abi_find(uint32_t audit_arch, int64_t nr)
{
	for (unsigned i = 0; i < abi_list_count; i++) {
		if (abi_list[i]->audit_arch == audit_arch && abi_takes(abi_list[i], (uint32_t)nr))
			return abi_list[i];
	}
	return NULL;
}

const struct abi *abi_native(void)
{
	return &FAMILY_NATIVE;
}

const struct abi *abi_by_name(const char *name)
{
	for (unsigned i = 0; i < abi_list_count; i++) {
		if (strcmp(abi_list[i]->name, name) == 0)
			return abi_list[i];
	}
	return NULL;
}

unsigned abi_index(const struct abi *abi)
{
	unsigned index = 0;

	while (abi_list[index] != abi) {
		index++;
		assert(index < abi_list_count);
	}
	return index;
}

const struct abi *abi_at(unsigned index)
{
	return index < abi_list_count ? abi_list[index] : NULL;
}

enum sysno abi_sysno(const struct abi *abi, int64_t nr)
{
	int64_t index = nr - (int64_t)abi->nr_bias;

	if (index >= 0 && index < (int64_t)abi->nr_count)
		return (enum sysno)abi->sysno_by_nr[index];
	index = nr - SYSNO_PRIVATE_FIRST;
	if (index >= 0 && index < (int64_t)abi->private_count)
		return (enum sysno)abi->private[index];
	return SC_none;
}

int32_t abi_nr(const struct abi *abi, enum sysno sysno)
{
	int32_t nr;

	if ((unsigned)sysno >= SC_COUNT)
		return -1;
	nr = abi->nr_by_sysno[sysno];
	return nr < 0 ? -1 : (int32_t)((uint32_t)nr + abi->nr_bias);
}

uint64_t abi_arg(const struct abi *abi, const uint64_t args[6], unsigned index)
{
	assert(index < 6);
	return abi->word_bytes == 4 ? (uint32_t)args[index] : args[index];
}

uint64_t abi_arg_pair(const struct abi *abi, const uint64_t args[6], unsigned wide, unsigned pair)
{
	uint64_t first, second;

	if (abi->word_bytes == 8)
		return abi_arg(abi, args, wide);
	if (abi->pair_even)
		pair += pair % 2;
	first = abi_arg(abi, args, pair);
	second = abi_arg(abi, args, pair + 1);
	return abi->big_endian ? first << 32 | second : second << 32 | first;
}
