/* Structure layouts of mips64el. */
#ifndef KENNEL_ARCH_MIPS64EL_LAYOUT_H
#define KENNEL_ARCH_MIPS64EL_LAYOUT_H

#include "arch/layout.h"

extern const struct layout mips64_layouts[LAYOUT_KIND_COUNT];
extern const struct layout mips64n32_layouts[LAYOUT_KIND_COUNT];

#endif
