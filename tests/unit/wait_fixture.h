/*
 * The fakes behind core/wait.c and what they saw: the launcher, the worker's end of the channels, the target's status.
 */
#ifndef KENNEL_TESTS_WAIT_FIXTURE_H
#define KENNEL_TESTS_WAIT_FIXTURE_H

#include "core/call.h"
#include "core/channel.h"
#include "core/policy.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))

struct wait_fake {
	struct supervisor supervisor;
	struct sandbox sandbox;
	struct policy_settings settings;
	struct process_status target; /* what its status file says */
	int target_error;
	int target_pidfd;
	unsigned looks;
	unsigned logged;
	int export_error;
	int launch_error;
	unsigned asked_for;
	int answer_error;
	struct message sent[16]; /* to the launcher */
	unsigned sent_count;
	int reply_fd[16]; /* the worker's end, by the number of the message */
};

extern struct wait_fake wait_fake;
extern double wait_elapsed; /* of the last wait_run() */

void wait_setup(void);
void wait_teardown(void);

/* A call in its handler's step, and as the dispatcher keeps it after verdict_wait(). */
struct call *wait_running_call(pid_t tid);
struct call *wait_park(struct call *call);
struct call *wait_for_worker(pid_t tid);
struct call *wait_for_time(pid_t tid, unsigned timeout_ms);

/* The loop, until something is done with a call. */
void wait_run(void);
#define wait_run_for(seconds) fake_dispatch_run_for(wait_fake.supervisor.loop, seconds)

#endif
