/*
 * Signals sent to the supervisor, in a child that plays it, with a child of its own as payload.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/job_control.h"
#include "core/loop.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "tests/unit/forked.h"

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };

TestSuite(job_control, .timeout = 120);

static pid_t job_control_payload(void)
{
	sigset_t none;
	pid_t child = fork();

	if (child != 0)
		return child;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;)
		pause();
}

/* A supervisor of one sandbox, in this process. */
static void job_control_supervise(void)
{
	supervisor.pid = getpid();
	supervisor.loop = loop_new();
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sandbox.first_pid = job_control_payload();
	sandbox.first_pidfd = (int)syscall(SYS_pidfd_open, sandbox.first_pid, 0);
	supervisor.sandboxes = &sandbox;
	supervisor.job_control = job_control_new(&supervisor);
	FORKED_EXPECT(sandbox.first_pid > 0 && sandbox.first_pidfd >= 0 && supervisor.job_control);
}

static void job_control_end(void)
{
	kill(sandbox.first_pid, SIGKILL);
	waitpid(sandbox.first_pid, NULL, 0);
	job_control_free(supervisor.job_control);
	loop_free(supervisor.loop);
}

static void job_control_turns(unsigned milliseconds)
{
	for (unsigned i = 0; i < milliseconds; i++) {
		ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
		usleep(1000);
	}
}

/* Signals from another process than us. */
static void job_control_send(pid_t target, int number)
{
	pid_t child = fork();

	if (child == 0)
		_exit(kill(target, number) < 0);
	FORKED_EXPECT(waitpid(child, NULL, 0) == child);
}

static void job_control_forward_one(void *context)
{
	const int *number = context;
	int status;

	job_control_supervise();
	job_control_send(getpid(), *number);
	job_control_turns(20);
	/* Not forwarded: that is until the time of the test is over. */
	FORKED_EXPECT(waitpid(sandbox.first_pid, &status, 0) == sandbox.first_pid);
	FORKED_EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == *number);
	job_control_free(supervisor.job_control);
	loop_free(supervisor.loop);
}

Test(job_control, signals_of_others_reach_the_payload_and_not_us)
{
	static int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		cr_expect_eq(forked_run(job_control_forward_one, &numbers[i]), 0, "signal %d", numbers[i]);
}

static void job_control_send_ourselves(void *context)
{
	(void)context;
	job_control_supervise();
	kill(getpid(), SIGTERM);
	job_control_turns(20);
	FORKED_EXPECT(waitpid(sandbox.first_pid, NULL, WNOHANG) == 0);
	job_control_end();
}

Test(job_control, our_own_signals_are_not_forwarded)
{
	cr_expect_eq(forked_run(job_control_send_ourselves, NULL), 0);
}

static void job_control_survive(void *context)
{
	(void)context;
	job_control_supervise();
	job_control_send(getpid(), SIGPIPE);
	job_control_send(getpid(), SIGXFSZ);
	job_control_send(getpid(), SIGCHLD);
	job_control_turns(20);
	FORKED_EXPECT(waitpid(sandbox.first_pid, NULL, WNOHANG) == 0);
	job_control_end();
}

Test(job_control, failed_writes_end_neither_us_nor_the_payload)
{
	cr_expect_eq(forked_run(job_control_survive, NULL), 0);
}

static void job_control_fault(void *context)
{
	(void)context;
	job_control_supervise();
	kill(sandbox.first_pid, SIGKILL);
	waitpid(sandbox.first_pid, NULL, 0);
	signal(SIGABRT, SIG_DFL);
	job_control_send(getpid(), SIGABRT);
	job_control_turns(20);
}

Test(job_control, signals_of_our_own_faults_are_not_held_back)
{
	cr_expect_eq(forked_run_silent(job_control_fault, NULL), SIGABRT);
}

static void job_control_continue_payload(void *context)
{
	int status;

	(void)context;
	job_control_supervise();
	FORKED_EXPECT(kill(sandbox.first_pid, SIGSTOP) == 0);
	FORKED_EXPECT(waitpid(sandbox.first_pid, &status, WUNTRACED) == sandbox.first_pid && WIFSTOPPED(status));
	job_control_send(getpid(), SIGCONT);
	job_control_turns(60);
	FORKED_EXPECT(waitpid(sandbox.first_pid, &status, WCONTINUED | WNOHANG) == sandbox.first_pid);
	FORKED_EXPECT(WIFCONTINUED(status));
	job_control_end();
}

Test(job_control, stopped_payload_goes_on_when_we_do)
{
	cr_expect_eq(forked_run(job_control_continue_payload, NULL), 0);
}

static void job_control_stop_with_payload(int number)
{
	int status;

	job_control_supervise();
	FORKED_EXPECT(kill(sandbox.first_pid, SIGSTOP) == 0);
	FORKED_EXPECT(waitpid(sandbox.first_pid, &status, WUNTRACED) == sandbox.first_pid && WIFSTOPPED(status));
	job_control_stopped(&supervisor, number);
	/* Here only after SIGCONT; the number is blocked again, where it can be. */
	if (number != SIGSTOP)
		job_control_send(getpid(), number);
	job_control_turns(5);
	job_control_end();
	_exit(42);
}

/* The outer child stays in the session, so that the group of the inner one is no orphan and can stop. */
static void job_control_watch_stop(void *context)
{
	const int *number = context;
	pid_t inner = fork();
	int status;

	if (inner == 0) {
		setpgid(0, 0);
		job_control_stop_with_payload(*number);
	}
	FORKED_EXPECT(waitpid(inner, &status, WUNTRACED) == inner);
	FORKED_EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == *number);
	FORKED_EXPECT(kill(inner, SIGCONT) == 0);
	FORKED_EXPECT(waitpid(inner, &status, WUNTRACED) == inner);
	FORKED_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

Test(job_control, we_stop_as_the_payload_did)
{
	static int numbers[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		cr_expect_eq(forked_run(job_control_watch_stop, &numbers[i]), 0, "signal %d", numbers[i]);
}

static void job_control_late_news(void *context)
{
	(void)context;
	job_control_supervise();
	/* It was woken from inside before we heard of its stop. */
	job_control_stopped(&supervisor, SIGSTOP);
	job_control_end();
}

Test(job_control, a_payload_that_runs_again_does_not_stop_us)
{
	cr_expect_eq(forked_run(job_control_late_news, NULL), 0);
}
