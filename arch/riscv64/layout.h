/* Structure layouts of riscv64. */
#ifndef KENNEL_ARCH_RISCV64_LAYOUT_H
#define KENNEL_ARCH_RISCV64_LAYOUT_H

#include "arch/layout.h"

extern const struct layout riscv64_layouts[LAYOUT_KIND_COUNT];

#endif
