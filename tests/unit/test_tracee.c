/*
 * The table of threads that called, with real children and threads: numbers are reused here by
 * asking for them (set_tid of clone3), which needs root.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call.h"
#include "core/loop.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static int revalidated; /* what call_revalidate() says */
static unsigned revalidations;

int call_revalidate(struct call *asked)
{
	(void)asked;
	revalidations++;
	return revalidated;
}

static void tracee_setup(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);

	supervisor.features.pidfd_thread = fd >= 0;
	if (fd >= 0)
		close(fd);
	supervisor.loop = loop_new();
	sandbox.tracees = tracees_new(&sandbox);
}

static void tracee_end(void)
{
	tracees_free(sandbox.tracees);
	loop_free(supervisor.loop);
}

TestSuite(tracee, .init = tracee_setup, .fini = tracee_end, .timeout = 120);

static void tracee_need_threads(void)
{
	if (!supervisor.features.pidfd_thread)
		cr_skip_test("no PIDFD_THREAD on this kernel");
}

/* One turn of the loop, and everything that is ready in it. */
static void tracee_turn(void)
{
	for (int i = 0; i < 3; i++)
		ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
}

static void tracee_sleep(void)
{
	setsid();
	for (;;)
		pause();
}

static pid_t tracee_child(void)
{
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0)
		tracee_sleep();
	return child;
}

/* A child with this very number; -1 with errno where that is not allowed. */
static pid_t tracee_child_numbered(pid_t number)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1
	};
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child == 0)
		tracee_sleep();
	return child;
}

static void tracee_end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static pid_t tracee_reuse(pid_t number)
{
	pid_t child = -1;

	/* Somebody else may be faster; the number comes free again then. */
	for (int i = 0; i < 100 && child < 0; i++) {
		child = tracee_child_numbered(number);
		if (child < 0 && errno != EEXIST)
			break;
	}
	return child;
}

static bool tracee_points_at(int pidfd, pid_t pid)
{
	struct stat theirs, ours;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool same = fd >= 0 && fstat(fd, &theirs) == 0 && fstat(pidfd, &ours) == 0 && theirs.st_ino == ours.st_ino;

	close(fd);
	return same;
}

Test(tracee, thread_is_entered_once)
{
	pid_t child = tracee_child();
	int pidfd;

	tracee_need_threads();
	call.tid = child;
	pidfd = tracee_pidfd(&call);
	cr_assert_geq(pidfd, 0);
	cr_expect_eq(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	cr_expect_eq(revalidations, 1, "checked after it was opened by number");
	cr_expect_eq(tracee_pidfd(&call), pidfd);
	cr_expect_eq(revalidations, 1);
	cr_expect_eq(tracees_count(sandbox.tracees), 1);
	tracee_end_child(child);
}

Test(tracee, entry_is_gone_when_its_process_ends)
{
	pid_t child = tracee_child();
	int pidfd;

	tracee_need_threads();
	call.tid = child;
	pidfd = tracee_pidfd(&call);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 1);
	tracee_end_child(child);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
	cr_expect_lt(fcntl(pidfd, F_GETFD), 0, "the pidfd is closed");
	cr_expect_eq(tracee_pidfd(&call), -ESRCH);
}

struct thread {
	pthread_t thread;
	pthread_barrier_t ready, done;
	pid_t tid;
};

static void *tracee_thread(void *argument)
{
	struct thread *self = argument;

	self->tid = gettid();
	pthread_barrier_wait(&self->ready);
	pthread_barrier_wait(&self->done);
	return NULL;
}

static void tracee_start_thread(struct thread *thread)
{
	pthread_barrier_init(&thread->ready, NULL, 2);
	pthread_barrier_init(&thread->done, NULL, 2);
	cr_assert_eq(pthread_create(&thread->thread, NULL, tracee_thread, thread), 0);
	pthread_barrier_wait(&thread->ready);
}

static void tracee_end_thread(struct thread *thread)
{
	pthread_barrier_wait(&thread->done);
	pthread_join(thread->thread, NULL);
	/* join() returns a little before the kernel is done with the thread */
	for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), thread->tid, 0) == 0; i++)
		usleep(1000);
}

Test(tracee, entry_is_gone_when_its_thread_ends_though_the_process_lives)
{
	struct thread first, second;

	tracee_need_threads();
	tracee_start_thread(&first);
	tracee_start_thread(&second);
	call.tid = first.tid;
	cr_expect_geq(tracee_pidfd(&call), 0);
	call.tid = second.tid;
	cr_expect_geq(tracee_pidfd(&call), 0);
	cr_expect_eq(tracees_count(sandbox.tracees), 2);
	tracee_end_thread(&first);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 1);
	cr_expect_geq(tracee_pidfd(&call), 0);
	tracee_end_thread(&second);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
}

Test(tracee, number_that_is_reused_before_the_loop_looks_is_another_thread)
{
	pid_t child = tracee_child();
	pid_t reused;

	tracee_need_threads();
	call.tid = child;
	cr_assert_geq(tracee_pidfd(&call), 0);
	tracee_end_child(child);
	reused = tracee_reuse(child);
	if (reused < 0)
		cr_skip_test("cannot choose the number of a process");
	cr_assert_eq(reused, child);
	cr_expect(tracee_points_at(tracee_pidfd(&call), reused), "the old thread is not mistaken for the new one");
	cr_expect_eq(tracees_count(sandbox.tracees), 1);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 1, "the end of the old one does not take the new one");
	cr_expect(tracee_points_at(tracee_pidfd(&call), reused));
	tracee_end_child(reused);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
}

Test(tracee, call_that_is_over_enters_nobody)
{
	pid_t child = tracee_child();

	tracee_need_threads();
	call.tid = child;
	revalidated = -ESRCH;
	cr_expect_eq(tracee_pidfd(&call), -ESRCH);
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
	tracee_end_child(child);
}

Test(tracee, thread_that_never_was_is_no_such_process)
{
	call.tid = 1 << 22;
	cr_expect_eq(tracee_pidfd(&call), -ESRCH);
	supervisor.features.pidfd_thread = false;
	cr_expect_eq(tracee_pidfd(&call), -ESRCH);
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
}

/* Numbers that are 256 apart share a bucket. */
Test(tracee, threads_of_one_bucket_are_told_apart)
{
	pid_t children[3];
	int pidfds[3];

	tracee_need_threads();
	children[0] = tracee_child();
	children[1] = tracee_child_numbered(children[0] + 2560);
	children[2] = tracee_child_numbered(children[0] + 5120);
	if (children[1] < 0 || children[2] < 0) {
		for (int i = 0; i < 3; i++)
			if (children[i] > 0)
				tracee_end_child(children[i]);
		cr_skip_test("cannot choose the numbers of processes");
	}
	for (int i = 0; i < 3; i++) {
		call.tid = children[i];
		pidfds[i] = tracee_pidfd(&call);
		cr_expect(tracee_points_at(pidfds[i], children[i]));
	}
	tracee_end_child(children[1]);
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 2);
	for (int i = 0; i < 3; i += 2) {
		call.tid = children[i];
		cr_expect_eq(tracee_pidfd(&call), pidfds[i]);
		tracee_end_child(children[i]);
	}
	tracee_turn();
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
}

Test(tracee, table_of_living_threads_is_freed_whole)
{
	pid_t children[20];
	int pidfds[20];

	tracee_need_threads();
	for (int i = 0; i < 20; i++) {
		call.tid = children[i] = tracee_child();
		pidfds[i] = tracee_pidfd(&call);
		cr_assert_geq(pidfds[i], 0);
	}
	tracees_free(sandbox.tracees);
	for (int i = 0; i < 20; i++) {
		cr_expect_lt(fcntl(pidfds[i], F_GETFD), 0);
		tracee_end_child(children[i]);
	}
	tracee_turn();
	sandbox.tracees = tracees_new(&sandbox);
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
}

Test(tracee, older_kernels_lend_one_pidfd_at_a_time)
{
	pid_t first = tracee_child(), second = tracee_child();
	int pidfd;

	supervisor.features.pidfd_thread = false;
	call.tid = first;
	pidfd = tracee_pidfd(&call);
	cr_expect(tracee_points_at(pidfd, first));
	call.tid = second;
	pidfd = tracee_pidfd(&call);
	cr_expect(tracee_points_at(pidfd, second));
	cr_expect_eq(tracees_count(sandbox.tracees), 0);
	tracees_free(sandbox.tracees);
	cr_expect_lt(fcntl(pidfd, F_GETFD), 0);
	sandbox.tracees = tracees_new(&sandbox);
	tracee_end_child(first);
	tracee_end_child(second);
}

Test(tracee, older_kernels_have_none_for_a_thread_that_does_not_lead)
{
	struct thread thread;

	supervisor.features.pidfd_thread = false;
	tracee_start_thread(&thread);
	call.tid = thread.tid;
	cr_expect_eq(tracee_pidfd(&call), -EINVAL);
	tracee_end_thread(&thread);
}
