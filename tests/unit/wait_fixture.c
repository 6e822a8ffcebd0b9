/*
 * What the tests of core/wait.c share: a real loop, real channels and pool, and fakes of everything else.
 */
#include "tests/unit/wait_fixture.h"

#include <criterion/criterion.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/call_pool.h"
#include "core/identity_state.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/ready.h"
#include "core/step.h"
#include "core/tracee.h"
#include "core/util.h"
#include "core/wait.h"
#include "core/worker.h"
#include "tests/unit/fake_dispatch.h"

struct wait_fake wait_fake = { .supervisor = { .magic = SUPERVISOR_MAGIC },
	.sandbox = { .magic = SANDBOX_MAGIC, .supervisor = &wait_fake.supervisor },
	.settings = { .limit_workers = 2 },
	.target_pidfd = -1 };
double wait_elapsed;

void log_event(struct log *log, const char *context, const char *format, ...)
{
	(void)log;
	(void)context;
	(void)format;
	wait_fake.logged++;
}

int process_status_read(struct call *call, struct process_status *status_out)
{
	(void)call;
	wait_fake.looks++;
	*status_out = wait_fake.target;
	return wait_fake.target_error;
}

const struct policy_settings *policy_settings(const struct policy *policy)
{
	(void)policy;
	return &wait_fake.settings;
}

int identity_export(struct call *call, struct identity_spec *spec_out)
{
	(void)call;
	*spec_out = (struct identity_spec){ .uid_fs = 1000, .umask = 027 };
	return wait_fake.export_error;
}

int log_fd(const struct log *log)
{
	(void)log;
	return STDERR_FILENO;
}

int step_answer(struct call *call, int channel, const struct message *question, const void *data, size_t size)
{
	(void)call;
	(void)channel;
	(void)data;
	(void)size;
	wait_fake.asked_for = question->id;
	return wait_fake.answer_error;
}

struct verdict step_verdict(struct call *call, const struct message *message, const void *data, size_t size)
{
	(void)call;
	(void)message;
	(void)data;
	(void)size;
	return verdict_return(42);
}

int tracee_pidfd(struct call *call)
{
	(void)call;
	return wait_fake.target_pidfd;
}

uint32_t launch_next_id(struct supervisor *asked)
{
	static uint32_t last = 100;

	(void)asked;
	return ++last;
}

int launch_send(struct supervisor *asked, const struct message *message, const int *fds, unsigned count)
{
	(void)asked;
	cr_assert_lt(wait_fake.sent_count, ARRAY_SIZE(wait_fake.sent));
	wait_fake.reply_fd[wait_fake.sent_count] = -1;
	if (message->type != MESSAGE_WORK_CANCEL && !wait_fake.launch_error) {
		cr_assert_eq(count, WORKER_FD_COUNT);
		wait_fake.reply_fd[wait_fake.sent_count] = fcntl(fds[WORKER_FD_REPLY], F_DUPFD_CLOEXEC, 3);
	}
	wait_fake.sent[wait_fake.sent_count++] = *message;
	return wait_fake.launch_error;
}

void launch_cancel_worker(struct supervisor *asked, uint32_t id)
{
	launch_send(asked, &(struct message){ .type = MESSAGE_WORK_CANCEL, .id = id }, NULL, 0);
}

static void wait_stop(void)
{
	loop_stop(wait_fake.supervisor.loop);
}

void wait_setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	wait_fake.supervisor.loop = loop_new();
	wait_fake.supervisor.ready = ready_new(wait_fake.supervisor.loop);
	wait_fake.sandbox.calls = call_pool_new(16);
	fake_dispatch.done = wait_stop;
	wait_fake.target.tgid = 50;
}

void wait_teardown(void)
{
	while (call_pool_waiting(wait_fake.sandbox.calls)) {
		struct call *call = call_pool_waiting(wait_fake.sandbox.calls);

		call_pool_unwait(call);
		wait_end(call);
		call_advance(call, CALL_EVENT_LOST);
		call_pool_give(call);
	}
	call_pool_free(wait_fake.sandbox.calls);
	ready_free(wait_fake.supervisor.ready);
	loop_free(wait_fake.supervisor.loop);
}

struct call *wait_running_call(pid_t tid)
{
	struct call *call = call_pool_take(&wait_fake.sandbox);

	cr_assert_not_null(call);
	call->tid = tid;
	call_advance(call, CALL_EVENT_START);
	return call;
}

/* As the dispatcher does after verdict_wait(). */
struct call *wait_park(struct call *call)
{
	call_advance(call, CALL_EVENT_WAIT);
	call_pool_wait(call);
	return call;
}

struct call *wait_for_worker(pid_t tid)
{
	struct call *call = wait_running_call(tid);

	cr_assert_eq(call_wait_worker_open(call, STDIN_FILENO, O_WRONLY), 0);
	return wait_park(call);
}

struct call *wait_for_time(pid_t tid, unsigned timeout_ms)
{
	struct call *call = wait_running_call(tid);

	cr_assert_eq(call_wait_ms(call, timeout_ms), 0);
	return wait_park(call);
}

void wait_run(void)
{
	wait_elapsed = -ev_time();
	loop_run(wait_fake.supervisor.loop);
	wait_elapsed += ev_time();
}

#define wait_run_for(seconds) fake_dispatch_run_for(wait_fake.supervisor.loop, seconds)
