/* The ABI of 64-bit ARM programs. */
#ifndef KENNEL_ARCH_AARCH64_ABI_H
#define KENNEL_ARCH_AARCH64_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_aarch64;

#define AARCH64_REGMAP_COUNT 1
extern const struct regmap aarch64_regmaps[AARCH64_REGMAP_COUNT];

#endif
