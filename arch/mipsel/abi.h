/* The ABI of 32-bit, little endian MIPS programs: o32 (mips). */
#ifndef KENNEL_ARCH_MIPSEL_ABI_H
#define KENNEL_ARCH_MIPSEL_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_mips;

#define MIPSEL_REGMAP_COUNT 1
extern const struct regmap mipsel_regmaps[MIPSEL_REGMAP_COUNT];

#endif
