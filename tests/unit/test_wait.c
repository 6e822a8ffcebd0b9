/*
 * Calls that wait for time, for signals and for descriptors, in a real loop; the dispatcher and what is read of the
 * target are fakes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <ev.h>
#include <unistd.h>

#include "core/call_pool.h"
#include "core/loop.h"
#include "core/wait.h"
#include "tests/unit/fake_dispatch.h"
#include "tests/unit/wait_fixture.h"

#define ERESTARTSYS_OF_THE_KERNEL 512

TestSuite(wait, .init = wait_setup, .fini = wait_teardown, .timeout = 120);

Test(wait, timeout_resumes_the_call_not_before_its_time)
{
	wait_for_time(50, 120);
	wait_run();
	cr_expect_eq(fake_dispatch.resumed, 1);
	cr_expect_eq(fake_dispatch.wake.reason, WAKE_TIMEOUT);
	cr_expect_eq(fake_dispatch.wake.fd, -1);
	cr_expect(wait_elapsed > 0.11 && wait_elapsed < 2, "%f", wait_elapsed);
	cr_expect_null(call_pool_waiting(wait_fake.sandbox.calls));
}

Test(wait, timeout_counts_from_the_call_and_not_from_the_start_of_the_turn)
{
	ev_now_update(loop_ev(wait_fake.supervisor.loop));
	usleep(100000);
	wait_for_time(50, 120);
	wait_run();
	cr_expect(wait_elapsed > 0.11 && wait_elapsed < 2, "%f", wait_elapsed);
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
	cr_expect(wait_fake.looks >= 5 && wait_fake.looks <= 16, "%u looks in half a second", wait_fake.looks);
	cr_expect_eq(fake_dispatch.resumed + fake_dispatch.abandoned + fake_dispatch.lost, 0);
}

Test(wait, signal_to_the_thread_interrupts)
{
	wait_for_time(51, 60000);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGALRM);
	wait_run();
	cr_expect(fake_dispatch.abandoned == 1 && fake_dispatch.error == ERESTARTSYS_OF_THE_KERNEL);
	cr_expect_lt(wait_elapsed, 1);
}

Test(wait, signal_to_the_process_interrupts_its_leader)
{
	wait_for_time(50, 60000);
	wait_fake.target.pending_shared.words[0] = SIGNAL_BIT(SIGALRM);
	wait_run();
	cr_expect(fake_dispatch.abandoned == 1 && fake_dispatch.error == ERESTARTSYS_OF_THE_KERNEL);
}

Test(wait, signal_to_the_process_proves_nothing_of_another_thread)
{
	wait_for_time(51, 60000);
	wait_fake.target.pending_shared.words[0] = SIGNAL_BIT(SIGALRM);
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 0);
}

Test(wait, blocked_and_ignored_signals_do_not_interrupt)
{
	wait_for_time(50, 60000);
	wait_fake.target.pending_thread.words[0] = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGUSR1);
	wait_fake.target.pending_shared.words[0] = SIGNAL_BIT(SIGUSR2);
	wait_fake.target.blocked.words[0] = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGUSR2);
	wait_fake.target.ignored.words[0] = SIGNAL_BIT(SIGUSR1);
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	wait_fake.target.ignored.words[0] = 0;
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
}

/* mips has twice as many. */
Test(wait, signals_above_64_interrupt_as_the_others)
{
	wait_for_time(50, 60000);
	wait_fake.target.pending_thread.words[1] = SIGNAL_BIT(1) | SIGNAL_BIT(18);
	wait_fake.target.blocked.words[1] = SIGNAL_BIT(1);
	wait_fake.target.ignored.words[1] = SIGNAL_BIT(18);
	wait_run_for(0.1);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	/* The 82nd is not SIGCHLD, which nobody minds by default. */
	wait_fake.target.ignored.words[1] = 0;
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
	wait_fake.target_error = -ESRCH;
	wait_run();
	cr_expect_eq(fake_dispatch.lost, 1);
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
	wait_fake.target_pidfd = dead[0];
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
	wait_fake.target.pending_thread.words[0] = UINT64_C(1) << (SIGUSR1 - 1);
	wait_fake.target.caught.words[0] = wait_fake.target.pending_thread.words[0];
	wait_run();
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.interrupted, 77);
}
