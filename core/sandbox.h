/*
 * One sandbox: its policy and plan, its listener, its processes and the calls in
 * flight. Owned by the supervisor; freed only at the end of a loop turn.
 */
#ifndef KENNEL_CORE_SANDBOX_H
#define KENNEL_CORE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/eviction.h"
#include "core/policy.h"

#define SANDBOX_MAGIC 0x53414e44U

struct call;
struct call_pool;
struct notifier;
struct plan;
struct supervisor;
struct tracees;

struct sandbox {
	uint32_t magic;
	struct supervisor *supervisor;
	struct sandbox *next;
	struct policy *policy;
	struct plan *plan;
	bool policy_changed;       /* from inside: the workers, which were forked before, know another one */
	struct notifier *notifier; /* owns the listener; NULL when the plan needs none */
	struct call_pool *calls;
	struct eviction eviction; /* of waiting calls */
	unsigned mistakes;        /* of ours: see call_mistaken() */
	unsigned workers;         /* alive, as far as we know: also those that nobody waits for and that will not die */
	struct tracees *tracees;
	pid_t first_pid; /* the payload's first process */
	int first_pidfd;
	int null_fd;         /* /dev/null: what stands in for a reserved number */
	bool ids_may_differ; /* some process changed ids or capabilities: read them each call */
	bool blind_logged;   /* an unreadable target was reported once */
	int start_directory; /* O_PATH, where something is traced: nobody was asked about it, so it is allowed */
	unsigned chdirs;     /* under way, of threads that share their working directory */
	bool cwd_doubtful;   /* one of them went wrong, or two met: somebody may have copied what it was meanwhile */
	bool ghost;          /* every call that reaches us is ENOSYS from now on */
	bool ending;
	bool ended;
	int exit_override;   /* -1: what the first process ended with counts */
	const char *command; /* argv[0] of the payload, for messages; not owned */
	int exit_status;     /* what Kennel exits with for it, once it ended */
	char id[17];         /* hexadecimal, in every log line */
};

#define SANDBOX_PANIC_STATUS 127

/* Takes the policy and the plan. NULL when memory is exhausted (both are freed then too). */
struct sandbox *sandbox_new(struct supervisor *supervisor, struct policy *policy, struct plan *plan);

/*
 * What only calls that reach the supervisor need, before the loop first runs: made while the payload starts, which
 * makes no call that reaches us before the loop has released it. 0 or -errno.
 */
int sandbox_prepare_calls(struct sandbox *sandbox);

/* Everything of it: calls cancelled, listener and descriptors closed. */
void sandbox_free(struct sandbox *sandbox);

/* Ends the whole sandbox now; Kennel's exit status for it is exit_status. */
void sandbox_end(struct sandbox *sandbox, int exit_status);

#endif
