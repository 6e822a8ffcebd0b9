/* The ABI of 32-bit ARM programs. */
#ifndef KENNEL_ARCH_ARM_ABI_H
#define KENNEL_ARCH_ARM_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_arm;

#define ARM_REGMAP_COUNT 1
extern const struct regmap arm_regmaps[ARM_REGMAP_COUNT];

#endif
