/* The ABI of 64-bit LoongArch programs. */
#ifndef KENNEL_ARCH_LOONGARCH64_ABI_H
#define KENNEL_ARCH_LOONGARCH64_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_loongarch64;

#define LOONGARCH64_REGMAP_COUNT 1
extern const struct regmap loongarch64_regmaps[LOONGARCH64_REGMAP_COUNT];

#endif
