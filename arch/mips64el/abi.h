/* The two ABIs of 64-bit, little endian MIPS programs: n64 (mips64) and n32 (mips64n32). */
#ifndef KENNEL_ARCH_MIPS64EL_ABI_H
#define KENNEL_ARCH_MIPS64EL_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_mips64;
extern const struct abi abi_mips64n32;

#define MIPS64EL_REGMAP_COUNT 1
extern const struct regmap mips64el_regmaps[MIPS64EL_REGMAP_COUNT];

#endif
