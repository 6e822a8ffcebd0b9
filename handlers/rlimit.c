/*
 * RLIMIT_CORE, while writing is judged: the kernel would write a core file into any working
 * directory without asking a rule, so the limit is 0 and stays it. Reading it is
 * answered; setting it to 0 works, anything else is EPERM, as for a hard limit of 0.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/limits.h"
#include "core/mem.h"
#include "handlers/handlers.h"

struct rlimit_pair {
	uint64_t soft;
	uint64_t hard;
};

static int rlimit_read(struct call *call, uint64_t from, unsigned width, struct rlimit_pair *pair_out)
{
	uint64_t values[2];
	int error = mem_read_longs(call, from, width, 2, values);

	*pair_out = (struct rlimit_pair){ .soft = values[0], .hard = values[1] };
	return error;
}

static int rlimit_check(const struct rlimit_pair *wanted)
{
	if (wanted->soft > wanted->hard)
		return -EINVAL;
	return wanted->hard ? -EPERM : 0;
}

static struct verdict rlimit_set(struct call *call)
{
	struct rlimit_pair wanted = { 0, 0 };
	int error = rlimit_read(call, call_arg(call, 1), call_kernel_long_bytes(call), &wanted);

	return verdict_result(error < 0 ? error : rlimit_check(&wanted));
}

/* prlimit64(pid, resource, new, old): the same layout for every ABI. */
static struct verdict rlimit_exchange(struct call *call)
{
	struct rlimit_pair wanted;
	struct rlimit_pair now;
	int error = 0;

	if (call_arg(call, 2)) {
		error = rlimit_read(call, call_arg(call, 2), sizeof(uint64_t), &wanted);
		if (!error)
			error = rlimit_check(&wanted);
	}
	if (!error)
		error = limits_core(call, call_arg_int(call, 0), &now.soft, &now.hard);
	if (!error && call_arg(call, 3))
		error = mem_write(call, call_arg(call, 3), &now, sizeof(now));
	return verdict_result(error);
}

static struct verdict rlimit_enter(struct call *call)
{
	return call_sysno(call) == SC_prlimit64 ? rlimit_exchange(call) : rlimit_set(call);
}

const struct handler handler_rlimit = {
	.name = "rlimit",
	.flags = H_READS_MEM,
	.categories = CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE),
	.enter = rlimit_enter,
};
