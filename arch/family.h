/*
 * The one place that asks the compiler for its target: the program's own ABI, and all ABIs that a kernel
 * of this architecture runs.
 */
#ifndef KENNEL_ARCH_FAMILY_H
#define KENNEL_ARCH_FAMILY_H

#if defined(__x86_64__) && !defined(__ILP32__)
#include "arch/i386/abi.h"
#include "arch/x32/abi.h"
#include "arch/x86_64/abi.h"
#define FAMILY_NATIVE abi_x86_64
#define FAMILY_OTHERS &abi_i386, &abi_x32,
#elif defined(__i386__)
#include "arch/i386/abi.h"
#define FAMILY_NATIVE abi_i386
#elif defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)
#include "arch/aarch64/abi.h"
#include "arch/arm/abi.h"
#define FAMILY_NATIVE abi_aarch64
#define FAMILY_OTHERS &abi_arm,
#elif defined(__arm__) && defined(__ARM_EABI__) && !defined(__ARMEB__)
#include "arch/arm/abi.h"
#define FAMILY_NATIVE abi_arm
#elif defined(__riscv) && __riscv_xlen == 64
#include "arch/riscv64/abi.h"
#define FAMILY_NATIVE abi_riscv64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#include "arch/ppc64le/abi.h"
#define FAMILY_NATIVE abi_ppc64le
#elif defined(__s390x__)
#include "arch/s390x/abi.h"
#define FAMILY_NATIVE abi_s390x
#elif defined(__mips64) && defined(__MIPSEL__) && _MIPS_SIM == _ABI64
#include "arch/mips64el/abi.h"
#include "arch/mipsel/abi.h"
#define FAMILY_NATIVE abi_mips64
#define FAMILY_OTHERS &abi_mips64n32, &abi_mips,
#elif defined(__mips__) && defined(__MIPSEL__) && _MIPS_SIM == _ABIO32
#include "arch/mipsel/abi.h"
#define FAMILY_NATIVE abi_mips
#elif defined(__loongarch64)
#include "arch/loongarch64/abi.h"
#define FAMILY_NATIVE abi_loongarch64
#else
#error "this architecture has no module in arch/ (doc/ADDING_AN_ARCH.md)"
#endif

#ifndef FAMILY_OTHERS
#define FAMILY_OTHERS
#endif

#endif
