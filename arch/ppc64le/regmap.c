/*
 * The general registers of ppc64le callers: r0 to r31, nip, msr, r3 as it was, ctr, lr, xer, cr, softe, trap and some
 * that do not matter here. Summary overflow in cr is the flag of an error; a trap of 0x3000 is scv.
 */
#include "arch/ppc64le/abi.h"

#include <assert.h>
#if defined(__powerpc64__)
#include <asm/ptrace.h>
#endif

const struct regmap ppc64le_regmaps[PPC64LE_REGMAP_COUNT] = {
	{
		.length = 384,
		.word_bytes = 8,
		.nr = 0,
		.user_nr = 0,
		.arg = { 272, 32, 40, 48, 56, 64 },
		.user_arg0 = 24,
		.result = 24,
		.ip = 256,
		.flag = 304,
		.trap = 320,
		.flag_mask = 0x10000000,
		.flag_trap = 0x3000,
	},
};

#if defined(__powerpc64__)
static_assert(PT_NIP * 8 == 256 && PT_ORIG_R3 * 8 == 272 && PT_CCR * 8 == 304 && PT_TRAP * 8 == 320, "struct pt_regs");
#endif
