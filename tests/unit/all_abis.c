/*
 * The list of ABIs for tests: all that there are, in place of the program's own (arch/family.c). Linked before the
 * library, whose file is then left out.
 */
#include "arch/aarch64/abi.h"
#include "arch/arch.h"
#include "arch/arm/abi.h"
#include "arch/i386/abi.h"
#include "arch/loongarch64/abi.h"
#include "arch/mips64el/abi.h"
#include "arch/mipsel/abi.h"
#include "arch/ppc64le/abi.h"
#include "arch/riscv64/abi.h"
#include "arch/s390x/abi.h"
#include "arch/x32/abi.h"
#include "arch/x86_64/abi.h"

const struct abi *const abi_list[] = {
	&abi_x86_64,
	&abi_i386,
	&abi_x32,
	&abi_aarch64,
	&abi_arm,
	&abi_riscv64,
	&abi_ppc64le,
	&abi_s390x,
	&abi_mips64,
	&abi_mips64n32,
	&abi_mips,
	&abi_loongarch64,
};
const unsigned abi_list_count = sizeof(abi_list) / sizeof(abi_list[0]);
