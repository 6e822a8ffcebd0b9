/*
 * The general registers of riscv64 callers: pc, then x1 to x31. a0 as it was at the entry, from which the kernel
 * takes the first argument (6.5), is not among them.
 */
#include "arch/riscv64/abi.h"

const struct regmap riscv64_regmaps[RISCV64_REGMAP_COUNT] = {
	{
		.length = 256,
		.word_bytes = 8,
		.fixed_args = 1,
		.nr = 136,
		.user_nr = 136,
		.arg = { 80, 88, 96, 104, 112, 120 },
		.user_arg0 = 80,
		.result = 80,
		.ip = 0,
	},
};
