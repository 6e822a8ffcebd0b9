/*
 * Signals that a program ignores never reach it, and natively interrupt nothing. The kernel ignores none of a
 * traced process: a few calls that wait come back with EINTR then, and are begun again here where they wait for
 * ever. With a time limit they would wait anew, so those keep their EINTR (doc/BOUNDARY.md). And calls that signals
 * ended while a listener had them are made known to a kernel that forgets to restart them.
 */
#include "core/trace_signal.h"

#include <errno.h>
#include <linux/ipc.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/call.h"
#include "core/plan.h"
#include "core/process.h"
#include "core/ptrace.h"
#include "core/sandbox.h"
#include "core/trace_left.h"
#include "core/traced.h"
#include "core/util.h"

#define SIGNAL_RESTART (-513) /* the kernel's ERESTARTNOINTR */
#define SIGNAL_NO_LIMIT 6     /* in a row: the call never has a time limit */

/* Calls that are never restarted by the kernel itself, and the argument that says how long. */
static const struct signal_wait {
	enum sysno sysno;
	uint8_t limit;   /* an argument */
	bool is_pointer; /* NULL: for ever; else an int of -1 */
} signal_waits[] = {
	{ SC_epoll_wait, 3, false },
	{ SC_epoll_pwait, 3, false },
	{ SC_epoll_pwait2, 3, true },
	{ SC_rt_sigtimedwait, 2, true },
	{ SC_rt_sigtimedwait_time64, 2, true },
	{ SC_semtimedop, 3, true },
	{ SC_semtimedop_time64, 3, true },
	{ SC_semop, SIGNAL_NO_LIMIT, true },
};

/* The same behind the multiplexer of old ABIs; the upper half of its first argument is a version. */
enum { SIGNAL_IPC_LIMIT = 5, SIGNAL_IPC_MASK = 0xffff };

static bool trace_signal_waits_in_ipc(const struct ptrace_call *left)
{
	const unsigned subcall = (unsigned)left->args[0] & SIGNAL_IPC_MASK;

	/* s390x has its limit elsewhere; what lies on a stack is not known here. */
	return subcall == SEMOP || (subcall == SEMTIMEDOP && left->abi->word_bytes == 4 && !left->abi->stack_args &&
					   left->args[SIGNAL_IPC_LIMIT] == 0);
}

/* Does this call wait for ever, and would it not have been interrupted? */
static bool trace_signal_waits(const struct ptrace_call *left)
{
	enum sysno sysno = left->nr < 0 ? SC_none : abi_sysno(left->abi, left->nr);

	if (sysno == SC_ipc)
		return trace_signal_waits_in_ipc(left);
	for (size_t i = 0; i < ARRAY_SIZE(signal_waits) && sysno != SC_none; i++) {
		const struct signal_wait *row = &signal_waits[i];

		if (row->sysno != sysno)
			continue;
		if (row->limit == SIGNAL_NO_LIMIT)
			return true;
		return row->is_pointer ? left->args[row->limit] == 0 : (int)(uint32_t)left->args[row->limit] == -1;
	}
	return false;
}

/* What the program does with its signals; false when it cannot be told for this one. */
static bool trace_signal_status(const struct traced *traced, int number, struct process_status *status)
{
	struct call asker = { .sandbox = traced->sandbox, .tid = traced->tid, .traced = true };

	return number >= 1 && number <= PROCESS_SIGNALS_MAX && process_status_read(&asker, status) == 0;
}

static bool trace_signal_is_ignored(const struct traced *traced, int number)
{
	struct process_status status;

	return trace_signal_status(traced, number, &status) && process_ignores(&status, number);
}

static bool trace_signal_is_handled(const struct traced *traced, int number)
{
	struct process_status status;

	return trace_signal_status(traced, number, &status) &&
	       (status.caught.words[(number - 1) / 64] & PROCESS_SIGNAL(number)) != 0;
}

void trace_signal(struct traced *traced, int number)
{
	struct ptrace_call left;
	int64_t result;

	if (trace_left_call(traced, &left, &result) < 0 || !left.abi->restarts_late || !trace_signal_waits(&left))
		return;
	/* Another signal, before the call began again: it is that one's to interrupt. */
	if (result == SIGNAL_RESTART)
		result = -EINTR;
	else if (result != -EINTR)
		return;
	ptrace_change_left(traced->tid, left.abi, trace_signal_is_ignored(traced, number) ? SIGNAL_RESTART : -EINTR);
}

/* sigreturn takes all registers from the program: these say nothing about a call. */
static bool trace_signal_returns(enum sysno sysno)
{
	return sysno == SC_sigreturn || sysno == SC_rt_sigreturn;
}

/* mips: the kernel restarts a call by what is in r0, where a filter's answer is not. */
static void trace_signal_give_number(const struct traced *traced)
{
	struct ptrace_call left;
	int64_t result, number;

	if (trace_left_call(traced, &left, &result) < 0 || !ptrace_restart_is_lost(traced->tid, left.abi, result))
		return;
	if (trace_kernel_call(traced, &number, left.args) < 0 || number < 0)
		ptrace_change_left(traced->tid, left.abi, -EINTR);
	else if (!trace_signal_returns(abi_sysno(left.abi, number)))
		ptrace_restart(traced->tid, number);
}

/*
 * arm: before a handler the kernel decides itself. Else it would go on with -1 for the number that the filter ended,
 * and its first argument for a result; an address that is not the one it chose makes the program do the call again.
 */
static void trace_signal_keep_number(const struct traced *traced, int number)
{
	uint64_t args[6];
	int64_t nr;

	if (trace_kernel_call(traced, &nr, args) < 0 || nr < 0)
		return;
	/* Calls that the kernel continues where they were are never in a plan. */
	if (plan_find(traced->sandbox->plan, abi_sysno(abi_native(), nr)))
		ptrace_mark_address(traced->tid, abi_native(), !trace_signal_is_handled(traced, number));
}

void trace_signal_restart(const struct traced *traced, int number)
{
	if (abi_native()->loses_restarts)
		trace_signal_give_number(traced);
	if (abi_native()->forgets_skipped)
		trace_signal_keep_number(traced, number);
}
