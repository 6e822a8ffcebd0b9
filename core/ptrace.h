/*
 * The only file that calls ptrace, and the only one in the supervisor that waits: wait
 * statuses decoded once into a closed type, registers and syscall information, the ways to go on.
 * Every function returns -ESRCH when the thread is dead or dying, which is normal.
 */
#ifndef KENNEL_CORE_PTRACE_H
#define KENNEL_CORE_PTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct abi;
struct kfeat;

enum stop_kind {
	STOP_SECCOMP, /* a filter said RET_TRACE */
	STOP_EXIT,    /* the exit side of a call */
	STOP_EXEC,    /* a new program is loaded, nothing of it ran; former: the thread's number before */
	STOP_FORK,    /* fork, vfork or clone: the child is traced too, and will stop on its own */
	STOP_NOTICE,  /* a new thread's first stop, an interrupt, the end of a group stop */
	STOP_GROUP,   /* stopped by job control */
	STOP_SIGNAL,  /* a signal is about to be delivered */
	STOP_OTHER,   /* a stop that nobody asked for */
	STOP_ENDED,   /* the thread is gone; it was reaped */
};

struct stop {
	enum stop_kind kind;
	pid_t tid;
	int signal;   /* STOP_SIGNAL, STOP_GROUP */
	pid_t former; /* STOP_EXEC; 0: unknown, it is dying */
	pid_t child;  /* STOP_FORK; 0: unknown */
};

/* How a stopped thread goes on. */
enum resume { RESUME_RUN, RESUME_TO_EXIT, RESUME_LISTEN };

/* A call as the kernel tells it at a seccomp stop. */
struct ptrace_call {
	const struct abi *abi; /* NULL: unknown */
	int64_t nr;
	uint64_t args[6];
	uint16_t data; /* the filter's 16 bits */
};

/* From now on this process and what it starts stop for us, and die with us. 0 or -errno. */
int ptrace_seize(pid_t pid);

/* The next event, without waiting: 1, 0 when there is none, or -errno. */
int ptrace_next(struct stop *stop_out);

int ptrace_resume(pid_t tid, enum resume how, int signal);

/* Where the kernel itself does not name the ABI, the filter's data do. */
int ptrace_call_at_entry(pid_t tid, const struct kfeat *features, struct ptrace_call *call_out);

/* True when this thread is traced by us and not reaped yet. */
bool ptrace_is_ours(pid_t tid);

/* At an exit stop: the result, -errno when the call failed. */
int ptrace_result(pid_t tid, const struct kfeat *features, const struct abi *abi, int64_t *result_out);

/* What of a call becomes another at its entry: bits of arguments in `changed`, and PTRACE_CHANGES_NR. */
#define PTRACE_CHANGES_NR (1U << 6)
struct ptrace_change {
	unsigned changed;
	int64_t nr;
	const uint64_t *args; /* 6 */
};
int ptrace_change(pid_t tid, struct kfeat *features, const struct abi *abi, const struct ptrace_change *change);

/* At an exit: the argument registers whose bit is set are again what they were at the entry. 0 or -errno. */
int ptrace_give_back(pid_t tid, const struct abi *abi, const uint64_t args[6], unsigned changed);

/*
 * At an entry: the call is not made. 1: its result is in place; 0: it must be written at the exit stop
 * with ptrace_set_result(); or -errno.
 */
int ptrace_skip(pid_t tid, struct kfeat *features, const struct abi *abi, int64_t result);

/* At the exit of a skipped call, whose number was nr. */
int ptrace_set_result(pid_t tid, struct kfeat *features, const struct abi *abi, int64_t nr, int64_t result);

/* Sets or clears the lowest bit of the thread's address, which the processor does not look at (arm). 0 or -errno. */
int ptrace_mark_address(pid_t tid, const struct abi *abi, bool mark);

/*
 * At a STOP_SIGNAL: the call that the thread has just left, if any (nr -1: none), and what it returned; at a STOP_FORK
 * the call that it is in: as registers tell. The result may be changed: -ERESTARTNOINTR makes the kernel do the call
 * again. 0 or -errno.
 */
int ptrace_left_call(pid_t tid, struct ptrace_call *call_out, int64_t *result_out);
int ptrace_change_left(pid_t tid, const struct abi *abi, int64_t result);

/*
 * At a stop before signals are delivered: true when a filter's answer was to restart the call, and the kernel would
 * show errno 512 to the program instead (mips). Told the number, it decides as always between EINTR and a restart.
 */
bool ptrace_restart_is_lost(pid_t tid, const struct abi *abi, int64_t result);
int ptrace_restart(pid_t tid, int64_t nr);

/*
 * A thread in an exit stop is to make one more call: its registers as they are now go to saved, and are set so
 * that it runs the system call instruction again; ptrace_detour_entered() is for its entry stop. ptrace_restore()
 * gives them back, with another result if that is not NULL. 0 or -errno.
 */
struct ptrace_saved {
	size_t length;
	uint64_t signals[2]; /* blocked ones; all are, meanwhile */
	_Alignas(16) unsigned char set[512];
};
int ptrace_detour(pid_t tid, const struct abi *abi, int64_t nr, const uint64_t args[6], struct ptrace_saved *saved);
int ptrace_detour_entered(pid_t tid, const struct abi *abi, int64_t nr);
int ptrace_restore(pid_t tid, const struct abi *abi, struct ptrace_saved *saved, const int64_t *result);

#endif
