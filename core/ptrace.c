/*
 * Raw requests and their numbers: libc's headers know less than the kernels that we run on. What
 * the kernel says of a call is taken from PTRACE_GET_SYSCALL_INFO (5.3); registers are
 * written as a set, or with PTRACE_SET_SYSCALL_INFO (6.16) where the set is of no use.
 */
#include "core/ptrace.h"

#include <errno.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <sched.h>
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

#define PTRACE_OPTIONS_OURS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | \
		PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

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
	return 0;
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
	if (change->changed & PTRACE_CHANGES_NR)
		regs_set_nr(abi, set.map, set.bytes, change->nr);
	for (unsigned i = 0; i < 6; i++)
		if (change->changed & (1U << i))
			regs_set_arg(abi, set.map, set.bytes, i, change->args[i]);
	return ptrace_put_set(tid, &set);
}

int ptrace_change(pid_t tid, struct kfeat *features, const struct abi *abi, const struct ptrace_change *change)
{
	int error = features->set_syscall_info ? ptrace_change_by_info(tid, features, change) : -EIO;

	return error == -EIO ? ptrace_change_by_set(tid, abi, change) : error;
}

int ptrace_give_back(pid_t tid, const struct abi *abi, const uint64_t args[6], unsigned changed)
{
	struct ptrace_change before = { .changed = changed & ~PTRACE_CHANGES_NR, .args = args };

	return ptrace_change_by_set(tid, abi, &before);
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
	regs_set_nr(abi, set.map, set.bytes, -1);
	if (sticks)
		regs_set_result(abi, set.map, set.bytes, result);
	error = ptrace_put_set(tid, &set);
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

int ptrace_set_result(pid_t tid, struct kfeat *features, const struct abi *abi, int64_t result)
{
	int error = features->set_syscall_info ? ptrace_set_result_by_info(tid, features, result) : -EIO;

	return error == -EIO ? ptrace_change_left(tid, abi, result) : error;
}

int ptrace_left_call(pid_t tid, struct ptrace_call *call_out, int64_t *result_out)
{
	struct ptrace_syscall_info info;
	long error = ptrace_call(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), (unsigned long)(uintptr_t)&info);

	*call_out = (struct ptrace_call){ .abi = error < 0 ? NULL : abi_find(info.arch, 0), .nr = -1 };
	if (error < 0)
		return (int)error;
	return call_out->abi ? ptrace_call_from_set(tid, call_out, result_out) : -EPROTO;
}

/* vfork asks for the same memory, fork for a copy, clone says it in its flags. */
int ptrace_fork_flags(pid_t tid)
{
	struct ptrace_call made;
	int64_t child;
	int error = ptrace_left_call(tid, &made, &child);
	enum sysno sysno = error < 0 ? SC_none : abi_sysno(made.abi, made.nr);

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

static int ptrace_swap_signals(pid_t tid, uint64_t blocked, uint64_t *before_out)
{
	long error = 0;

	if (before_out)
		error = ptrace_call(PTRACE_GETSIGMASK, tid, sizeof(*before_out), (unsigned long)(uintptr_t)before_out);
	if (error >= 0)
		error = ptrace_call(PTRACE_SETSIGMASK, tid, sizeof(blocked), (unsigned long)(uintptr_t)&blocked);
	return error < 0 ? (int)error : 0;
}

int ptrace_detour(pid_t tid, const struct abi *abi, int64_t nr, const uint64_t args[6], struct ptrace_saved *saved)
{
	struct ptrace_set set;
	int error = ptrace_get_set(tid, abi, &set);

	if (error < 0)
		return error;
	saved->length = set.length;
	memcpy(saved->set, set.bytes, set.length);
	error = ptrace_swap_signals(tid, UINT64_MAX, &saved->signals);
	if (error < 0)
		return error;
	regs_repeat(abi, set.map, set.bytes, nr, args);
	return ptrace_put_set(tid, &set);
}

int ptrace_restore(pid_t tid, const struct abi *abi, struct ptrace_saved *saved, const int64_t *result)
{
	struct ptrace_set set = { .length = saved->length, .map = regs_map(abi, saved->length) };
	int error;

	memcpy(set.bytes, saved->set, saved->length);
	if (result)
		regs_set_result(abi, set.map, set.bytes, *result);
	error = ptrace_put_set(tid, &set);
	return error < 0 ? error : ptrace_swap_signals(tid, saved->signals, NULL);
}
