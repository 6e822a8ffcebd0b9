/*
 * Signals, where Landlock does not keep them inside (before Linux 6.12): to processes and threads of the sandbox only.
 * The kernel sends them, so that they come from the caller. Broadcasts, and what reaches us, the plan refuses.
 */
#include <errno.h>
#include <limits.h>

#include "core/inside.h"
#include "handlers/handlers.h"

static int signal_check(struct call *call, int number)
{
	if (number == INT_MIN)
		return -ESRCH;
	return number < 0 ? inside_group(call, -number) : inside_process(call, number);
}

/* kill(pid), tkill(tid), and the others, whose first argument is a process. */
static struct verdict signal_enter(struct call *call)
{
	int number = call_arg_int(call, 0);
	int error = number < 0 && call_sysno(call) != SC_kill ? 0 : signal_check(call, number);

	return error < 0 ? verdict_fail(-error) : verdict_continue();
}

const struct handler handler_signal = {
	.name = "signal",
	.flags = H_REGISTERS,
	.enter = signal_enter,
};
