/*
 * A traced call from its entry stop to its exit: the kernel's word on it is compared with the
 * plan's, its handler is asked, its verdict becomes registers and the way on, and what really
 * happened is looked at before the thread runs again. Any doubt kills the process.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/fatal.h"
#include "core/held.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/plan.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/trace.h"
#include "core/trace_call.h"
#include "core/trace_data.h"
#include "core/trace_then.h"
#include "core/util.h"

/* Never reaped, so its number is its own; also a thread that does not lead its process stands for it. */
void trace_kill(struct tracer *tracer, pid_t tid, const char *why)
{
	if (why)
		log_event(tracer->supervisor->log, "trace", "process of thread %d killed: %s", (int)tid, why);
	/* Stopped for ever otherwise; our own end kills whom we trace. */
	if (syscall(SYS_kill, tid, SIGKILL) < 0 && errno != ESRCH)
		fatal_end("a traced process cannot be killed");
}

void trace_resume(struct tracer *tracer, pid_t tid, enum resume how, int signal)
{
	int error = ptrace_resume(tid, how, signal);

	if (error < 0 && error != -ESRCH)
		trace_kill(tracer, tid, "it could not be resumed");
}

static struct tracer *trace_of(const struct call *call)
{
	return call->sandbox->supervisor->tracer;
}

static bool trace_is_exec(const struct call *call)
{
	return call->sysno == SC_execve || call->sysno == SC_execveat;
}

/* The exec of a thread that does not lead its process is under way (+1), or over (-1). */
static void trace_count_exec(struct call *call, int more)
{
	struct tracer *tracer = trace_of(call);
	struct traced *leader = call->leader != call->tid ? traced_find(&tracer->table, call->leader) : NULL;

	if (!leader)
		return;
	assert(more > 0 || leader->execs > 0);
	leader->execs += (unsigned)more;
	if (leader->execs == 0)
		traced_unpark(&tracer->table, leader);
}

/* ---- Verdicts at the entry stop ---- */

static void trace_kill_caller(struct call *call, const char *why)
{
	trace_kill(trace_of(call), call->tid, why);
}

/*
 * A thread that shares its directory may be where it must not be until we look, at the exit. A child that is forked in
 * that moment keeps it, so children are looked at too while such calls are under way (trace_pass).
 */
static void trace_count_chdir(struct call *call)
{
	const struct traced *traced = traced_find(&trace_of(call)->table, call->tid);

	if ((call->sysno != SC_chdir && call->sysno != SC_fchdir) || !traced || !traced->shares_directory)
		return;
	call->counted = true;
	if (call->sandbox->chdirs++ > 0)
		call->sandbox->cwd_doubtful = true;
}

/* The call runs; with H_EXIT we look again when it is done. */
static bool trace_let_run(struct call *call)
{
	const struct traced *traced = traced_find(&trace_of(call)->table, call->tid);
	bool leaves = (call->handler->flags & H_EXIT) || call->changed || (traced && traced->holds_memory);

	if (leaves && trace_is_exec(call)) {
		/* A thread that shares its memory with nobody is the only one, and leads. */
		call->leader = call_shares_memory(call) ? identity_leader(call) : call->tid;
		if (call->leader < 0) {
			if (call->leader != -ESRCH)
				trace_kill_caller(call, "its process is unknown");
			return false;
		}
		trace_count_exec(call, 1);
	}
	if (leaves)
		trace_count_chdir(call);
	trace_resume(trace_of(call), call->tid, leaves ? RESUME_TO_EXIT : RESUME_RUN, 0);
	return leaves;
}

static bool trace_rewrite(struct call *call)
{
	struct ptrace_change change = { .changed = call->changed, .nr = call->nr, .args = call->other_args };
	int error = ptrace_change(call->tid, &call->sandbox->supervisor->features, call->abi, &change);

	if (error == 0)
		return trace_let_run(call);
	if (error != -ESRCH)
		trace_kill_caller(call, "its registers could not be written");
	return false;
}

static bool trace_skip(struct call *call, int64_t result)
{
	int placed = ptrace_skip(call->tid, &call->sandbox->supervisor->features, call->abi, result);

	if (placed < 0) {
		if (placed != -ESRCH)
			trace_kill_caller(call, "a refused call could not be skipped");
		return false;
	}
	call->skipped = true;
	call->result = result;
	trace_resume(trace_of(call), call->tid, placed ? RESUME_RUN : RESUME_TO_EXIT, 0);
	return !placed;
}

bool trace_answer(struct call *call, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_CONTINUE:
		return trace_let_run(call);
	case VERDICT_REWRITE:
		return trace_rewrite(call);
	case VERDICT_FAIL:
		return trace_skip(call, -verdict->value);
	case VERDICT_RETURN:
		return trace_skip(call, verdict->value);
	case VERDICT_KILL:
		trace_kill_caller(call, "by verdict");
		return false;
	case VERDICT_WAIT:
	case VERDICT_ADD_FD:
		break;
	}
	assert(!"not an answer to a traced call");
	return false;
}

/* A call that nobody made, at its exit: its handler looks at what is there now. */
static struct call *trace_begin_judging(const struct traced *traced, enum sysno sysno, const uint64_t args[6])
{
	struct call *call = call_pool_take_spare(traced->sandbox);

	call_fill(call, 0, traced->tid, abi_native()->audit_arch, abi_nr(abi_native(), sysno), args);
	call->traced = true;
	call_advance(call, CALL_EVENT_START);
	call_advance(call, CALL_EVENT_ANSWER);
	call_advance(call, CALL_EVENT_LEAVE);
	return call;
}

bool trace_judge_directory(const struct traced *traced)
{
	const struct sandbox *sandbox = traced->sandbox;
	struct held_identity start;
	struct call *call;
	bool allowed;

	if (!sandbox->chdirs && !sandbox->cwd_doubtful)
		return true;
	call = trace_begin_judging(traced, SC_fchdir, (const uint64_t[6]){ (uint64_t)-1 });
	allowed = held_identify(sandbox->start_directory, &start) == 0 && held_cwd_is(call, &start) == 1;
	if (!allowed)
		allowed = dispatch_leave(call);
	dispatch_lost(call);
	return allowed;
}

bool trace_judge_memory(const struct traced *traced)
{
	/* Up to the last page, which s390x has addresses in; in whole pages, also where registers have 32 bits. */
	const uint64_t everything[6] = { 0, ~((uint64_t)getpagesize() - 1) };
	struct call *call;
	bool allowed;

	/* Memory is not judged at all where mprotect is not. */
	if (!plan_find(traced->sandbox->plan, SC_mprotect))
		return true;
	call = trace_begin_judging(traced, SC_mprotect, everything);
	allowed = dispatch_leave(call);
	dispatch_lost(call);
	return allowed;
}

/* Every thread that shares its directory with somebody, now and from now on. */
static void trace_doubt_directory(struct tracer *tracer, struct sandbox *sandbox)
{
	struct traced *traced = NULL;

	sandbox->cwd_doubtful = true;
	while ((traced = traced_next(&tracer->table, traced)))
		if (traced->sandbox == sandbox && traced->shares_directory && !traced->fresh &&
			!trace_judge_directory(traced))
			trace_kill(tracer, traced->tid, NULL);
}

/* Processes apart that share what went wrong die with the caller; what: KCMP_VM or KCMP_FS. */
static void trace_kill_sharers(struct tracer *tracer, const struct traced *caller, int what)
{
	struct traced *other = NULL;

	/* All are compared before any is killed: a thread of the caller's takes the caller with it. */
	while ((other = traced_next(&tracer->table, other))) {
		bool shares = what == KCMP_VM ? other->shares_memory : other->shares_directory;

		/* What cannot be compared counts as shared. */
		other->doomed =
			other != caller && shares && syscall(SYS_kcmp, caller->tid, other->tid, what, 0, 0) <= 0;
	}
	while ((other = traced_next(&tracer->table, other)))
		if (other->doomed)
			trace_kill(tracer, other->tid, NULL);
}

/* Its memory may be changed by others again: those who waited for that try once more. */
static void trace_let_go(struct tracer *tracer, struct traced *traced)
{
	struct traced *other = traced_next(&tracer->table, NULL);

	traced->holds_memory = false;
	tracer->table.holders--;
	for (; tracer->table.parked && other; other = traced_next(&tracer->table, other))
		if (other->execs == 0)
			traced_unpark(&tracer->table, other);
}

void trace_forget(struct call *call)
{
	struct tracer *tracer = trace_of(call);
	struct traced *traced = traced_find(&tracer->table, call->tid);

	if (call->counted) {
		call->sandbox->chdirs--;
		/* Nobody has looked where it went: whoever shares that directory may be there. */
		if (!call->judged)
			trace_doubt_directory(tracer, call->sandbox);
	}
	if (!traced || traced->call != call)
		return;
	traced->call = NULL;
	if (traced->holds_memory)
		trace_let_go(tracer, traced);
}

/* ---- Stops of calls ---- */

static bool trace_moves_pages(enum sysno sysno)
{
	static const enum sysno calls[] = { SC_mmap, SC_mmap2, SC_old_mmap, SC_mprotect, SC_pkey_mprotect, SC_mremap };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i] == sysno)
			return true;
	return false;
}

/* True while another thread is between such a call and the look at it, in the same memory. */
static bool trace_memory_is_held(const struct tracer *tracer, const struct traced *traced)
{
	const struct traced *other = tracer->table.holders ? traced_next(&tracer->table, NULL) : NULL;

	for (; other; other = traced_next(&tracer->table, other))
		if (other != traced && other->holds_memory &&
			syscall(SYS_kcmp, traced->tid, other->tid, KCMP_VM, 0, 0) <= 0)
			return true;
	return false;
}

/* The kernel's word, the filter's and the plan must agree; a filter of the payload's own may say anything. */
static bool trace_fits(const struct sandbox *sandbox, const struct ptrace_call *at)
{
	enum sysno sysno = at->abi ? abi_sysno(at->abi, at->nr) : SC_none;
	const struct plan_entry *entry;

	if (sysno == SC_none || at->data != trace_data(at->abi, sysno))
		return false;
	entry = plan_decide(sandbox->plan, at->abi, sysno, at->args);
	return entry && entry->action == PLAN_TRACE;
}

void trace_entry(struct tracer *tracer, struct traced *traced, const struct stop *stop)
{
	struct ptrace_call at;
	struct call *call;
	int error = ptrace_call_at_entry(stop->tid, &tracer->supervisor->features, &at);

	if (error == -ESRCH)
		return;
	if (error < 0 || traced->call || !trace_fits(traced->sandbox, &at)) {
		trace_kill(tracer, stop->tid, "a traced call that does not fit the plan");
		return;
	}
	if (traced->shares_memory && trace_moves_pages(abi_sysno(at.abi, at.nr))) {
		if (trace_memory_is_held(tracer, traced)) {
			traced_park(&tracer->table, traced);
			return;
		}
		traced->holds_memory = true;
		tracer->table.holders++;
	}
	call = call_pool_take(traced->sandbox);
	if (!call) {
		if (traced->holds_memory)
			trace_let_go(tracer, traced);
		traced_park(&tracer->table, traced);
		tracer->starved = true;
		return;
	}
	call_fill(call, 0, stop->tid, at.abi->audit_arch, at.nr, at.args);
	call->handler = handler_traced(call->sysno);
	call->traced = true;
	traced->call = call;
	dispatch_start(call);
}

/* The call of this thread is over, whatever came of it; an exec did not happen. */
void trace_finish(struct call *call)
{
	if (trace_is_exec(call) && !call->skipped && call->state == CALL_LEAVING)
		trace_count_exec(call, -1);
	dispatch_lost(call);
}

/* What happened may not be, and its handler has said so in the log. */
#define TRACE_JUDGED 2

/* What happened is looked at. 1: the thread has something to do for us, 0: it may go on, else it must die. */
static int trace_leave(struct tracer *tracer, struct traced *traced, struct call *call)
{
	struct kfeat *features = &tracer->supervisor->features;
	int error;

	if (call->skipped)
		return ptrace_set_result(call->tid, features, call->abi, call->nr, call->result);
	error = ptrace_result(call->tid, features, call->abi, &call->result);
	/* A program may count on its argument registers being as they were. */
	if (!error && call->changed)
		error = ptrace_give_back(call->tid, call->abi, call->args, call->changed);
	if (error < 0)
		return error;
	call->judged = true;
	if (!dispatch_leave(call))
		return TRACE_JUDGED;
	if (!call->then_mprotect)
		return 0;
	error = trace_then_begin(traced, SC_mprotect, call->then_args);
	return error < 0 ? error : 1;
}

/* Compared first: that takes the caller alive. */
static void trace_end_wrong(struct tracer *tracer, struct traced *traced, const char *why)
{
	traced->sandbox->cwd_doubtful |= traced->call->counted;
	if (traced->call->counted)
		trace_kill_sharers(tracer, traced, KCMP_FS);
	if (traced->shares_memory && trace_moves_pages(traced->call->sysno))
		trace_kill_sharers(tracer, traced, KCMP_VM);
	trace_kill(tracer, traced->tid, why);
}

void trace_exit(struct tracer *tracer, struct traced *traced, const struct stop *stop)
{
	struct call *call = traced->call;
	int result;

	if (!call || call->state != CALL_LEAVING) {
		trace_kill(tracer, traced->tid, "an exit that belongs to no call");
		return;
	}
	result = traced->then ? trace_then_step(traced, &tracer->supervisor->features, stop)
			      : trace_leave(tracer, traced, call);
	if (result == 1)
		return;
	/* Looked at again: between the two calls the others may have done something. */
	if (result == 0 && call->then_mprotect && !dispatch_leave(call))
		result = TRACE_JUDGED;
	if (result == 0)
		trace_resume(tracer, traced->tid, RESUME_RUN, 0);
	else if (result != -ESRCH)
		trace_end_wrong(tracer, traced, result < 0 ? "what its call did could not be read" : NULL);
	trace_finish(call);
}

/* The new program's thread has the number of its process now, whichever number made the call. */
static struct call *trace_take_over(struct tracer *tracer, struct traced *leader, pid_t former_tid)
{
	struct traced *former = former_tid != leader->tid ? traced_find(&tracer->table, former_tid) : NULL;

	leader->execs = 0;
	leader->stopped = false;
	leader->shares_memory = false;
	leader->fresh = false;
	if (former) {
		if (leader->call)
			dispatch_lost(leader->call);
		traced_drop_then(leader);
		leader->call = former->call;
		leader->shares_directory |= former->shares_directory;
		former->call = NULL;
		traced_remove(&tracer->table, former);
	}
	if (leader->call)
		leader->call->tid = leader->tid;
	return leader->call;
}

void trace_exec(struct tracer *tracer, struct traced *traced, const struct stop *stop)
{
	struct call *call;

	/* Killed in this stop, it could not tell; its end will follow. */
	if (!stop->former) {
		trace_kill(tracer, stop->tid, NULL);
		return;
	}
	call = trace_take_over(tracer, traced, stop->former);
	if (!call || call->state != CALL_LEAVING || !trace_is_exec(call)) {
		trace_kill(tracer, stop->tid, "an exec that belongs to no call");
		return;
	}
	call->result = 0;
	if (dispatch_leave(call) && trace_judge_directory(traced))
		trace_resume(tracer, stop->tid, RESUME_RUN, 0);
	else
		trace_kill(tracer, stop->tid, NULL);
	dispatch_lost(call);
}

bool call_shares_memory(const struct call *call)
{
	const struct traced *traced = traced_find(&trace_of(call)->table, call->tid);

	return !traced || traced->shares_memory;
}
