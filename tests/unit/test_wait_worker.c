/*
 * Calls that a worker makes, or a step that it takes: real channels, a launcher that is a fake, and the worker's part
 * played by the tests.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/call_pool.h"
#include "core/loop.h"
#include "core/remote.h"
#include "core/wait.h"
#include "core/worker.h"
#include "tests/unit/fake_dispatch.h"
#include "tests/unit/wait_fixture.h"

TestSuite(wait_worker, .init = wait_setup, .fini = wait_teardown, .timeout = 120);

Test(wait_worker, worker_is_asked_for_with_everything_it_needs)
{
	wait_for_worker(50);
	cr_expect(wait_fake.sent_count == 1 && wait_fake.sent[0].type == MESSAGE_WORK && wait_fake.sent[0].id &&
		  wait_fake.sent[0].value == O_WRONLY);
	cr_expect(wait_fake.sent[0].identity.uid_fs == 1000 && wait_fake.sent[0].identity.umask == 027);
}

static void wait_reply(unsigned which, enum message_type type, int status, int fd)
{
	struct message message = { .type = type, .pid = 777, .status = status };

	cr_assert_eq(channel_send(wait_fake.reply_fd[which], &message, &fd, fd >= 0 ? 1 : 0), 0);
}

Test(wait_worker, result_of_a_worker_resumes_the_call)
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
	cr_expect_eq(wait_fake.sent_count, 1, "a worker that has replied is not dismissed");
}

Test(wait_worker, failure_of_a_worker_is_the_result)
{
	wait_for_worker(50);
	wait_reply(0, MESSAGE_WORKED, -ENXIO, -1);
	wait_run();
	cr_expect_eq(fake_dispatch.wake.result, -ENXIO);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
}

Test(wait_worker, death_of_a_worker_is_an_error_of_input)
{
	wait_for_worker(50);
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	close(wait_fake.reply_fd[0]);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.result, -EIO);
	cr_expect_eq(wait_fake.logged, 1);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
	cr_expect_eq(wait_fake.sent_count, 1);
}

Test(wait_worker, worker_is_known_by_its_number_while_it_works)
{
	wait_for_worker(50);
	cr_expect_not(wait_owns_pid(&wait_fake.sandbox, 777));
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	wait_run_for(0.05);
	cr_expect_eq(fake_dispatch.resumed, 0);
	cr_expect(wait_owns_pid(&wait_fake.sandbox, 777));
	cr_expect_not(wait_owns_pid(&wait_fake.sandbox, 778));
	wait_reply(0, MESSAGE_WORKED, 0, -1);
	wait_run();
	cr_expect_not(wait_owns_pid(&wait_fake.sandbox, 777));
}

Test(wait_worker, interrupted_call_dismisses_its_worker)
{
	wait_for_worker(50);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect(wait_fake.sent_count == 2 && wait_fake.sent[1].type == MESSAGE_WORK_CANCEL &&
		  wait_fake.sent[1].id == wait_fake.sent[0].id);
	cr_expect_eq(
		channel_send(wait_fake.reply_fd[0], &wait_fake.sent[0], NULL, 0), -EPIPE, "nobody listens any more");
}

Test(wait_worker, call_of_a_dead_target_dismisses_its_worker)
{
	wait_for_worker(50);
	wait_fake.target_error = -ESRCH;
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
	cr_assert_eq(wait_fake.sent_count, 2);
	cr_expect(wait_fake.sent[1].type == MESSAGE_WORK_CANCEL && wait_fake.sent[1].id == wait_fake.sent[0].id);
}

Test(wait_worker, oldest_worker_makes_room_when_there_are_too_many)
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
	cr_assert_eq(wait_fake.sent_count, 3);
	cr_expect(wait_fake.sent[2].type == MESSAGE_WORK_CANCEL && wait_fake.sent[2].id == wait_fake.sent[0].id);
	cr_expect_not_null(call_pool_find(wait_fake.sandbox.calls, 50));
	cr_expect_not_null(call_pool_find(wait_fake.sandbox.calls, 52));
	wait_workers_ended(&wait_fake.sandbox, 1);
	wait_run_for(0.05);
	cr_assert_eq(wait_fake.sent_count, 4);
	cr_expect_eq(wait_fake.sent[3].type, MESSAGE_WORK);
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

/* Two are dismissed and held in the kernel: whoever comes has to do without them. */
Test(wait_worker, worker_that_will_not_die_is_written_off_until_it_does)
{
	fake_dispatch.done = NULL;
	wait_for_worker(51);
	wait_for_worker(52);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGINT);
	wait_run_for(0.1);
	cr_assert(fake_dispatch.abandoned == 2 && wait_fake.sent_count == 4);
	wait_fake.target.pending_thread.words[0] = 0;
	wait_for_worker(53);
	wait_for_worker(54);
	wait_run_for(0.2);
	cr_expect_eq(wait_fake.sent_count, 4, "no more than two processes");
	cr_expect_eq(fake_dispatch.abandoned, 2);
	wait_workers_ended(&wait_fake.sandbox, 1);
	wait_run_for(0.02);
	cr_assert_eq(wait_fake.sent_count, 5);
	wait_run_for(0.2);
	cr_expect_eq(wait_fake.sent_count, 5);
	wait_workers_ended(&wait_fake.sandbox, 1);
	wait_run_for(0.02);
	cr_expect_eq(wait_fake.sent_count, 6);
}

/* One that has replied may still be held while it closes what it opened. */
Test(wait_worker, worker_that_has_replied_counts_until_it_is_dead)
{
	fake_dispatch.done = NULL;
	wait_fake.settings.limit_workers = 1;
	wait_for_worker(51);
	wait_reply(0, MESSAGE_WORKED, -ENXIO, -1);
	wait_run_for(0.02);
	cr_assert_eq(fake_dispatch.resumed, 1);
	wait_for_worker(52);
	wait_run_for(0.1);
	cr_expect_eq(wait_fake.sent_count, 1);
	wait_workers_ended(&wait_fake.sandbox, 1);
	wait_run_for(0.02);
	cr_expect_eq(wait_fake.sent_count, 2);
}

Test(wait_worker, too_many_that_made_room_of_late_keep_their_workers_for_a_moment)
{
	fake_dispatch.done = NULL;
	wait_fake.sandbox.eviction.due_ns = UINT64_MAX / 2;
	wait_for_worker(51);
	wait_for_worker(52);
	wait_for_worker(53);
	wait_run_for(0.05);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	cr_expect_eq(wait_fake.sent_count, 2);
	wait_fake.sandbox.eviction.due_ns = 0;
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51);
	wait_workers_ended(&wait_fake.sandbox, 1);
	wait_run_for(0.02);
	cr_expect_eq(wait_fake.sent[wait_fake.sent_count - 1].type, MESSAGE_WORK);
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

	cr_assert_eq(channel_send(wait_fake.reply_fd[which], &message, NULL, 0), 0);
}

static const struct handler wait_maker = { .name = "mkdir" };

Test(wait_worker, worker_of_a_step_is_told_the_call)
{
	struct message message;
	struct remote_call told;
	size_t size = sizeof(told);
	int fd;

	wait_for_a_step(50, &wait_maker);
	cr_assert_eq(wait_fake.sent[0].type, MESSAGE_STEP);
	cr_assert_eq(channel_receive_data(wait_fake.reply_fd[0], true, &message, &told, &size, &fd), 1);
	cr_expect(message.type == MESSAGE_CALL && size == sizeof(told) && fd == -1);
	cr_expect(told.tid == 50 && told.audit_arch == 7 && told.nr == 83 && told.args[5] == 6);
}

Test(wait_worker, what_a_worker_finds_out_is_the_answer)
{
	wait_for_a_step(50, &wait_maker);
	wait_reply(0, MESSAGE_WORKER, 0, -1);
	wait_ask(0, REMOTE_RESERVE);
	wait_reply(0, MESSAGE_STEPPED, 0, -1);
	wait_run();
	cr_expect_eq(wait_fake.asked_for, REMOTE_RESERVE);
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_RETURN && fake_dispatch.verdict.value == 42);
	cr_expect_eq(wait_fake.sent_count, 1);
}

Test(wait_worker, death_of_the_worker_of_a_step_is_an_error_of_input)
{
	wait_for_a_step(50, &wait_maker);
	close(wait_fake.reply_fd[0]);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_FAIL && fake_dispatch.verdict.value == EIO);
	cr_expect_eq(wait_fake.logged, 1);
}

Test(wait_worker, death_of_a_worker_together_with_its_caller_is_no_error)
{
	wait_for_worker(50);
	close(wait_fake.reply_fd[0]);
	fake_dispatch.notify_check = -ESRCH;
	wait_run();
	cr_expect(fake_dispatch.lost == 1 && wait_fake.logged == 0);
}

Test(wait_worker, worker_that_cannot_be_answered_is_dismissed)
{
	wait_for_a_step(50, &wait_maker);
	wait_fake.answer_error = -EPROTO;
	wait_ask(0, REMOTE_READ);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect_eq(fake_dispatch.verdict.value, EIO);
	cr_expect_eq(wait_fake.sent[1].type, MESSAGE_WORK_CANCEL);
}

/* A signal after the question does not end the step. */
static void wait_expect_deaf(const struct handler *handler, enum remote_question question)
{
	wait_for_a_step(50, handler);
	wait_ask(0, question);
	wait_run_for(0.05);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGINT);
	wait_run_for(0.2);
	cr_expect_eq(fake_dispatch.abandoned, 0);
}

Test(wait_worker, signal_ends_a_step_only_before_its_effect)
{
	wait_expect_deaf(&wait_maker, REMOTE_CHECK);
	wait_for_a_step(51, &wait_maker);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51);
}

Test(wait_worker, signal_ends_a_step_that_natively_waits_too)
{
	wait_for_a_step(50, &fake_dispatch_handler);
	wait_ask(0, REMOTE_CHECK);
	wait_run_for(0.05);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

Test(wait_worker, signal_does_not_end_a_step_that_has_written_part_of_its_result)
{
	wait_expect_deaf(&fake_dispatch_handler, REMOTE_WRITE);
}

Test(wait_worker, nobody_leaves_while_the_listener_is_lent)
{
	wait_expect_deaf(&fake_dispatch_handler, REMOTE_LISTENER);
	cr_expect_not(wait_may_be_left(call_pool_find(wait_fake.sandbox.calls, 50)));
	wait_fake.target.pending_thread.words[0] = 0;
	fake_dispatch.done = NULL;
	wait_for_worker(51);
	wait_for_worker(52);
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 51, "the next oldest makes room");
	cr_expect_not_null(call_pool_find(wait_fake.sandbox.calls, 50));
}

Test(wait_worker, signal_ends_what_waits_for_nothing_but_a_close)
{
	struct call *call = wait_for_a_step(50, &wait_maker);

	cr_expect_eq(wait_placed(call), -1);
	wait_ask(0, REMOTE_CHECK);
	wait_ask(0, REMOTE_LISTENER);
	wait_ask(0, REMOTE_PLACED);
	for (int i = 0; i < 100 && wait_placed(call) < 0; i++)
		wait_run_for(0.05);
	cr_expect(wait_may_be_left(call));
	cr_expect_eq(wait_placed(call), 7);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGINT);
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

Test(wait_worker, descriptor_that_a_dead_worker_has_placed_is_the_result)
{
	wait_for_a_step(50, &fake_dispatch_handler);
	wait_ask(0, REMOTE_LISTENER);
	wait_ask(0, REMOTE_PLACED);
	close(wait_fake.reply_fd[0]);
	wait_run();
	cr_assert_eq(fake_dispatch.finished, 1);
	cr_expect(fake_dispatch.verdict.kind == VERDICT_RETURN && fake_dispatch.verdict.value == 7);
	cr_expect_eq(wait_fake.logged, 1);
}

static unsigned wait_open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(wait_worker, worker_that_cannot_be_started_leaves_nothing_behind)
{
	struct call *call = wait_running_call(50);
	unsigned before = wait_open_descriptors();

	wait_fake.export_error = -EIO;
	cr_expect_eq(call_wait_worker_open(call, STDIN_FILENO, O_RDONLY), -EIO);
	cr_expect_null(call->wait);
	wait_fake.export_error = 0;
	wait_fake.launch_error = -EPIPE;
	cr_expect_eq(call_wait_worker_open(call, STDIN_FILENO, O_RDONLY), -EPIPE);
	cr_expect_null(call->wait);
	cr_expect_eq(wait_open_descriptors(), before);
	wait_fake.launch_error = 0;
	cr_expect_eq(call_wait_ms(call, 10), 0, "the handler may wait in another way");
	wait_park(call);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
}

Test(wait_worker, work_that_the_launcher_cannot_take_yet_is_handed_over_later)
{
	wait_fake.launch_error = -EAGAIN;
	wait_for_worker(50);
	wait_run_for(0.02);
	wait_fake.launch_error = 0;
	wait_run_for(0.02);
	cr_expect(wait_fake.sent[wait_fake.sent_count - 1].type == MESSAGE_WORK &&
		  wait_fake.sent[wait_fake.sent_count - 1].value == O_WRONLY);
}
