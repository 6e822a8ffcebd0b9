/*
 * The general registers of loongarch64 callers: r0 to r31, a0 as it was, the address of the instruction, and some that
 * do not matter here.
 */
#include "arch/loongarch64/abi.h"

const struct regmap loongarch64_regmaps[LOONGARCH64_REGMAP_COUNT] = {
	{
		.length = 360,
		.word_bytes = 8,
		.nr = 88,
		.user_nr = 88,
		.arg = { 256, 40, 48, 56, 64, 72 },
		.user_arg0 = 32,
		.result = 32,
		.ip = 264,
	},
};
