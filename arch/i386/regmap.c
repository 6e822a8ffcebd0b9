/*
 * The general registers of i386 callers: the set of 32-bit code, and the set of 64-bit
 * code that did int $0x80, whose arguments are in the lower halves of the same registers.
 */
#include "arch/i386/abi.h"

#include <assert.h>
#include <stddef.h>
#include <sys/user.h>

const struct regmap i386_regmaps[I386_REGMAP_COUNT] = {
	{
		.length = 68,
		.word_bytes = 4,
		.nr = 44,
		.user_nr = 24,
		.arg = { 0, 4, 8, 12, 16, 20 },
		.user_arg0 = 0,
		.result = 24,
		.ip = 48,
	},
	{
		.length = 216,
		.word_bytes = 8,
		.nr = 120,
		.user_nr = 80,
		.arg = { 40, 88, 96, 104, 112, 32 },
		.user_arg0 = 40,
		.result = 80,
		.ip = 128,
	},
};

#if defined(__i386__)
static_assert(sizeof(struct user_regs_struct) == 68, "struct user_regs_struct");
static_assert(offsetof(struct user_regs_struct, orig_eax) == 44, "orig_eax");
static_assert(offsetof(struct user_regs_struct, ebx) == 0, "ebx");
static_assert(offsetof(struct user_regs_struct, ecx) == 4, "ecx");
static_assert(offsetof(struct user_regs_struct, edx) == 8, "edx");
static_assert(offsetof(struct user_regs_struct, esi) == 12, "esi");
static_assert(offsetof(struct user_regs_struct, edi) == 16, "edi");
static_assert(offsetof(struct user_regs_struct, ebp) == 20, "ebp");
static_assert(offsetof(struct user_regs_struct, eax) == 24, "eax");
static_assert(offsetof(struct user_regs_struct, eip) == 48, "eip");
#elif defined(__x86_64__) && !defined(__ILP32__)
static_assert(offsetof(struct user_regs_struct, orig_rax) == 120, "orig_rax");
static_assert(offsetof(struct user_regs_struct, rbx) == 40, "rbx");
static_assert(offsetof(struct user_regs_struct, rcx) == 88, "rcx");
static_assert(offsetof(struct user_regs_struct, rdx) == 96, "rdx");
static_assert(offsetof(struct user_regs_struct, rsi) == 104, "rsi");
static_assert(offsetof(struct user_regs_struct, rdi) == 112, "rdi");
static_assert(offsetof(struct user_regs_struct, rbp) == 32, "rbp");
static_assert(offsetof(struct user_regs_struct, rax) == 80, "rax");
static_assert(offsetof(struct user_regs_struct, rip) == 128, "rip");
#endif
