/* The ABI of 64-bit x86 programs. */
#ifndef KENNEL_ARCH_X86_64_ABI_H
#define KENNEL_ARCH_X86_64_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_x86_64;

#define X86_64_REGMAP_COUNT 1
extern const struct regmap x86_64_regmaps[X86_64_REGMAP_COUNT];

#endif
