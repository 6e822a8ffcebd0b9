/*
 * The general registers of arm callers: r0 to r15, cpsr, and r0 as it was. A kernel of 32 bits has a request for
 * the number, one of 64 bits a register set; it is read from where the program put it, r7.
 */
#include "arch/arm/abi.h"

#include <assert.h>
#include <sys/user.h>

const struct regmap arm_regmaps[ARM_REGMAP_COUNT] = {
	{
		.length = 72,
		.word_bytes = 4,
		.nr_by = sizeof(long) == 4 ? REGS_NR_BY_REQUEST : REGS_NR_IN_OWN_SET,
		.nr = 28,
		.user_nr = 28,
		.arg = { 0, 4, 8, 12, 16, 20 },
		.user_arg0 = 0,
		.result = 0,
		.ip = 60,
		.mode = 64,
		.mode_mask = 0x20,
	},
};

#if defined(__arm__)
static_assert(sizeof(struct user_regs) == 72, "struct user_regs");
#endif
