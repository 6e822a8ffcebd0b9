/* The ABI of 32-bit x86 programs, also of int $0x80 in 64-bit code. */
#ifndef KENNEL_ARCH_I386_ABI_H
#define KENNEL_ARCH_I386_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_i386;

#define I386_REGMAP_COUNT 2
extern const struct regmap i386_regmaps[I386_REGMAP_COUNT];

#endif
