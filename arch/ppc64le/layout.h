/* Structure layouts of ppc64le. */
#ifndef KENNEL_ARCH_PPC64LE_LAYOUT_H
#define KENNEL_ARCH_PPC64LE_LAYOUT_H

#include "arch/layout.h"

extern const struct layout ppc64le_layouts[LAYOUT_KIND_COUNT];

#endif
