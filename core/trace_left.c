/*
 * Registers tell the call of a thread, but on some machines not during it: then the kernel is asked for what it took.
 * Nothing here changes a thread.
 */
#include "core/trace_left.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#include "arch/arch.h"
#include "core/call.h"
#include "core/process.h"
#include "core/ptrace.h"
#include "core/traced.h"

/* Of an indirect call (o32) the kernel tells the one within, as of s390x and riscv64 what is gone from registers. */
static bool trace_left_is_hidden(const struct ptrace_call *left)
{
	return left->abi && (left->abi->call_is_lost || abi_sysno(left->abi, left->nr) == SC_syscall);
}

int trace_kernel_call(const struct traced *traced, int64_t *number_out, uint64_t args_out[6])
{
	struct call asker = { .sandbox = traced->sandbox, .tid = traced->tid, .traced = true };

	return process_call_read(&asker, number_out, args_out);
}

int trace_left_call(const struct traced *traced, struct ptrace_call *call_out, int64_t *result_out)
{
	int error = ptrace_left_call(traced->tid, call_out, result_out);

	if (error < 0 || !trace_left_is_hidden(call_out))
		return error;
	return trace_kernel_call(traced, &call_out->nr, call_out->args);
}

/* vfork asks for the same memory, fork for a copy, clone says it in its flags. */
int trace_fork_flags(const struct traced *traced)
{
	struct ptrace_call made;
	int64_t child;
	int error = trace_left_call(traced, &made, &child);
	enum sysno sysno = error < 0 || !made.abi ? SC_none : abi_sysno(made.abi, made.nr);

	if (error < 0)
		return error;
	if (sysno == SC_fork)
		return 0;
	if (sysno == SC_vfork)
		return CLONE_VM;
	if (sysno != SC_clone)
		return -EPROTO;
	return (int)made.args[made.abi->clone_flags_arg] & (CLONE_VM | CLONE_FS);
}
