/*
 * Architectures and ABIs as data: numbers, argument widths, structure layouts.
 * The kernel's word on the ABI of a call (seccomp_data.arch) comes in, everything
 * else is looked up in const tables. Includes nothing of core/ or handlers/.
 */
#ifndef KENNEL_ARCH_ARCH_H
#define KENNEL_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysno.h" /* generated from arch/syscalls.tbl */

struct layout;
struct regmap;

/* Bit 30 of the number: an x32 call under the audit value of x86_64. */
#define ABI_X32_BIT UINT32_C(0x40000000)

struct abi {
	const char *name;    /* as in abi/NAME:on */
	uint32_t audit_arch; /* AUDIT_ARCH_*, as in seccomp_data.arch */
	uint32_t nr_bias;    /* what the kernel adds to the numbers of the table (x32: bit 30) */
	uint8_t word_bytes;  /* of a register, a long and a timespec's members */
	bool big_endian;     /* also: the order of 64-bit values in register pairs */
	bool has_x32;        /* numbers with ABI_X32_BIT are another ABI's */
	uint8_t clone_flags_arg;
	uint8_t syscall_length; /* bytes of the instruction: its address is the ip at a stop less this */
	bool result_sticks;     /* a result written at the entry of a skipped call survives until its exit */
	uint8_t regmap_count;
	const struct regmap *regmaps; /* the register sets in which its callers are seen; arch/regs.h */
	uint32_t o_largefile;         /* the O_LARGEFILE of its callers, 0 where the kernel implies it */
	const uint16_t *sysno_by_nr;  /* generated; nr_count entries, SC_none where none */
	uint32_t nr_count;            /* one more than the last number known */
	const int32_t *nr_by_sysno;   /* generated; SC_COUNT entries, -1 where none */
	const struct layout *layouts; /* LAYOUT_KIND_COUNT entries; arch/layout.h */
};

/* NULL: unknown, or x32 (not supported): kill, never guess. Number -1 belongs to the ABI. */
const struct abi *abi_find(uint32_t audit_arch, int64_t nr);

const struct abi *abi_native(void);
const struct abi *abi_by_name(const char *name);

/* A small number for an ABI, below 16, the same in the whole program; NULL beyond the last. */
unsigned abi_index(const struct abi *abi);
const struct abi *abi_at(unsigned index);

/* SC_none for a number that is not in the table. */
enum sysno abi_sysno(const struct abi *abi, int64_t nr);

/* As the kernel reports it (nr_bias included), or -1. */
int32_t abi_nr(const struct abi *abi, enum sysno sysno);

/* An argument as wide as the ABI's registers: the upper half of a 32-bit one is dropped. */
uint64_t abi_arg(const struct abi *abi, const uint64_t args[6], unsigned index);

/* A 64-bit value: argument `wide`, or the pair (`pair`, `pair` + 1) of a 32-bit ABI. */
uint64_t abi_arg_pair(const struct abi *abi, const uint64_t args[6], unsigned wide, unsigned pair);

#endif
