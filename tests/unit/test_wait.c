/*
 * What waiting calls hold, in a real loop with real channels; the dispatcher, the launcher and
 * what is read of the target are fakes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/channel.h"
#include "core/identity_state.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/policy.h"
#include "core/process.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/step.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"
#include "core/wait.h"
#include "core/worker.h"
#include "tests/unit/fake_dispatch.h"

#define ERESTARTSYS_OF_THE_KERNEL 512
#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))

static struct supervisor supervisor = { .magic = SUPERVISOR_MAGIC };
static struct sandbox sandbox = { .magic = SANDBOX_MAGIC, .supervisor = &supervisor };
static struct policy_settings settings = { .limit_workers = 2 };
static struct process_status target; /* what its status file says */
static int target_error;
static int target_pidfd = -1;
static unsigned looks;
static unsigned logged;
static int export_error;
static int launch_error;
static unsigned asked_for;
static int answer_error;

static struct message sent[16]; /* to the launcher */
static unsigned sent_count;
static int reply_fd[16]; /* the worker's end, by the number of the message */

void log_event(struct log *log, const char *context, const char *format, ...)
{
	(void)log;
	(void)context;
	(void)format;
	logged++;
}

int process_status_read(struct call *call, struct process_status *status_out)
{
	(void)call;
	looks++;
	*status_out = target;
	return target_error;
}

const struct policy_settings *policy_settings(const struct policy *policy)
{
	(void)policy;
	return &settings;
}

int identity_export(struct call *call, struct identity_spec *spec_out)
{
	(void)call;
	*spec_out = (struct identity_spec){ .uid_fs = 1000, .umask = 027 };
	return export_error;
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
	asked_for = question->id;
	return answer_error;
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
	return target_pidfd;
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
	cr_assert_lt(sent_count, ARRAY_SIZE(sent));
	reply_fd[sent_count] = -1;
	if (message->type != MESSAGE_WORK_CANCEL && !launch_error) {
		cr_assert_eq(count, WORKER_FD_COUNT);
		reply_fd[sent_count] = fcntl(fds[WORKER_FD_REPLY], F_DUPFD_CLOEXEC, 3);
	}
	sent[sent_count++] = *message;
	return launch_error;
}

void launch_cancel_worker(struct supervisor *asked, uint32_t id)
{
	launch_send(asked, &(struct message){ .type = MESSAGE_WORK_CANCEL, .id = id }, NULL, 0);
}

static void wait_stop(void)
{
	loop_stop(supervisor.loop);
}

static void wait_setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	supervisor.loop = loop_new();
	sandbox.calls = call_pool_new(16);
	fake_dispatch.done = wait_stop;
	target.tgid = 50;
}

static void wait_teardown(void)
{
	while (call_pool_waiting(sandbox.calls)) {
		struct call *call = call_pool_waiting(sandbox.calls);

		call_pool_unwait(call);
		wait_end(call);
		call_advance(call, CALL_EVENT_LOST);
		call_pool_give(call);
	}
	call_pool_free(sandbox.calls);
	loop_free(supervisor.loop);
}

TestSuite(wait, .init = wait_setup, .fini = wait_teardown, .timeout = 20);

static struct call *wait_running_call(pid_t tid)
{
	struct call *call = call_pool_take(&sandbox);

	cr_assert_not_null(call);
	call->tid = tid;
	call_advance(call, CALL_EVENT_START);
	return call;
}

/* As the dispatcher does after verdict_wait(). */
static struct call *wait_park(struct call *call)
{
	call_advance(call, CALL_EVENT_WAIT);
	call_pool_wait(call);
	return call;
}

static struct call *wait_for_worker(pid_t tid)
{
	struct call *call = wait_running_call(tid);

	cr_assert_eq(call_wait_worker_open(call, STDIN_FILENO, O_WRONLY), 0);
	return wait_park(call);
}

static struct call *wait_for_time(pid_t tid, unsigned timeout_ms)
{
	struct call *call = wait_running_call(tid);

	cr_assert_eq(call_wait_ms(call, timeout_ms), 0);
	return wait_park(call);
}

static double wait_elapsed;

static void wait_run(void)
{
	wait_elapsed = -ev_time();
	loop_run(supervisor.loop);
	wait_elapsed += ev_time();
}

#define wait_run_for(seconds) fake_dispatch_run_for(supervisor.loop, seconds)

Test(wait, timeout_resumes_the_call_not_before_its_time)
{
	wait_for_time(50, 120);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_TIMEOUT);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
	cr_expect(wait_elapsed > 0.11 && wait_elapsed < 2, "%f", wait_elapsed);
	cr_expect_null(call_pool_waiting(sandbox.calls));
}

Test(wait, timeout_of_nothing_comes_in_the_next_turn)
{
	wait_for_time(50, 0);
	cr_expect_eq(fake_dispatch.resumed, 0);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
}

Test(wait, target_is_looked_at_often_first_and_seldom_later)
{
	wait_for_time(50, 60000);
	wait_run_for(0.5);
	cr_expect(looks >= 5 && looks <= 16, "%u looks in half a second", looks);
	cr_expect_eq(fake_dispatch.resumed + fake_dispatch.abandoned + fake_dispatch.lost, 0);
}

Test(wait, signal_to_the_thread_interrupts)
{
	wait_for_time(51, 60000);
	target.pending_thread = SIGNAL_BIT(SIGALRM);
	wait_run();
	cr_expect(fake_dispatch.abandoned == 1 && fake_dispatch.error == ERESTARTSYS_OF_THE_KERNEL);
	cr_expect_lt(wait_elapsed, 1);
}

Test(wait, signal_to_the_process_interrupts_its_leader)
{
	wait_for_time(50, 60000);
	target.pending_shared = SIGNAL_BIT(SIGALRM);
	wait_run();
	cr_expect(fake_dispatch.abandoned == 1 && fake_dispatch.error == ERESTARTSYS_OF_THE_KERNEL);
}

Test(wait, signal_to_the_process_proves_nothing_of_another_thread)
{
	wait_for_time(51, 60000);
	target.pending_shared = SIGNAL_BIT(SIGALRM);
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 0);
}

Test(wait, blocked_and_ignored_signals_do_not_interrupt)
{
	wait_for_time(50, 60000);
	target.pending_thread = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGUSR1);
	target.pending_shared = SIGNAL_BIT(SIGUSR2);
	target.blocked = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGUSR2);
	target.ignored = SIGNAL_BIT(SIGUSR1);
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	target.ignored = 0;
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

Test(wait, call_whose_notification_is_gone_is_lost)
{
	wait_for_time(50, 60000);
	fake_dispatch.notify_check = -ESRCH;
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
	cr_expect_eq(fake_dispatch.resumed + fake_dispatch.abandoned, 0);
}

Test(wait, call_whose_thread_is_gone_is_lost)
{
	wait_for_time(50, 60000);
	target_error = -ESRCH;
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
}

Test(wait, worker_is_asked_for_with_everything_it_needs)
{
	wait_for_worker(50);
	cr_expect(sent_count == 1 && sent[0].type == MESSAGE_WORK && sent[0].id && sent[0].value == O_WRONLY);
	cr_expect(sent[0].identity.uid_fs == 1000 && sent[0].identity.umask == 027);
}

static void wait_reply(unsigned which, enum message_type type, int status, int fd)
{
	struct message message = { .type = type, .pid = 777, .status = status };

	cr_assert_eq(channel_send(reply_fd[which], &message, &fd, fd >= 0 ? 1 : 0), 0);
}

Test(wait, result_of_a_worker_resumes_the_call)
{
	struct stat theirs, ours;
	int fd = open("/dev/null", O_RDONLY);

	wait_for_worker(50);
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	wait_reply(0, MESSAGE_WORKED, 0, fd);
	wait_run();
	cr_assert_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_WORKER);
	cr_expect_eq(fake_dispatch.wake.result, 0);
	cr_assert(fstat(fd, &theirs) == 0 && fstat(fake_dispatch.wake.fd, &ours) == 0);
	cr_expect_eq(theirs.st_rdev, ours.st_rdev);
	cr_expect_eq(sent_count, 1, "a worker that has replied is not dismissed");
}

Test(wait, failure_of_a_worker_is_the_result)
{
	wait_for_worker(50);
	wait_reply(0, MESSAGE_WORKED, -ENXIO, -1);
	wait_run();
	cr_expect_eq(fake_dispatch.wake.result, -ENXIO);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
}

Test(wait, death_of_a_worker_is_an_error_of_input)
{
	wait_for_worker(50);
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	close(reply_fd[0]);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.result, -EIO);
	cr_expect_eq(logged, 1);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
	cr_expect_eq(sent_count, 1);
}

Test(wait, worker_is_known_by_its_number_while_it_works)
{
	wait_for_worker(50);
	cr_expect_not(wait_owns_pid(&sandbox, 777));
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	wait_run_for(0.05);
	cr_expect_eq(fake_dispatch.resumed, 0);
	cr_expect(wait_owns_pid(&sandbox, 777));
	cr_expect_not(wait_owns_pid(&sandbox, 778));
	wait_reply(0, MESSAGE_WORKED, 0, -1);
	wait_run();
	cr_expect_not(wait_owns_pid(&sandbox, 777));
}

Test(wait, interrupted_call_dismisses_its_worker)
{
	wait_for_worker(50);
	target.pending_thread = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect(sent_count == 2 && sent[1].type == MESSAGE_WORK_CANCEL && sent[1].id == sent[0].id);
	cr_expect_eq(channel_send(reply_fd[0], &sent[0], NULL, 0), -EPIPE, "nobody listens any more");
}

Test(wait, call_of_a_dead_target_dismisses_its_worker)
{
	wait_for_worker(50);
	target_error = -ESRCH;
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
	cr_assert_eq(sent_count, 2);
	cr_expect(sent[1].type == MESSAGE_WORK_CANCEL && sent[1].id == sent[0].id);
}

Test(wait, oldest_worker_makes_room_when_there_are_too_many)
{
	fake_dispatch.done = NULL;
	wait_for_time(50, 60000); /* older, but without a worker */
	wait_for_worker(51);
	wait_for_worker(52);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	wait_for_worker(53);
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51);
	cr_expect_eq(fake_dispatch.error, EINTR);
	cr_assert_eq(sent_count, 4);
	cr_expect(sent[2].type == MESSAGE_WORK_CANCEL && sent[2].id == sent[0].id);
	cr_expect_not_null(call_pool_find(sandbox.calls, 50));
	cr_expect_not_null(call_pool_find(sandbox.calls, 52));
}

static struct call *wait_for_a_step(pid_t tid, const struct handler *handler)
{
	static const struct abi abi = { .audit_arch = 7 };
	struct call *call = wait_running_call(tid);

	call->abi = &abi;
	call->handler = handler;
	call->nr = 83;
	call->args[5] = 6;
	cr_assert_eq(wait_for_step(call), 0);
	return wait_park(call);
}

static void wait_ask(unsigned which, enum remote_question question)
{
	struct message message = { .type = MESSAGE_ASK, .id = question, .status = question == REMOTE_PLACED ? 7 : 0 };

	cr_assert_eq(channel_send(reply_fd[which], &message, NULL, 0), 0);
}

static const struct handler wait_maker = { .name = "mkdir" };

Test(wait, worker_of_a_step_is_told_the_call)
{
	struct message message;
	struct remote_call told;
	size_t size = sizeof(told);
	int fd;

	wait_for_a_step(50, &wait_maker);
	cr_assert_eq(sent[0].type, MESSAGE_STEP);
	cr_assert_eq(channel_receive_data(reply_fd[0], true, &message, &told, &size, &fd), 1);
	cr_expect(message.type == MESSAGE_CALL && size == sizeof(told) && fd == -1);
	cr_expect(told.tid == 50 && told.audit_arch == 7 && told.nr == 83 && told.args[5] == 6);
}

Test(wait, what_a_worker_finds_out_is_the_answer)
{
	wait_for_a_step(50, &wait_maker);
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	wait_ask(0, REMOTE_RESERVE);
	wait_reply(0, MESSAGE_STEPPED, 0, -1);
	wait_run();
	cr_expect_eq(asked_for, REMOTE_RESERVE);
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_RETURN && fake_dispatch.verdict.value == 42);
	cr_expect_eq(sent_count, 1);
}

Test(wait, death_of_the_worker_of_a_step_is_an_error_of_input)
{
	wait_for_a_step(50, &wait_maker);
	close(reply_fd[0]);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_FAIL && fake_dispatch.verdict.value == EIO);
	cr_expect_eq(logged, 1);
}

Test(wait, death_of_a_worker_together_with_its_caller_is_no_error)
{
	wait_for_worker(50);
	close(reply_fd[0]);
	fake_dispatch.notify_check = -ESRCH;
	wait_run();
	cr_expect(fake_dispatch.lost == 1 && logged == 0);
}

Test(wait, worker_that_cannot_be_answered_is_dismissed)
{
	wait_for_a_step(50, &wait_maker);
	answer_error = -EPROTO;
	wait_ask(0, REMOTE_READ);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect_eq(fake_dispatch.verdict.value, EIO);
	cr_expect_eq(sent[1].type, MESSAGE_WORK_CANCEL);
}

/* A signal after the question does not end the step. */
static void wait_expect_deaf(const struct handler *handler, enum remote_question question)
{
	wait_for_a_step(50, handler);
	wait_ask(0, question);
	wait_run_for(0.05);
	target.pending_thread = SIGNAL_BIT(SIGINT);
	wait_run_for(0.2);
	cr_expect_eq(fake_dispatch.abandoned, 0);
}

Test(wait, signal_ends_a_step_only_before_its_effect)
{
	wait_expect_deaf(&wait_maker, REMOTE_CHECK);
	wait_for_a_step(51, &wait_maker);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51);
}

Test(wait, signal_ends_a_step_that_natively_waits_too)
{
	wait_for_a_step(50, &fake_dispatch_handler);
	wait_ask(0, REMOTE_CHECK);
	wait_run_for(0.05);
	target.pending_thread = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

Test(wait, signal_does_not_end_a_step_that_has_written_part_of_its_result)
{
	wait_expect_deaf(&fake_dispatch_handler, REMOTE_WRITE);
}

Test(wait, nobody_leaves_while_the_listener_is_lent)
{
	wait_expect_deaf(&fake_dispatch_handler, REMOTE_LISTENER);
	cr_expect_not(wait_may_be_left(call_pool_find(sandbox.calls, 50)));
	target.pending_thread = 0;
	fake_dispatch.done = NULL;
	wait_for_worker(51);
	wait_for_worker(52);
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51, "the next oldest makes room");
	cr_expect_not_null(call_pool_find(sandbox.calls, 50));
}

Test(wait, signal_ends_what_waits_for_nothing_but_a_close)
{
	struct call *call = wait_for_a_step(50, &wait_maker);

	cr_expect_eq(wait_placed(call), -1);
	wait_ask(0, REMOTE_CHECK);
	wait_ask(0, REMOTE_LISTENER);
	wait_ask(0, REMOTE_PLACED);
	wait_run_for(0.05);
	cr_expect(wait_may_be_left(call));
	cr_expect_eq(wait_placed(call), 7);
	target.pending_thread = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

Test(wait, descriptor_that_a_dead_worker_has_placed_is_the_result)
{
	wait_for_a_step(50, &fake_dispatch_handler);
	wait_ask(0, REMOTE_LISTENER);
	wait_ask(0, REMOTE_PLACED);
	close(reply_fd[0]);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_RETURN && fake_dispatch.verdict.value == 7);
	cr_expect_eq(logged, 1);
}

static unsigned wait_open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(wait, worker_that_cannot_be_started_leaves_nothing_behind)
{
	struct call *call = wait_running_call(50);
	unsigned before = wait_open_descriptors();

	export_error = -EIO;
	cr_expect_eq(call_wait_worker_open(call, STDIN_FILENO, O_RDONLY), -EIO);
	cr_expect_null(call->wait);
	export_error = 0;
	launch_error = -EPIPE;
	cr_expect_eq(call_wait_worker_open(call, STDIN_FILENO, O_RDONLY), -EPIPE);
	cr_expect_null(call->wait);
	cr_expect_eq(wait_open_descriptors(), before);
	launch_error = 0;
	cr_expect_eq(call_wait_ms(call, 10), 0, "the handler may wait in another way");
	wait_park(call);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
}

Test(wait, work_that_the_launcher_cannot_take_yet_is_handed_over_later)
{
	launch_error = -EAGAIN;
	wait_for_worker(50);
	wait_run_for(0.02);
	launch_error = 0;
	wait_run_for(0.02);
	cr_expect(sent[sent_count - 1].type == MESSAGE_WORK && sent[sent_count - 1].value == O_WRONLY);
}

Test(wait, ending_twice_or_without_a_wait_is_harmless)
{
	struct call *call = wait_running_call(50);

	wait_end(call);
	cr_assert_eq(call_wait_ms(call, 10), 0);
	wait_end(call);
	wait_end(call);
	cr_expect_null(call->wait);
	wait_run_for(0.05);
	cr_expect_eq(fake_dispatch.resumed, 0);
}

/* ---- Readiness ---- */

static struct call *wait_for_fd(pid_t tid, int fd, short events, int timeout_ms)
{
	struct call *call = wait_running_call(tid);

	cr_assert_eq(call_wait_fd(call, fd, events, timeout_ms), 0);
	return wait_park(call);
}

Test(wait, a_descriptor_that_is_ready_wakes_its_call)
{
	int ends[2], copy;

	cr_assert_eq(pipe(ends), 0);
	wait_for_fd(50, ends[0], POLLIN, -1);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_READY);
	/* Ours is closed, the file lives on and becomes ready: nobody is woken by it. */
	copy = dup(ends[0]);
	close(ends[0]);
	wait_for_time(50, 20);
	wait_run();
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_TIMEOUT);
	close(copy);
}

Test(wait, a_descriptor_that_is_never_ready_ends_with_its_time)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	wait_for_fd(50, ends[0], POLLIN, 10);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_TIMEOUT);
}

Test(wait, the_end_of_the_thread_is_seen_at_once)
{
	int ends[2], dead[2];

	cr_assert(pipe(ends) == 0 && pipe(dead) == 0);
	target_pidfd = dead[0];
	wait_for_fd(50, ends[0], POLLIN, -1);
	fake_dispatch.notify_check = -ESRCH;
	close(dead[1]);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
	cr_expect_eq(fake_dispatch.resumed, 0);
}

Test(wait, calls_of_dead_threads_are_settled_on_demand)
{
	struct call *asking = wait_running_call(60);

	wait_for_time(50, 60000);
	wait_for_time(51, 60000);
	fake_dispatch.done = NULL;
	call_settle(asking);
	cr_expect_eq(fake_dispatch.lost, 0);
	fake_dispatch.notify_check = -ESRCH;
	call_settle(asking);
	cr_expect_eq(fake_dispatch.lost, 2);
	call_advance(asking, CALL_EVENT_LOST);
	call_pool_give(asking);
}

Test(wait, a_handler_says_what_a_signal_makes_of_its_wait)
{
	int ends[2];
	struct call *call;

	cr_assert_eq(pipe(ends), 0);
	call = wait_for_fd(50, ends[0], POLLIN, -1);
	call_set_interrupted(call, 77);
	target.pending_thread = UINT64_C(1) << (SIGUSR1 - 1);
	target.caught = target.pending_thread;
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.interrupted, 77);
}
