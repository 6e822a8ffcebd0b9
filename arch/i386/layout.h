/* Structure layouts of the i386 ABI. */
#ifndef KENNEL_ARCH_I386_LAYOUT_H
#define KENNEL_ARCH_I386_LAYOUT_H

#include "arch/layout.h"

extern const struct layout i386_layouts[LAYOUT_KIND_COUNT];

#endif
