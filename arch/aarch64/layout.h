/* Structure layouts of aarch64. */
#ifndef KENNEL_ARCH_AARCH64_LAYOUT_H
#define KENNEL_ARCH_AARCH64_LAYOUT_H

#include "arch/layout.h"

extern const struct layout aarch64_layouts[LAYOUT_KIND_COUNT];

#endif
