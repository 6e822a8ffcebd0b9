/*
 * Writes the guard's BPF by hand: compares and returns only, so that the kernel can
 * see that known numbers are always allowed and skips the program for them (5.11).
 */
#include "core/guard.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

#define ARCH_OFFSET offsetof(struct seccomp_data, arch)
#define NR_OFFSET offsetof(struct seccomp_data, nr)

struct guard {
	struct sock_filter *instructions;
	unsigned length;
};

static void guard_put(struct guard *guard, uint16_t code, uint32_t k, uint8_t jump_true, uint8_t jump_false)
{
	guard->instructions[guard->length++] =
		(struct sock_filter){ .code = code, .k = k, .jt = jump_true, .jf = jump_false };
}

static void guard_return(struct guard *guard, uint32_t action)
{
	guard_put(guard, BPF_RET | BPF_K, action, 0, 0);
}

/* Numbers from first to end pass; the others run on. */
static void guard_put_range(struct guard *guard, uint32_t first, uint32_t end)
{
	guard_put(guard, BPF_JMP | BPF_JGE | BPF_K, end, first ? 2 : 1, 0);
	/* Numbers below are another ABI's on mips, whose kernel takes them from everybody. */
	if (first)
		guard_put(guard, BPF_JMP | BPF_JGE | BPF_K, first, 0, 1);
	guard_return(guard, SECCOMP_RET_ALLOW);
}

/* All of this ABI but -1, which is the native one's. */
static void guard_put_numbers(struct guard *guard, const struct abi *abi)
{
	guard_put_range(guard, abi->nr_bias, abi->nr_bias + abi->nr_count);
	if (abi->private_count)
		guard_put_range(guard, SYSNO_PRIVATE_FIRST, SYSNO_PRIVATE_FIRST + abi->private_count);
}

static bool guard_has_x32(const struct abi *const *abis, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (abis[i]->nr_bias == ABI_X32_BIT)
			return true;
	return false;
}

/* All ABIs of one audit value: entered with the architecture loaded, left towards the next block if it differs. */
static void guard_put_block(struct guard *guard, const struct abi *const *abis, unsigned count, uint32_t audit_arch)
{
	unsigned start = guard->length;
	bool kills_x32 = false;

	guard_put(guard, BPF_JMP | BPF_JEQ | BPF_K, audit_arch, 0, 0);
	guard_put(guard, BPF_LD | BPF_W | BPF_ABS, NR_OFFSET, 0, 0);
	for (unsigned i = 0; i < count; i++) {
		if (abis[i]->audit_arch != audit_arch)
			continue;
		kills_x32 |= abis[i]->has_x32 && !guard_has_x32(abis, count);
		guard_put_numbers(guard, abis[i]);
	}
	/* Where that restarts a call without a tracer, the call was not made: the caller may not take it for done. */
	if (abi_native()->forgets_skipped && audit_arch == abi_native()->audit_arch) {
		guard_put(guard, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1);
		guard_return(guard, SECCOMP_RET_ERRNO | EINTR);
	}
	/* -1 is a call that a tracer skipped: the kernel answers it. */
	guard_put(guard, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, kills_x32 ? 3 : 1, 0);
	if (kills_x32)
		guard_put(guard, BPF_JMP | BPF_JSET | BPF_K, ABI_X32_BIT, 1, 0);
	guard_return(guard, SECCOMP_RET_ERRNO | ENOSYS);
	if (kills_x32)
		guard_return(guard, SECCOMP_RET_KILL_PROCESS);
	guard_return(guard, SECCOMP_RET_ALLOW);
	guard->instructions[start].jf = (uint8_t)(guard->length - start - 1);
}

static bool guard_was_put(const struct abi *const *abis, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (abis[i]->audit_arch == abis[index]->audit_arch)
			return true;
	return false;
}

int guard_build(const struct abi *const *abis, unsigned count, struct sock_filter instructions[GUARD_LENGTH_MAX],
	struct sock_fprog *out)
{
	struct guard guard = { .instructions = instructions };

	if (count == 0 || count > GUARD_ABIS_MAX)
		return -EINVAL;
	guard_put(&guard, BPF_LD | BPF_W | BPF_ABS, ARCH_OFFSET, 0, 0);
	for (unsigned i = 0; i < count; i++)
		if (!guard_was_put(abis, i))
			guard_put_block(&guard, abis, count, abis[i]->audit_arch);
	guard_return(&guard, SECCOMP_RET_KILL_PROCESS);
	out->filter = instructions;
	out->len = (unsigned short)guard.length;
	return 0;
}
