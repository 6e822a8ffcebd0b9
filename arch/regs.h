/*
 * Registers of a stopped thread, as the kernel hands them out in a register set: where
 * the number, the arguments and the result of a system call lie. Pure functions on
 * byte buffers; the I/O is core/ptrace.c's.
 */
#ifndef KENNEL_ARCH_REGS_H
#define KENNEL_ARCH_REGS_H

#include <stddef.h>
#include <stdint.h>

struct abi;

/* Room for the largest general register set (NT_PRSTATUS) of any architecture. */
#define REGS_MAX 512

#define REGS_NONE UINT16_MAX /* not in the set: an argument on the program's stack */

/* How another number is given to a call at its entry; -1 skips it. */
enum regs_nr_by {
	REGS_NR_IN_SET,     /* written to the set */
	REGS_NR_IN_OWN_SET, /* an int in a register set of its own, NT_ARM_SYSTEM_CALL */
	REGS_NR_BY_REQUEST, /* PTRACE_SET_SYSCALL */
};

/* Byte offsets in one register set. One ABI may be seen through several of them. */
struct regmap {
	uint16_t length;    /* of the whole set, as the kernel returns it */
	uint8_t word_bytes; /* of each register in it */
	uint8_t nr_by;      /* enum regs_nr_by */
	uint8_t fixed_args; /* a bit each: the kernel does not look here for it, once it has stopped */
	uint16_t nr;        /* the number of the call, at its entry */
	uint16_t user_nr;   /* where a program puts the number before the instruction */
	uint16_t arg[6];    /* where the kernel takes them from after the stop at the entry */
	uint16_t user_arg0; /* where a program puts the first one; the others stay where they are */
	uint16_t result;
	uint16_t ip;
	uint16_t flag;      /* with flag_mask: set where the result is an error, which is then positive */
	uint16_t trap;      /* with flag_trap: no flag where this register holds that (powerpc's scv) */
	uint16_t mode;      /* with mode_mask: the instruction has 2 bytes (arm's thumb code) */
	uint64_t flag_mask; /* 0: an error is a negative result */
	uint32_t flag_trap;
	uint32_t mode_mask;
};

/*
 * The map of this ABI's calls for a set of `length` bytes. The length never tells the ABI (int $0x80 from
 * 64-bit code is an i386 call in a 64-bit set): it only selects among the ABI's maps. NULL: none fits.
 */
const struct regmap *regs_map(const struct abi *abi, size_t length);

/*
 * As the kernel takes them: a number is an int, whatever else its register holds; an argument and a result are
 * as wide as the registers of the ABI. A result that is an error is negative, every other value is not
 * sign-extended (an address of a 32-bit program). What is set has these widths too, but a number and a
 * result fill their register, as the kernel fills it. An argument on the stack is 0, and setting it does nothing.
 */
int64_t regs_nr(const struct abi *abi, const struct regmap *map, const unsigned char *set);
uint64_t regs_arg(const struct abi *abi, const struct regmap *map, const unsigned char *set, unsigned index);
int64_t regs_result(const struct abi *abi, const struct regmap *map, const unsigned char *set);
uint64_t regs_ip(const struct abi *abi, const struct regmap *map, const unsigned char *set);

void regs_set_nr(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr);
void regs_set_arg(const struct abi *abi, const struct regmap *map, unsigned char *set, unsigned index, uint64_t value);
void regs_set_result(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t result);
void regs_set_ip(const struct abi *abi, const struct regmap *map, unsigned char *set, uint64_t ip);

/* At the entry of a skipped call, where the ABI says that it sticks: flags are made of it by the kernel. */
void regs_set_entry_result(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t result);

/* At an exit: an argument as it was at the entry, unless its register belongs to the result now. */
void regs_give_back(
	const struct abi *abi, const struct regmap *map, unsigned char *set, unsigned index, uint64_t value);

/* At an exit: the number where the program put it. */
void regs_give_back_nr(const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr);

/*
 * At the exit of a call: everything as it must be for the thread to run the instruction again, for another call
 * of the same ABI; no call is under way that the kernel might restart.
 */
void regs_repeat(
	const struct abi *abi, const struct regmap *map, unsigned char *set, int64_t nr, const uint64_t args[6]);

#endif
