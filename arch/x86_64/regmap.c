/*
 * The general registers of x86_64 callers: one set, that of 64-bit code. The system call
 * instruction itself leads to 64-bit code, so that no other set is ever seen.
 */
#include "arch/x86_64/abi.h"

#include <assert.h>
#include <stddef.h>
#include <sys/user.h>

const struct regmap x86_64_regmaps[X86_64_REGMAP_COUNT] = {
	{
		.length = 216,
		.word_bytes = 8,
		.nr = 120,
		.user_nr = 80,
		.arg = { 112, 104, 96, 56, 72, 64 },
		.user_arg0 = 112,
		.result = 80,
		.ip = 128,
	},
};

#if defined(__x86_64__) && !defined(__ILP32__)
static_assert(sizeof(struct user_regs_struct) == 216, "struct user_regs_struct");
static_assert(offsetof(struct user_regs_struct, orig_rax) == 120, "orig_rax");
static_assert(offsetof(struct user_regs_struct, rdi) == 112, "rdi");
static_assert(offsetof(struct user_regs_struct, rsi) == 104, "rsi");
static_assert(offsetof(struct user_regs_struct, rdx) == 96, "rdx");
static_assert(offsetof(struct user_regs_struct, r10) == 56, "r10");
static_assert(offsetof(struct user_regs_struct, r8) == 72, "r8");
static_assert(offsetof(struct user_regs_struct, r9) == 64, "r9");
static_assert(offsetof(struct user_regs_struct, rax) == 80, "rax");
static_assert(offsetof(struct user_regs_struct, rip) == 128, "rip");
#endif
