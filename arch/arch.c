/*
 * Look-up of ABIs and numbers in the const tables of arch/<name>. The list of all ABIs is
 * here; every one compiles on every host.
 */
#include "arch/arch.h"

#include <assert.h>
#include <string.h>

#include "arch/i386/abi.h"
#include "arch/x86_64/abi.h"

#define ABI_COUNT 2
static_assert(ABI_COUNT <= 16, "an index has four bits in the data of a traced call");

static const struct abi *const abis[ABI_COUNT] = { &abi_x86_64, &abi_i386 };

const struct abi *abi_find(uint32_t audit_arch, int64_t nr)
{
	uint32_t number = (uint32_t)nr;

	for (unsigned i = 0; i < ABI_COUNT; i++) {
		if (abis[i]->audit_arch != audit_arch)
			continue;
		/* The kernel takes -1 (a skipped call) for the native ABI's, bit 30 or not. */
		if (abis[i]->has_x32 && number != UINT32_MAX && (number & ABI_X32_BIT))
			return NULL;
		return abis[i];
	}
	return NULL;
}

const struct abi *abi_native(void)
{
#if defined(__x86_64__) && !defined(__ILP32__)
	return &abi_x86_64;
#elif defined(__i386__)
	return &abi_i386;
#else
#error "this architecture has no module in arch/ (doc/ADDING_AN_ARCH.md)"
#endif
}

const struct abi *abi_by_name(const char *name)
{
	for (unsigned i = 0; i < ABI_COUNT; i++) {
		if (strcmp(abis[i]->name, name) == 0)
			return abis[i];
	}
	return NULL;
}

unsigned abi_index(const struct abi *abi)
{
	unsigned index = 0;

	while (abis[index] != abi) {
		index++;
		assert(index < ABI_COUNT);
	}
	return index;
}

const struct abi *abi_at(unsigned index)
{
	return index < ABI_COUNT ? abis[index] : NULL;
}

enum sysno abi_sysno(const struct abi *abi, int64_t nr)
{
	int64_t index = nr - (int64_t)abi->nr_bias;

	if (index < 0 || index >= (int64_t)abi->nr_count)
		return SC_none;
	return (enum sysno)abi->sysno_by_nr[index];
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
	first = abi_arg(abi, args, pair);
	second = abi_arg(abi, args, pair + 1);
	return abi->big_endian ? first << 32 | second : second << 32 | first;
}
