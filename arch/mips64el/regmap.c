/*
 * The general registers of n64 and n32 callers: r0 to r31, lo, hi, epc and some that do not matter here. a3 is the flag
 * of an error.
 */
#include "arch/mips64el/abi.h"

const struct regmap mips64el_regmaps[MIPS64EL_REGMAP_COUNT] = {
	{
		.length = 360,
		.word_bytes = 8,
		.nr = 16,
		.user_nr = 16,
		.arg = { 32, 40, 48, 56, 64, 72 },
		.user_arg0 = 32,
		.result = 16,
		.ip = 272,
		.flag = 56,
		.flag_mask = UINT64_MAX,
	},
};
