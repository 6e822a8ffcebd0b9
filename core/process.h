/*
 * The process (thread group) behind a call: its number, its name for the log, signals.
 * What is read by number here is for logs and signals only, never for a decision.
 */
#ifndef KENNEL_CORE_PROCESS_H
#define KENNEL_CORE_PROCESS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call;

/* Fields of /proc/TID/status. */
struct process_status {
	pid_t tgid;
	uid_t uid;
	uint64_t pending_thread; /* SigPnd: proof that the kernel marked this very thread */
	uint64_t pending_shared; /* ShdPnd */
	uint64_t blocked;
	uint64_t ignored;
	uint64_t caught;
};

/* The bit of a signal in these sets. */
#define PROCESS_SIGNAL(number) (UINT64_C(1) << ((number)-1))

/*
 * The signals that the program ignores, by its word or by default. Sent to a traced thread, these too are kept for the
 * tracer; natively they are dropped.
 */
static inline uint64_t process_ignored_signals(const struct process_status *status)
{
	static const uint64_t by_default =
		PROCESS_SIGNAL(SIGCHLD) | PROCESS_SIGNAL(SIGCONT) | PROCESS_SIGNAL(SIGURG) | PROCESS_SIGNAL(SIGWINCH);

	return status->ignored | (by_default & ~status->caught);
}

/* 0 or -errno (-ESRCH when the thread is gone). */
int process_status_read(struct call *call, struct process_status *status_out);

/* Sends a signal to the whole process of the caller. 0 or -errno. */
int process_signal(struct call *call, int number);

/* The same for the thread alone, which waits in this call: its number cannot have been given to another. */
void process_signal_thread(const struct call *call, int number);

/* The command line and the working directory, for the log; empty when unreadable. */
void process_command(struct call *call, char *buffer, size_t size);
void process_cwd(struct call *call, char *buffer, size_t size);

#endif
