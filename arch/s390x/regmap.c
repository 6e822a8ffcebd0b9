/*
 * The general registers of s390x callers: psw mask and address, r0 to r15, the access registers, and r2 as it was. The
 * number is in r2 from the entry until there is a result; -1 there is a number like any other that no call has.
 */
#include "arch/s390x/abi.h"

#include <assert.h>
#include <stddef.h>
#include <sys/user.h>

const struct regmap s390x_regmaps[S390X_REGMAP_COUNT] = {
	{
		.length = 216,
		.word_bytes = 8,
		.nr = 32,
		.user_nr = 24,
		.arg = { 208, 40, 48, 56, 64, 72 },
		.user_arg0 = 32,
		.result = 32,
		.ip = 8,
	},
};

#if defined(__s390x__)
static_assert(offsetof(struct _user_regs_struct, gprs) == 16, "gprs");
static_assert(offsetof(struct _user_regs_struct, orig_gpr2) == 208, "orig_gpr2");
#endif
