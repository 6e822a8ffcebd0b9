/* The ABI of 64-bit x86 programs with pointers of 32 bits. */
#ifndef KENNEL_ARCH_X32_ABI_H
#define KENNEL_ARCH_X32_ABI_H

struct abi;

extern const struct abi abi_x32;

#endif
