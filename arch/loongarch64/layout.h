/* Structure layouts of loongarch64. */
#ifndef KENNEL_ARCH_LOONGARCH64_LAYOUT_H
#define KENNEL_ARCH_LOONGARCH64_LAYOUT_H

#include "arch/layout.h"

extern const struct layout loongarch64_layouts[LAYOUT_KIND_COUNT];

#endif
