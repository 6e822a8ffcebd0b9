/* The ABI of 32-bit x86 programs, also of int $0x80 in 64-bit code. */
#ifndef KENNEL_ARCH_I386_ABI_H
#define KENNEL_ARCH_I386_ABI_H

struct abi;

extern const struct abi abi_i386;

#endif
