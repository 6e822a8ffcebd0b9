/*
 * The general registers of o32 callers: six words that do not matter, r0 to r31, lo, hi, epc and more. a3 is the flag
 * of an error. The fifth and sixth argument are at 16 and 20 above the stack pointer.
 */
#include "arch/mipsel/abi.h"

const struct regmap mipsel_regmaps[MIPSEL_REGMAP_COUNT] = {
	{
		.length = 180,
		.word_bytes = 4,
		.fixed_args = 1 << 4 | 1 << 5,
		.nr = 32,
		.user_nr = 32,
		.arg = { 40, 44, 48, 52, REGS_NONE, REGS_NONE },
		.user_arg0 = 40,
		.result = 32,
		.ip = 160,
		.flag = 52,
		.flag_mask = UINT32_MAX,
	},
};
