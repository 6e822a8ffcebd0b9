/* The ABI of 64-bit s390 programs. */
#ifndef KENNEL_ARCH_S390X_ABI_H
#define KENNEL_ARCH_S390X_ABI_H

#include "arch/regs.h"

struct abi;

extern const struct abi abi_s390x;

#define S390X_REGMAP_COUNT 1
extern const struct regmap s390x_regmaps[S390X_REGMAP_COUNT];

#endif
