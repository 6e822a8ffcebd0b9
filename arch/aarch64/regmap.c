/*
 * The general registers of aarch64 callers: x0 to x30, sp, pc, pstate. The number is read from where the program put
 * it, x8.
 */
#include "arch/aarch64/abi.h"

#include <assert.h>
#include <stddef.h>
#include <sys/user.h>

const struct regmap aarch64_regmaps[AARCH64_REGMAP_COUNT] = {
	{
		.length = 272,
		.word_bytes = 8,
		.nr_by = REGS_NR_IN_OWN_SET,
		.nr = 64,
		.user_nr = 64,
		.arg = { 0, 8, 16, 24, 32, 40 },
		.user_arg0 = 0,
		.result = 0,
		.ip = 256,
	},
};

#if defined(__aarch64__) && !defined(__ILP32__)
static_assert(sizeof(struct user_regs_struct) == 272, "struct user_regs_struct");
static_assert(offsetof(struct user_regs_struct, sp) == 248, "sp");
static_assert(offsetof(struct user_regs_struct, pc) == 256, "pc");
#endif
