/*
 * Raw requests and their numbers: libc's headers know less than the kernels that we run on. What
 * the kernel says of a call is taken from PTRACE_GET_SYSCALL_INFO (5.3); registers are
 * written as a set, or with PTRACE_SET_SYSCALL_INFO (6.16) where the set is of no use. What an ABI
 * has of its own is said in its register map.
 */
#include "core/ptrace.h"

#include <errno.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/regs.h"
#include "core/kfeat.h"
#include "core/trace_data.h"
#include "core/util.h"

#ifndef PTRACE_SET_SYSCALL_INFO
#define PTRACE_SET_SYSCALL_INFO 0x4212 /* 6.16 */
#endif

#define PTRACE_SET_NUMBER 23       /* arm's PTRACE_SET_SYSCALL */
#define PTRACE_SET_OF_NUMBER 0x404 /* NT_ARM_SYSTEM_CALL */

/*
 * mips: what the register sets lack. r0 is 0, or the number of the call that failed, which is then restarted; r26 the
 * call's fourth argument, whose register says after the call whether it failed.
 */
#define PTRACE_SLOT_R0 0
#define PTRACE_SLOT_R26 26
#define PTRACE_FLAGGED_ARG 3
#define PTRACE_SLOT_CAUSE 65
#define PTRACE_CAUSE(slot) ((slot) >> 2 & 31)
#define PTRACE_CAUSE_CALL 8
#define PTRACE_ERESTARTSYS (-512)

#define PTRACE_OPTIONS_OURS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | \
		PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/* Of the kernel's signal sets: 64 signals, 128 on mips. */
#define PTRACE_SIGNAL_BYTES ((unsigned long)NSIG / 8)

struct ptrace_set {
	const struct regmap *map;
	size_t length;
	_Alignas(16) unsigned char bytes[REGS_MAX];
};

static long ptrace_call(unsigned long request, pid_t tid, unsigned long address, unsigned long data)
{
	return errno_result(syscall(SYS_ptrace, request, (long)tid, address, data));
}

int ptrace_seize(pid_t pid)
{
	return (int)ptrace_call(PTRACE_SEIZE, pid, 0, PTRACE_OPTIONS_OURS);
}

/* The message of an event; the thread may be killed meanwhile, then nothing of the stop matters. */
static unsigned long ptrace_message(pid_t tid)
{
	unsigned long message = 0;

	return ptrace_call(PTRACE_GETEVENTMSG, tid, 0, (unsigned long)(uintptr_t)&message) < 0 ? 0 : message;
}

static enum stop_kind ptrace_stop_kind(int event, int signal)
{
	switch (event) {
	case 0:
		return signal == (SIGTRAP | 0x80) ? STOP_EXIT : STOP_SIGNAL;
	case PTRACE_EVENT_SECCOMP:
		return STOP_SECCOMP;
	case PTRACE_EVENT_EXEC:
		return STOP_EXEC;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		return STOP_FORK;
	case PTRACE_EVENT_STOP:
		return signal == SIGTRAP ? STOP_NOTICE : STOP_GROUP;
	default:
		return STOP_OTHER;
	}
}

static void ptrace_decode(const siginfo_t *info, struct stop *stop_out)
{
	int event = info->si_status >> 8;
	int signal = info->si_status & 0xff;

	*stop_out = (struct stop){ .kind = STOP_ENDED, .tid = info->si_pid };
	if (info->si_code != CLD_TRAPPED)
		return;
	stop_out->kind = ptrace_stop_kind(event, signal);
	stop_out->signal = signal;
	if (stop_out->kind == STOP_FORK)
		stop_out->child = (pid_t)ptrace_message(info->si_pid);
	if (stop_out->kind == STOP_EXEC)
		stop_out->former = (pid_t)ptrace_message(info->si_pid);
}

int ptrace_next(struct stop *stop_out)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | __WALL) < 0)
		return errno == ECHILD ? 0 : -errno;
	if (info.si_pid == 0)
		return 0;
	/* A child of ours that is not traced was stopped: nothing to us. */
	if (info.si_code == CLD_STOPPED)
		return ptrace_next(stop_out);
	ptrace_decode(&info, stop_out);
	return 1;
}

bool ptrace_is_ours(pid_t tid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) == 0;
}

int ptrace_resume(pid_t tid, enum resume how, int signal)
{
	static const unsigned long requests[] = {
		[RESUME_RUN] = PTRACE_CONT,
		[RESUME_TO_EXIT] = PTRACE_SYSCALL,
		[RESUME_LISTEN] = PTRACE_LISTEN,
	};

	return (int)ptrace_call(requests[how], tid, 0, (unsigned long)signal);
}

/* The length of a set never tells the ABI; it selects the map among those of the ABI. */
static int ptrace_get_set(pid_t tid, const struct abi *abi, struct ptrace_set *set)
{
	struct iovec where = { .iov_base = set->bytes, .iov_len = sizeof(set->bytes) };
	long error = ptrace_call(PTRACE_GETREGSET, tid, NT_PRSTATUS, (unsigned long)(uintptr_t)&where);

	if (error < 0)
		return (int)error;
	set->length = where.iov_len;
	set->map = regs_map(abi, where.iov_len);
	return set->map ? 0 : -EPROTO;
}

static int ptrace_put_set(pid_t tid, struct ptrace_set *set)
{
	struct iovec where = { .iov_base = set->bytes, .iov_len = set->length };

	return (int)ptrace_call(PTRACE_SETREGSET, tid, NT_PRSTATUS, (unsigned long)(uintptr_t)&where);
}

/* At an entry: the set, and another number for the call, which may have to go another way. */
static int ptrace_put_call(pid_t tid, const struct abi *abi, struct ptrace_set *set, int64_t nr)
{
	int number = (int)nr;
	struct iovec where = { .iov_base = &number, .iov_len = sizeof(number) };
	int error;

	if (set->map->nr_by == REGS_NR_IN_SET)
		regs_set_nr(abi, set->map, set->bytes, nr);
	error = ptrace_put_set(tid, set);
	if (error < 0 || set->map->nr_by == REGS_NR_IN_SET)
		return error;
	if (set->map->nr_by == REGS_NR_BY_REQUEST)
		return (int)ptrace_call(PTRACE_SET_NUMBER, tid, 0, (unsigned long)number);
	return (int)ptrace_call(PTRACE_SETREGSET, tid, PTRACE_SET_OF_NUMBER, (unsigned long)(uintptr_t)&where);
}

/* 0, -EPROTO when the thread is not at that side of a call. */
static int ptrace_get_info(pid_t tid, unsigned op, struct ptrace_syscall_info *info)
{
	long length = ptrace_call(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*info), (unsigned long)(uintptr_t)info);

	if (length < 0)
		return (int)length;
	return info->op == op ? 0 : -EPROTO;
}

/* An older kernel does not know the request (EIO): it is not asked again. */
static int ptrace_put_info(pid_t tid, struct kfeat *features, const struct ptrace_syscall_info *info)
{
	long error = ptrace_call(PTRACE_SET_SYSCALL_INFO, tid, sizeof(*info), (unsigned long)(uintptr_t)info);

	if (error == -EIO)
		features->set_syscall_info = false;
	return (int)error;
}

/*
 * Arguments on the stack (mips o32): before 6.15 the kernel looks for them in our own memory. It took the target's
 * when the call began, and 0 for what cannot be read; another thread may have written there since.
 */
static void ptrace_read_stack(pid_t tid, uint64_t stack, struct ptrace_call *call)
{
	uint32_t words[2];
	unsigned long word;

	/* By the right of a tracer, which the capability that reading otherwise needs for another user's is not. */
	for (size_t at = 0; at < sizeof(words); at += sizeof(word)) {
		if (ptrace_call(PTRACE_PEEKDATA, tid, (unsigned long)(stack + 16 + at),
			    (unsigned long)(uintptr_t)&word) < 0)
			word = 0;
		memcpy((char *)words + at, &word, sizeof(word));
	}
	call->args[4] = words[0];
	call->args[5] = words[1];
}

/* The information is about the call within, with arguments one further: what else would be read from the stack. */
static int ptrace_refuse_indirect(pid_t tid, const struct abi *abi)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	return abi_sysno(abi, regs_nr(abi, set.map, set.bytes)) == SC_syscall ? -EOPNOTSUPP : 0;
}

static int ptrace_entry_from_info(pid_t tid, struct ptrace_call *call_out)
{
	struct ptrace_syscall_info info;
	int error = ptrace_get_info(tid, PTRACE_SYSCALL_INFO_SECCOMP, &info);

	if (error < 0)
		return error;
	call_out->nr = (int64_t)info.seccomp.nr;
	call_out->abi = abi_find(info.arch, call_out->nr);
	call_out->data = (uint16_t)info.seccomp.ret_data;
	for (unsigned i = 0; i < 6; i++)
		call_out->args[i] = info.seccomp.args[i];
	if (!call_out->abi || !call_out->abi->stack_args)
		return 0;
	ptrace_read_stack(tid, info.stack_pointer, call_out);
	return ptrace_refuse_indirect(tid, call_out->abi);
}

/* Number and arguments of a call of this ABI, and what lies where its result does. */
static int ptrace_call_from_set(pid_t tid, struct ptrace_call *call, int64_t *result_out)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, call->abi, &set);

	if (error < 0)
		return error;
	call->nr = regs_nr(call->abi, set.map, set.bytes);
	for (unsigned i = 0; i < 6; i++)
		call->args[i] = regs_arg(call->abi, set.map, set.bytes, i);
	*result_out = regs_result(call->abi, set.map, set.bytes);
	return 0;
}

static int ptrace_entry_from_set(pid_t tid, struct ptrace_call *call_out)
{
	int64_t no_result;

	call_out->data = (uint16_t)ptrace_message(tid);
	call_out->abi = abi_at(call_out->data >> TRACE_DATA_SHIFT);
	return call_out->abi ? ptrace_call_from_set(tid, call_out, &no_result) : 0;
}

int ptrace_call_at_entry(pid_t tid, const struct kfeat *features, struct ptrace_call *call_out)
{
	*call_out = (struct ptrace_call){ 0 };
	return features->get_syscall_info ? ptrace_entry_from_info(tid, call_out)
					  : ptrace_entry_from_set(tid, call_out);
}

int ptrace_result(pid_t tid, const struct kfeat *features, const struct abi *abi, int64_t *result_out)
{
	struct ptrace_syscall_info info;
	struct ptrace_set set;
	int error;

	if (features->get_syscall_info) {
		error = ptrace_get_info(tid, PTRACE_SYSCALL_INFO_EXIT, &info);
		*result_out = error < 0 ? 0 : info.exit.rval;
		return error;
	}
	error = ptrace_get_set(tid, abi, &set);
	if (!error)
		*result_out = regs_result(abi, set.map, set.bytes);
	return error;
}

static int ptrace_change_by_info(pid_t tid, struct kfeat *features, const struct ptrace_change *change)
{
	struct ptrace_syscall_info info;
	int error = ptrace_get_info(tid, PTRACE_SYSCALL_INFO_SECCOMP, &info);

	if (error < 0)
		return error;
	if (change->changed & PTRACE_CHANGES_NR)
		info.seccomp.nr = (uint64_t)change->nr;
	for (unsigned i = 0; i < 6; i++)
		if (change->changed & (1U << i))
			info.seccomp.args[i] = change->args[i];
	return ptrace_put_info(tid, features, &info);
}

static int ptrace_change_by_set(pid_t tid, const struct abi *abi, const struct ptrace_change *change)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	if (change->changed & set.map->fixed_args)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < 6; i++)
		if (change->changed & (1U << i))
			regs_set_arg(abi, set.map, set.bytes, i, change->args[i]);
	return change->changed & PTRACE_CHANGES_NR ? ptrace_put_call(tid, abi, &set, change->nr)
						   : ptrace_put_set(tid, &set);
}

int ptrace_change(pid_t tid, struct kfeat *features, const struct abi *abi, const struct ptrace_change *change)
{
	int error = features->set_syscall_info ? ptrace_change_by_info(tid, features, change) : -EIO;

	return error == -EIO ? ptrace_change_by_set(tid, abi, change) : error;
}

int ptrace_give_back(pid_t tid, const struct abi *abi, const uint64_t args[6], unsigned changed)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < 6; i++)
		if (changed & (1U << i))
			regs_give_back(abi, set.map, set.bytes, i, args[i]);
	return ptrace_put_set(tid, &set);
}

/* A number of -1 skips the call and gives ENOSYS; there is no room for another result (6.16). */
static int ptrace_skip_by_info(pid_t tid, struct kfeat *features)
{
	struct ptrace_syscall_info info;
	int error = ptrace_get_info(tid, PTRACE_SYSCALL_INFO_SECCOMP, &info);

	if (error < 0)
		return error;
	info.seccomp.nr = (uint64_t)-1;
	return ptrace_put_info(tid, features, &info);
}

int ptrace_skip(pid_t tid, struct kfeat *features, const struct abi *abi, int64_t result)
{
	bool sticks = features->entry_result && abi->result_sticks;
	struct ptrace_set set;
	int error = !sticks && features->set_syscall_info ? ptrace_skip_by_info(tid, features) : -EIO;

	if (error != -EIO)
		return error;
	error = ptrace_get_set(tid, abi, &set);
	if (error < 0)
		return error;
	if (sticks)
		regs_set_entry_result(abi, set.map, set.bytes, result);
	error = ptrace_put_call(tid, abi, &set, -1);
	return error < 0 ? error : sticks;
}

static int ptrace_set_result_by_info(pid_t tid, struct kfeat *features, int64_t result)
{
	struct ptrace_syscall_info info;
	int error = ptrace_get_info(tid, PTRACE_SYSCALL_INFO_EXIT, &info);

	if (error < 0)
		return error;
	info.exit.rval = result;
	info.exit.is_error = result < 0;
	return ptrace_put_info(tid, features, &info);
}

int ptrace_change_left(pid_t tid, const struct abi *abi, int64_t result)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	regs_set_result(abi, set.map, set.bytes, result);
	return ptrace_put_set(tid, &set);
}

int ptrace_set_result(pid_t tid, struct kfeat *features, const struct abi *abi, int64_t nr, int64_t result)
{
	bool by_info = features->set_syscall_info && !abi->number_is_kept;
	int error = by_info ? ptrace_set_result_by_info(tid, features, result) : -EIO;
	struct ptrace_set set;

	if (error != -EIO)
		return error;
	error = ptrace_get_set(tid, abi, &set);
	if (error < 0)
		return error;
	regs_set_result(abi, set.map, set.bytes, result);
	if (abi->number_is_kept)
		regs_give_back_nr(abi, set.map, set.bytes, nr);
	return ptrace_put_set(tid, &set);
}

/* The lowest bit is dropped when the program goes on, in both kinds of code. */
int ptrace_mark_address(pid_t tid, const struct abi *abi, bool mark)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);
	uint64_t address = error < 0 ? 0 : regs_ip(abi, set.map, set.bytes);

	if (error < 0 || (address & 1) == mark)
		return error;
	regs_set_ip(abi, set.map, set.bytes, address ^ 1);
	return ptrace_put_set(tid, &set);
}

static unsigned long ptrace_slot(pid_t tid, unsigned long slot)
{
	unsigned long value = 0;

	return ptrace_call(PTRACE_PEEKUSR, tid, slot, (unsigned long)(uintptr_t)&value) < 0 ? 0 : value;
}

int ptrace_left_call(pid_t tid, struct ptrace_call *call_out, int64_t *result_out)
{
	struct ptrace_syscall_info info;
	long error = ptrace_call(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), (unsigned long)(uintptr_t)&info);

	*call_out = (struct ptrace_call){ .abi = error < 0 ? NULL : abi_find(info.arch, 0), .nr = -1 };
	if (error < 0)
		return (int)error;
	error = call_out->abi ? ptrace_call_from_set(tid, call_out, result_out) : -EPROTO;
	/* ABIs that share an audit value have their registers in the same places: the number tells which it was. */
	if (error >= 0)
		call_out->abi = abi_find(info.arch, call_out->nr);
	if (error >= 0 && call_out->abi && call_out->abi->loses_restarts && ptrace_slot(tid, PTRACE_SLOT_R0)) {
		call_out->nr = (int64_t)ptrace_slot(tid, PTRACE_SLOT_R0);
		call_out->args[PTRACE_FLAGGED_ARG] = ptrace_slot(tid, PTRACE_SLOT_R26);
	}
	return (int)error;
}

/* A filter's answer leaves r0 alone. Without the cause, that may be any registers at all, of a thread in no call. */
bool ptrace_restart_is_lost(pid_t tid, const struct abi *abi, int64_t result)
{
	return abi->loses_restarts && result == PTRACE_ERESTARTSYS && !ptrace_slot(tid, PTRACE_SLOT_R0) &&
	       PTRACE_CAUSE(ptrace_slot(tid, PTRACE_SLOT_CAUSE)) == PTRACE_CAUSE_CALL;
}

int ptrace_restart(pid_t tid, int64_t nr)
{
	return (int)ptrace_call(PTRACE_POKEUSR, tid, PTRACE_SLOT_R0, (unsigned long)nr);
}

static int ptrace_signals(unsigned long request, pid_t tid, const uint64_t *signals)
{
	return (int)ptrace_call(request, tid, PTRACE_SIGNAL_BYTES, (unsigned long)(uintptr_t)signals);
}

int ptrace_detour(pid_t tid, const struct abi *abi, int64_t nr, const uint64_t args[6], struct ptrace_saved *saved)
{
	static const uint64_t all[] = { UINT64_MAX, UINT64_MAX };
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	saved->length = set.length;
	memcpy(saved->set, set.bytes, set.length);
	error = ptrace_signals(PTRACE_GETSIGMASK, tid, saved->signals);
	if (error >= 0)
		error = ptrace_signals(PTRACE_SETSIGMASK, tid, all);
	if (error < 0)
		return error;
	regs_repeat(abi, set.map, set.bytes, nr, args);
	return ptrace_put_set(tid, &set);
}

int ptrace_detour_entered(pid_t tid, const struct abi *abi, int64_t nr)
{
	struct ptrace_set set;
	int error = abi->number_in_code ? ptrace_get_set(tid, abi, &set) : 0;

	return error < 0 || !abi->number_in_code ? error : ptrace_put_call(tid, abi, &set, nr);
}

int ptrace_restore(pid_t tid, const struct abi *abi, struct ptrace_saved *saved, const int64_t *result)
{
	struct ptrace_set set = { .length = saved->length, .map = regs_map(abi, saved->length) };
	int error;

	memcpy(set.bytes, saved->set, saved->length);
	if (result)
		regs_set_result(abi, set.map, set.bytes, *result);
	error = ptrace_put_set(tid, &set);
	return error < 0 ? error : ptrace_signals(PTRACE_SETSIGMASK, tid, saved->signals);
}
