/*
 * Signals that a program ignores never reach it, and natively interrupt nothing. The kernel ignores none of a
 * traced process: a few calls that wait come back with EINTR then, and are begun again here where they wait for
 * ever. With a time limit they would wait anew, so those keep their EINTR (doc/BOUNDARY.md).
 */
#include "core/trace_signal.h"

#include <errno.h>
#include <unistd.h>

#include "core/call.h"
#include "core/process.h"
#include "core/ptrace.h"
#include "core/sandbox.h"
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

/* Does this call wait for ever, and would it not have been interrupted? */
static bool trace_signal_waits(const struct ptrace_call *left)
{
	enum sysno sysno = left->nr < 0 ? SC_none : abi_sysno(left->abi, left->nr);

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

static bool trace_signal_is_ignored(const struct traced *traced, int number)
{
	struct call asker = { .sandbox = traced->sandbox, .tid = traced->tid, .traced = true };
	struct process_status status;

	if (number < 1 || number > 64 || process_status_read(&asker, &status) < 0)
		return false;
	return process_ignored_signals(&status) & PROCESS_SIGNAL(number);
}

void trace_signal(struct traced *traced, int number)
{
	struct ptrace_call left;
	int64_t result;

	if (ptrace_left_call(traced->tid, &left, &result) < 0 || !trace_signal_waits(&left))
		return;
	/* Another signal, before the call began again: it is that one's to interrupt. */
	if (result == SIGNAL_RESTART)
		result = -EINTR;
	else if (result != -EINTR)
		return;
	ptrace_change_left(traced->tid, left.abi, trace_signal_is_ignored(traced, number) ? SIGNAL_RESTART : -EINTR);
}
