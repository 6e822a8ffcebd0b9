/* The ABI of 64-bit, little endian POWER programs. */
#ifndef KENNEL_ARCH_PPC64LE_ABI_H
#define KENNEL_ARCH_PPC64LE_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_ppc64le;

#define PPC64LE_REGMAP_COUNT 1
extern const struct regmap ppc64le_regmaps[PPC64LE_REGMAP_COUNT];

#endif
