/*
 * Three stops: the entry of the call, our own filter's stop in it where the call is traced, and its exit. All
 * signals but SIGKILL and SIGSTOP are blocked meanwhile, so that no handler runs with borrowed registers.
 */
#include "core/trace_then.h"

#include <stdlib.h>

#include "arch/arch.h"
#include "core/call.h"
#include "core/ptrace.h"
#include "core/traced.h"
#include "core/util.h"

struct trace_then {
	bool entered;
	int64_t nr;
	uint64_t args[6];
	struct ptrace_saved saved;
};

int trace_then_begin(struct traced *traced, enum sysno sysno, const uint64_t args[6])
{
	const struct abi *abi = traced->call->abi;
	struct trace_then *then = calloc(1, sizeof(*then));
	int error;

	if (!then)
		return -ENOMEM;
	traced->then = then;
	then->nr = abi_nr(abi, sysno);
	memcpy(then->args, args, sizeof(then->args));
	error = ptrace_detour(traced->tid, abi, then->nr, args, &then->saved);
	return error < 0 ? error : ptrace_resume(traced->tid, RESUME_TO_EXIT, 0);
}

/* The filter stops it like any other: it must be the very call that was asked for. */
static int trace_then_check(const struct traced *traced, const struct kfeat *features)
{
	const struct trace_then *then = traced->then;
	struct ptrace_call at;
	int error = ptrace_call_at_entry(traced->tid, features, &at);

	if (error < 0)
		return error;
	if (at.abi != traced->call->abi || at.nr != then->nr)
		return -EPROTO;
	/* int $0x80 of 64-bit code: the kernel takes the lower halves of registers, and tells whole ones. */
	for (unsigned i = 0; i < 3; i++)
		if (abi_arg(at.abi, at.args, i) != then->args[i])
			return -EPROTO;
	return ptrace_resume(traced->tid, RESUME_TO_EXIT, 0);
}

static int trace_then_end(struct traced *traced, const struct kfeat *features)
{
	const struct abi *abi = traced->call->abi;
	int64_t result;
	int error = ptrace_result(traced->tid, features, abi, &result);

	if (!error)
		error = ptrace_restore(traced->tid, abi, &traced->then->saved, result < 0 ? &result : NULL);
	traced_drop_then(traced);
	return error;
}

int trace_then_step(struct traced *traced, struct kfeat *features, const struct stop *stop)
{
	int error;

	if (stop->kind == STOP_EXIT && traced->then->entered)
		return trace_then_end(traced, features);
	if (stop->kind == STOP_EXIT) {
		/* The entry: the first of a pair of stops that look the same. */
		traced->then->entered = true;
		error = ptrace_detour_entered(traced->tid, traced->call->abi, traced->then->nr);
		error = error < 0 ? error : ptrace_resume(traced->tid, RESUME_TO_EXIT, 0);
	} else {
		error = traced->then->entered ? trace_then_check(traced, features) : -EPROTO;
	}
	return error < 0 ? error : 1;
}
