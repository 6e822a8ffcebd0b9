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
	const char *name;          /* as in abi/NAME:on */
	uint32_t elf_flags;        /* e_flags by which a kernel knows the programs of an ABI that is another's compat */
	uint32_t audit_arch;       /* AUDIT_ARCH_*, as in seccomp_data.arch */
	uint32_t nr_bias;          /* what the kernel adds to the numbers of the table (x32: bit 30) */
	uint8_t word_bytes;        /* of an argument register, as the kernel takes it */
	uint8_t long_bytes;        /* of pointers and longs in the caller's memory (x32, n32: 4) */
	uint8_t kernel_long_bytes; /* of times, limits, old directory entries: the kernel's own (x32: 8) */
	bool big_endian;           /* also: the order of 64-bit values in register pairs */
	bool pair_even;            /* a 64-bit value in a register pair begins at an even argument */
	bool has_x32;              /* numbers with ABI_X32_BIT are another ABI's: x32 and x86_64 */
	bool short_ids;            /* chown, setuid and their kind take 16 bits; the *32 forms are others */
	uint8_t clone_flags_arg;
	uint8_t syscall_length; /* bytes of the instruction: its address is the ip at a stop less this */
	bool result_sticks;     /* a result written at the entry of a skipped call survives until its exit */
	bool number_is_kept;    /* skipping a call spoils a register that programs count on: it is given back */
	bool number_in_code;    /* the instruction may hold the number: another one is set at its entry */
	bool reads_execute;   /* all memory of a program without PT_GNU_STACK is executable, not of 32-bit ones only */
	bool class_counts;    /* the kernel takes the width of a program from e_ident, not from what fits */
	bool call_is_lost;    /* the number, or the first argument, is not in registers from the entry of a call on */
	bool restarts_late;   /* a result of ERESTART* written at the stop of a signal still counts */
	bool stack_args;      /* filters read arguments from the fifth on again, of an indirect call from the fourth */
	bool loses_restarts;  /* a call that a filter ended is not restarted, unless a tracer puts its number in r0 */
	bool forgets_skipped; /* a call that a filter ended is restarted as number -1, unless the address was changed */
	bool whole_space; /* programs have the upper half of the addresses, too: the kernel has a space of its own */
	uint8_t regmap_count;
	const struct regmap *regmaps; /* the register sets in which its callers are seen; arch/regs.h */
	const uint16_t *sysno_by_nr;  /* generated; nr_count entries, SC_none where none */
	uint32_t nr_count;            /* one more than the last number known */
	const uint16_t *private;      /* generated; numbers from SYSNO_PRIVATE_FIRST on, no bias */
	uint32_t private_count;       /* 0: there is no such range */
	const int32_t *nr_by_sysno;   /* generated; SC_COUNT entries, -1 where none */
	const struct layout *layouts; /* LAYOUT_KIND_COUNT entries; arch/layout.h */
};

/* All that this kernel could run, the program's own first: one architecture's. arch/family.c; tests have them all. */
extern const struct abi *const abi_list[];
extern const unsigned abi_list_count;

/* NULL: unknown: kill, never guess. Number -1 belongs to x86_64, not to x32. */
const struct abi *abi_find(uint32_t audit_arch, int64_t nr);

const struct abi *abi_native(void);
const struct abi *abi_by_name(const char *name);

#define ABIS_MAX 16

/* A small number for an ABI, below ABIS_MAX, the same in the whole program; NULL beyond the last. */
unsigned abi_index(const struct abi *abi);
const struct abi *abi_at(unsigned index);

#define ABI_BIT(abi) (1U << abi_index(abi))

/* SC_none for a number that is not in the table. */
enum sysno abi_sysno(const struct abi *abi, int64_t nr);

/* As the kernel reports it (nr_bias included), or -1. */
int32_t abi_nr(const struct abi *abi, enum sysno sysno);

/* An argument as wide as the ABI's registers: the upper half of a 32-bit one is dropped. */
uint64_t abi_arg(const struct abi *abi, const uint64_t args[6], unsigned index);

/*
 * A 64-bit value: argument `wide`, or the pair (`pair`, `pair` + 1) of a 32-bit ABI. `pair` is that of i386: where
 * pairs are even it moves up by one if it must. What follows a pair that moved has moved as well.
 */
uint64_t abi_arg_pair(const struct abi *abi, const uint64_t args[6], unsigned wide, unsigned pair);

#endif
