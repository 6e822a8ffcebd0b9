/* Structure layouts of arm. */
#ifndef KENNEL_ARCH_ARM_LAYOUT_H
#define KENNEL_ARCH_ARM_LAYOUT_H

#include "arch/layout.h"

extern const struct layout arm_layouts[LAYOUT_KIND_COUNT];

#endif
