/* Structure layouts of s390x. */
#ifndef KENNEL_ARCH_S390X_LAYOUT_H
#define KENNEL_ARCH_S390X_LAYOUT_H

#include "arch/layout.h"

extern const struct layout s390x_layouts[LAYOUT_KIND_COUNT];

#endif
