/* Structure layouts of the x86_64 ABI. */
#ifndef KENNEL_ARCH_X86_64_LAYOUT_H
#define KENNEL_ARCH_X86_64_LAYOUT_H

#include "arch/layout.h"

extern const struct layout x86_64_layouts[LAYOUT_KIND_COUNT];

#endif
