/*
 * The process (thread group) behind a call: its number, its name for the log, signals.
 * What is read by number here is for logs and signals only, never for a decision.
 */
#ifndef KENNEL_CORE_PROCESS_H
#define KENNEL_CORE_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call;

#define PROCESS_SIGNALS_MAX 128 /* of mips; all others have 64 */

/* A set of signals, the first 64 in the first word. */
struct process_signals {
	uint64_t words[PROCESS_SIGNALS_MAX / 64];
};

/* Fields of /proc/TID/status. */
struct process_status {
	pid_t tgid;
	uid_t uid;
	struct process_signals pending_thread; /* SigPnd: proof that the kernel marked this very thread */
	struct process_signals pending_shared; /* ShdPnd */
	struct process_signals blocked;
	struct process_signals ignored;
	struct process_signals caught;
};

/* The bit of a signal in its word. */
#define PROCESS_SIGNAL(number) (UINT64_C(1) << ((number)-1) % 64)

/*
 * The signals that the program ignores, by its word or by default. Sent to a traced thread, these too are kept for the
 * tracer; natively they are dropped.
 */
static inline uint64_t process_ignored_signals(const struct process_status *status, unsigned word)
{
	static const uint64_t by_default =
		PROCESS_SIGNAL(SIGCHLD) | PROCESS_SIGNAL(SIGCONT) | PROCESS_SIGNAL(SIGURG) | PROCESS_SIGNAL(SIGWINCH);

	return status->ignored.words[word] | (word == 0 ? by_default & ~status->caught.words[0] : 0);
}

static inline bool process_ignores(const struct process_status *status, int number)
{
	return process_ignored_signals(status, (unsigned)(number - 1) / 64) & PROCESS_SIGNAL(number);
}

/* Does one of these end a call that waits? Not when it is blocked or ignored. */
static inline bool process_hears(const struct process_status *status, const struct process_signals *signals)
{
	for (unsigned i = 0; i < PROCESS_SIGNALS_MAX / 64; i++)
		if (signals->words[i] & ~(status->blocked.words[i] | process_ignored_signals(status, i)))
			return true;
	return false;
}

/* 0 or -errno (-ESRCH when the thread is gone). */
int process_status_read(struct call *call, struct process_status *status_out);

/* The call that a stopped thread is in, or has just left, as the kernel took it; number -1: none. 0 or -errno. */
int process_call_read(const struct call *call, int64_t *number_out, uint64_t args_out[6]);

/* Sends a signal to the whole process of the caller. 0 or -errno. */
int process_signal(struct call *call, int number);

/* The same for the thread alone, which waits in this call: its number cannot have been given to another. */
void process_signal_thread(const struct call *call, int number);

/* The command line and the working directory, for the log; empty when unreadable. */
void process_command(struct call *call, char *buffer, size_t size);
void process_cwd(struct call *call, char *buffer, size_t size);

#endif
