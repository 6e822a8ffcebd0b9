/* Structure layouts of mipsel. */
#ifndef KENNEL_ARCH_MIPSEL_LAYOUT_H
#define KENNEL_ARCH_MIPSEL_LAYOUT_H

#include "arch/layout.h"

extern const struct layout mips_layouts[LAYOUT_KIND_COUNT];

#endif
