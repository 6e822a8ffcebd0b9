/*
 * A step of a handler that a worker takes: what may hang (everything on a slow mount) hangs there.
 * The worker has no listener and no way into the target's memory; it asks the supervisor.
 * These are the worker's questions; core/step.c answers them.
 */
#ifndef KENNEL_CORE_REMOTE_H
#define KENNEL_CORE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call;
struct supervisor;
struct verdict;

/* What the worker needs to know of the call. */
struct remote_call {
	uint64_t id;
	pid_t tid;
	uint32_t audit_arch;
	int64_t nr;
	uint64_t args[6];
	bool ids_may_differ;
	char sandbox_id[17];
};

enum remote_question {
	REMOTE_READ,     /* value: address, status: how much; answer: data */
	REMOTE_WRITE,    /* value: address, data */
	REMOTE_CHECK,    /* call_revalidate() */
	REMOTE_RESERVE,  /* call_reserve_fd() */
	REMOTE_SIGNAL,   /* status: which, to the target's process */
	REMOTE_OWNS,     /* status: pid; answer: 1 when it is one of ours */
	REMOTE_LISTENER, /* answer: the listener, to put a descriptor into the target */
	REMOTE_PLACED,   /* status: its number there; the listener is given back */
};

/* Each asks and waits for the answer; -ESRCH when the supervisor is gone. */
int remote_read(const struct call *call, uint64_t address, void *buffer, size_t size);
int remote_write(const struct call *call, uint64_t address, const void *buffer, size_t size);
int remote_check(const struct call *call);
int remote_reserve_fd(const struct call *call);
int remote_signal(const struct call *call, int number);
bool remote_owns_pid(const struct supervisor *supervisor, pid_t pid);
int remote_listener(const struct call *call); /* the descriptor is the caller's */
int remote_placed(const struct call *call, int number);

/* Waits in place: the worker may. What the handler is to be woken with is left in call->wake. */
int remote_wait_ms(struct call *call, unsigned timeout_ms);
int remote_wait_fd(struct call *call, int fd, short events, int timeout_ms);
int remote_wait_open(struct call *call, int object, uint64_t open_flags);

/* A new open file of what is held, which may block: the descriptor is the caller's, or -errno. */
int remote_open(int object, uint64_t open_flags);

/* Tells the end. ending: the sandbox ends, and with which status. */
void remote_tell(const struct supervisor *supervisor, const struct verdict *verdict, bool ending, int exit_status);

#endif
