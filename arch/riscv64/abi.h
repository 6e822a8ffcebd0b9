/* The ABI of 64-bit RISC-V programs. */
#ifndef KENNEL_ARCH_RISCV64_ABI_H
#define KENNEL_ARCH_RISCV64_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_riscv64;

#define RISCV64_REGMAP_COUNT 1
extern const struct regmap riscv64_regmaps[RISCV64_REGMAP_COUNT];

#endif
