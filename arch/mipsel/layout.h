/* Structure layouts of mipsel. */
#ifndef KENNEL_ARCH_MIPSEL_LAYOUT_H
#define KENNEL_ARCH_MIPSEL_LAYOUT_H

#include "arch/layout.h"

/* Of all three ABIs of mips: o32's stat64 is the stat of the others, its statfs that of n32. */
extern const struct layout_field mips_stat64_fields[16];
extern const struct layout_field mips_statfs_fields[12];
extern const struct layout_field mips_statfs64_fields[12];

extern const struct layout mips_layouts[LAYOUT_KIND_COUNT];

#endif
