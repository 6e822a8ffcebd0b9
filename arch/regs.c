/*
 * Registers are read and written byte by byte in the ABI's order, so that the sets of one
 * architecture can be handled, and tested, on another.
 */
#include "arch/regs.h"

#include <assert.h>
#include <stdbool.h>

#include "arch/arch.h"

#define REGS_ERROR_MAX 4095 /* the kernel's MAX_ERRNO */

const struct regmap *regs_map(const struct abi *abi, size_t length)
{
	for (unsigned i = 0; i < abi->regmap_count; i++) {
		if (abi->regmaps[i].length == length)
			return &abi->regmaps[i];
	}
	return NULL;
}

/* The byte of the register at this offset that counts 256^index. */
static unsigned regs_place(const struct abi *abi, const struct regmap *map, unsigned offset, unsigned index)
{
	return offset + (abi->big_endian ? map->word_bytes - 1 - index : index);
}

static uint64_t regs_load(
	const struct abi *abi, const struct regmap *map, const unsigned char *set, unsigned offset, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)set[regs_place(abi, map, offset, i)] << (8 * i);
	return value;
}

static void regs_store(const struct abi *abi, const struct regmap *map, unsigned char *set, unsigned offset,
	unsigned width, uint64_t value)
{
	for (unsigned i = 0; i < width; i++)
		set[regs_place(abi, map, offset, i)] = (unsigned char)(value >> (8 * i));
}

/* What the ABI sees of a register: never more than its own words. */
static unsigned regs_width(const struct abi *abi, const struct regmap *map)
{
	return abi->word_bytes < map->word_bytes ? abi->word_bytes : map->word_bytes;
}

int64_t regs_nr(const struct abi *abi, const struct regmap *map, const unsigned char *set)
{
	return (int32_t)regs_load(abi, map, set, map->nr, sizeof(int32_t));
}

uint64_t regs_arg(const struct abi *abi, const struct regmap *map, const unsigned char *set, unsigned index)
{
	assert(index < 6);
	if (map->arg[index] == REGS_NONE)
		return 0;
	return regs_load(abi, map, set, map->arg[index], regs_width(abi, map));
}

/* The kernel of this ABI tells errors by a flag, in this set. */
static bool regs_flagged(const struct abi *abi, const struct regmap *map, const unsigned char *set)
{
	if (!map->flag_mask || !map->flag_trap)
		return map->flag_mask;
	/* The low bits of a trap are flags of the kernel's own. */
	return (regs_load(abi, map, set, map->trap, sizeof(uint32_t)) & ~UINT64_C(0xf)) != map->flag_trap;
}

int64_t regs_result(const struct abi *abi, const struct regmap *map, const unsigned char *set)
{
	uint64_t value = regs_load(abi, map, set, map->result, regs_width(abi, map));

	if (regs_flagged(abi, map, set)) {
		bool failed = regs_load(abi, map, set, map->flag, map->word_bytes) & map->flag_mask;

		return failed ? -(int64_t)value : (int64_t)value;
	}
	if (regs_width(abi, map) == 4 && (uint32_t)value >= (uint32_t)-REGS_ERROR_MAX)
		return (int32_t)value;
	return (int64_t)value;
}

uint64_t regs_ip(const struct abi *abi, const struct regmap *map, const unsigned char *set)
{
	return regs_load(abi, map, set, map->ip, map->word_bytes);
}

void regs_set_nr(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr)
{
	regs_store(abi, map, set, map->nr, map->word_bytes, (uint64_t)nr);
}

/* The upper half of a wider register stays: 64-bit code may have something of its own there. */
void regs_set_arg(const struct abi *abi, const struct regmap *map, unsigned char *set, unsigned index, uint64_t value)
{
	assert(index < 6);
	if (map->arg[index] != REGS_NONE)
		regs_store(abi, map, set, map->arg[index], regs_width(abi, map), value);
}

void regs_set_entry_result(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t result)
{
	regs_store(abi, map, set, map->result, map->word_bytes, (uint64_t)result);
}

void regs_set_result(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t result)
{
	bool failed = result < 0 && result >= -REGS_ERROR_MAX;
	uint64_t flags;

	if (!regs_flagged(abi, map, set)) {
		regs_set_entry_result(abi, map, set, result);
		return;
	}
	/* The whole of the register, or one bit of it: the lowest of the mask says yes. */
	flags = regs_load(abi, map, set, map->flag, map->word_bytes) & ~map->flag_mask;
	flags |= failed ? map->flag_mask & -map->flag_mask : 0;
	regs_store(abi, map, set, map->flag, map->word_bytes, flags);
	regs_set_entry_result(abi, map, set, failed ? -result : result);
}

void regs_set_ip(const struct abi *abi, const struct regmap *map, unsigned char *set, uint64_t ip)
{
	regs_store(abi, map, set, map->ip, map->word_bytes, ip);
}

void regs_give_back(const struct abi *abi, const struct regmap *map, unsigned char *set, unsigned index, uint64_t value)
{
	assert(index < 6);
	if (map->arg[index] != map->result && (!map->flag_mask || map->arg[index] != map->flag))
		regs_set_arg(abi, map, set, index, value);
}

void regs_give_back_nr(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr)
{
	regs_store(abi, map, set, map->user_nr, map->word_bytes, (uint64_t)nr);
}

static unsigned regs_syscall_length(const struct abi *abi, const struct regmap *map, const unsigned char *set)
{
	if (map->mode_mask && (regs_load(abi, map, set, map->mode, sizeof(uint32_t)) & map->mode_mask))
		return 2;
	return abi->syscall_length;
}

void regs_repeat(
	const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr, const uint64_t args[6])
{
	regs_set_ip(abi, map, set, regs_ip(abi, map, set) - regs_syscall_length(abi, map, set));
	if (map->nr_by == REGS_NR_IN_SET)
		regs_set_nr(abi, map, set, -1);
	regs_store(abi, map, set, map->user_nr, map->word_bytes, (uint64_t)nr);
	for (unsigned i = 1; i < 6; i++)
		regs_set_arg(abi, map, set, i, args[i]);
	regs_store(abi, map, set, map->user_arg0, regs_width(abi, map), args[0]);
}
