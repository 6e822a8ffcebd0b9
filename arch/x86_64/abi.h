/* The ABI of 64-bit x86 programs. */
#ifndef KENNEL_ARCH_X86_64_ABI_H
#define KENNEL_ARCH_X86_64_ABI_H

struct abi;

extern const struct abi abi_x86_64;

#endif
