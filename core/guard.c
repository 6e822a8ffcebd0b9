/*
 * Writes the guard's BPF by hand: compares and returns only, so that the kernel can
 * see that known numbers are always allowed and skips the program for them (5.11).
 */
#include "core/guard.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
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

/* One ABI: entered with the architecture loaded, left towards the next block if it differs. */
static void guard_put_abi(struct guard *guard, const struct abi *abi)
{
	uint8_t length = abi->has_x32 ? 8 : 6;

	guard_put(guard, BPF_JMP | BPF_JEQ | BPF_K, abi->audit_arch, 0, length);
	guard_put(guard, BPF_LD | BPF_W | BPF_ABS, NR_OFFSET, 0, 0);
	guard_put(guard, BPF_JMP | BPF_JGE | BPF_K, abi->nr_bias + abi->nr_count, 1, 0);
	guard_return(guard, SECCOMP_RET_ALLOW);
	/* -1 is a call that a tracer skipped: the kernel answers it. */
	guard_put(guard, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, abi->has_x32 ? 3 : 1, 0);
	if (abi->has_x32) {
		guard_put(guard, BPF_JMP | BPF_JSET | BPF_K, ABI_X32_BIT, 1, 0);
		guard_return(guard, SECCOMP_RET_ERRNO | ENOSYS);
		guard_return(guard, SECCOMP_RET_KILL_PROCESS);
	} else {
		guard_return(guard, SECCOMP_RET_ERRNO | ENOSYS);
	}
	guard_return(guard, SECCOMP_RET_ALLOW);
}

int guard_build(const struct abi *const *abis, unsigned count, struct sock_filter instructions[GUARD_LENGTH_MAX],
	struct sock_fprog *out)
{
	struct guard guard = { .instructions = instructions };

	if (count == 0 || count > GUARD_ABIS_MAX)
		return -EINVAL;
	guard_put(&guard, BPF_LD | BPF_W | BPF_ABS, ARCH_OFFSET, 0, 0);
	for (unsigned i = 0; i < count; i++)
		guard_put_abi(&guard, abis[i]);
	guard_return(&guard, SECCOMP_RET_KILL_PROCESS);
	out->filter = instructions;
	out->len = (unsigned short)guard.length;
	return 0;
}
