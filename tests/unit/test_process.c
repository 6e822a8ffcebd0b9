/*
 * What /proc says of real children that call themselves whatever they like.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/call.h"
#include "core/kfeat.h"
#include "core/loop.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"
#include "tests/unit/forked.h"

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static int revalidated;

int call_revalidate(struct call *asked)
{
	(void)asked;
	return revalidated;
}

static void process_setup(void)
{
	kfeat_probe(&supervisor.features);
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.loop = loop_new();
	sandbox.tracees = tracees_new(&sandbox);
}

static void process_end(void)
{
	if (call.tid) {
		kill(call.tid, SIGKILL);
		waitpid(call.tid, NULL, 0);
	}
	tracees_free(sandbox.tracees);
	loop_free(supervisor.loop);
}

TestSuite(process, .init = process_setup, .fini = process_end, .timeout = 120);

/* A child that has prepared itself and sleeps; the call is its. */
static void process_start(void (*prepare)(void))
{
	int pipes[2];
	char byte;

	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	call.tid = fork();
	cr_assert_geq(call.tid, 0);
	if (call.tid == 0) {
		setsid();
		if (prepare)
			prepare();
		if (write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
}

static void process_handler(int number)
{
	(void)number;
}

static struct process_signals process_bits(int first, int second, int third)
{
	const int numbers[] = { first, second, third };
	struct process_signals signals = { 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i])
			signals.words[(numbers[i] - 1) / 64] |= PROCESS_SIGNAL(numbers[i]);
	return signals;
}

static void process_expect_set(const struct process_signals *set, struct process_signals expected)
{
	for (unsigned i = 0; i < ARRAY_SIZE(set->words); i++)
		cr_expect_eq(set->words[i], expected.words[i], "word %u: %llx", i, (unsigned long long)set->words[i]);
}

static void process_prepare_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGRTMAX);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGALRM, process_handler);
	raise(SIGUSR1);          /* to the thread */
	kill(getpid(), SIGUSR2); /* to the process */
}

static void process_expect_signals(void)
{
	struct process_status status;

	cr_assert_eq(process_status_read(&call, &status), 0);
	cr_expect_eq(status.tgid, call.tid);
	process_expect_set(&status.pending_thread, process_bits(SIGUSR1, 0, 0));
	process_expect_set(&status.pending_shared, process_bits(SIGUSR2, 0, 0));
	process_expect_set(&status.blocked, process_bits(SIGUSR1, SIGUSR2, SIGRTMAX));
	cr_expect(process_ignores(&status, SIGHUP));
	cr_expect_not(process_ignores(&status, SIGALRM));
}

Test(process, signals_of_thread_and_process_are_told_apart)
{
	process_start(process_prepare_signals);
	process_expect_signals();
}

/* As mips writes it, below a folder that stands for /proc. */
Test(process, twice_as_many_signals_are_told_apart)
{
	static const char text[] = "Name:\tx\nTgid:\t7\nSigPnd:\t80000000000000010000000000000400\n"
				   "ShdPnd:\t00000000000000000000000000000000\n"
				   "SigBlk:\t00000000000000010000000000000400\n"
				   "SigIgn:\t00000000000000020000000000000001\n"
				   "SigCgt:\t00000000000000000000000000030000\nCapInh:\t0000000000000000\n";
	char folder[] = "/tmp/process-XXXXXX";
	struct process_status status;
	FILE *file = NULL;

	cr_assert(mkdtemp(folder) && chdir(folder) == 0 && mkdir("7", 0700) == 0 && (file = fopen("7/status", "w")));
	cr_assert(fputs(text, file) >= 0 && fclose(file) == 0);
	close(supervisor.proc_fd);
	supervisor.proc_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(process_status_read(&(struct call){ .sandbox = &sandbox, .tid = 7 }, &status), 0);
	cr_expect(unlink("7/status") == 0 && rmdir("7") == 0 && rmdir(folder) == 0);
	process_expect_set(&status.pending_thread, process_bits(128, 65, 11));
	process_expect_set(&status.pending_shared, process_bits(0, 0, 0));
	process_expect_set(&status.blocked, process_bits(65, 11, 0));
	cr_expect(process_ignores(&status, 66) && process_ignores(&status, 1));
	cr_expect_not(process_ignores(&status, SIGCHLD), "it is caught");
	cr_expect_not(process_ignores(&status, 2) || process_ignores(&status, 65));
	cr_expect(process_hears(&status, &status.pending_thread), "the last one is not blocked");
	status.blocked.words[1] |= PROCESS_SIGNAL(128);
	cr_expect_not(process_hears(&status, &status.pending_thread));
}

static void process_prepare_forged_name(void)
{
	process_prepare_signals();
	/* Fifteen bytes that would be a line of their own. */
	prctl(PR_SET_NAME, "\nTgid:1\nUid:0\nS", 0, 0, 0);
}

Test(process, name_of_a_thread_cannot_forge_a_field)
{
	struct process_status status;

	process_start(process_prepare_forged_name);
	process_expect_signals();
	cr_assert_eq(process_status_read(&call, &status), 0);
	cr_expect_eq(status.uid, getuid());
}

static void process_prepare_forged_signals(void)
{
	process_prepare_signals();
	prctl(PR_SET_NAME, "\nSigPnd:ffff\n\\", 0, 0, 0);
}

Test(process, name_of_a_thread_cannot_forge_a_signal)
{
	process_start(process_prepare_forged_signals);
	process_expect_signals();
}

Test(process, real_user_is_reported)
{
	struct process_status status;

	process_start(forked_drop_root);
	cr_assert_eq(process_status_read(&call, &status), 0);
	cr_expect_eq(status.uid, geteuid() == 0 ? FORKED_NOBODY : getuid());
}

Test(process, thread_that_is_gone_is_no_such_process)
{
	struct process_status status;
	char buffer[64] = "old";

	process_start(NULL);
	kill(call.tid, SIGKILL);
	waitpid(call.tid, NULL, 0);
	cr_expect_eq(process_status_read(&call, &status), -ESRCH);
	process_command(&call, buffer, sizeof(buffer));
	cr_expect_str_eq(buffer, "");
	process_cwd(&call, buffer, sizeof(buffer));
	cr_expect_str_eq(buffer, "");
	cr_expect_lt(process_signal(&call, SIGUSR1), 0);
	call.tid = 0;
}

static void process_program(char *buffer, size_t size, pid_t pid)
{
	char name[64];
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	length = readlink(name, buffer, size - 1);
	buffer[length < 0 ? 0 : length] = '\0';
}

/* A shell that waits for its input, which never comes. */
static void process_run_shell(char *const argv[])
{
	char ours[PATH_MAX], theirs[PATH_MAX];
	int pipes[2];

	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	call.tid = fork();
	cr_assert_geq(call.tid, 0);
	if (call.tid == 0) {
		setsid();
		dup2(pipes[0], STDIN_FILENO);
		execv("/bin/sh", argv);
		_exit(127);
	}
	process_program(ours, sizeof(ours), getpid());
	do
		process_program(theirs, sizeof(theirs), call.tid);
	while (*theirs && str_equal(ours, theirs));
	/* The program changes before its words are there. */
	do
		process_command(&call, theirs, sizeof(theirs));
	while (!*theirs);
}

Test(process, command_line_is_words_with_spaces)
{
	char buffer[128];

	process_run_shell((char *[]){ "my shell", "-c", "read a; read b", "", "0", NULL });
	process_command(&call, buffer, sizeof(buffer));
	cr_expect_str_eq(buffer, "my shell -c read a; read b  0");
}

Test(process, long_command_line_is_cut_within_the_buffer)
{
	char word[4096], buffer[64];

	memset(buffer, 'Z', sizeof(buffer));
	memset(word, '0', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	process_run_shell((char *[]){ "sh", "-c", "read a; read b", word, NULL });
	process_command(&call, buffer, 32);
	cr_expect_str_eq(buffer, "sh -c read a; read b 0000000000");
	cr_expect_eq(buffer[32], 'Z');
}

static void process_prepare_directory(void)
{
	if (chdir("/proc") < 0)
		_exit(1);
}

Test(process, working_directory_is_reported_and_cut_within_the_buffer)
{
	char buffer[PATH_MAX];

	process_start(process_prepare_directory);
	process_cwd(&call, buffer, sizeof(buffer));
	cr_expect_str_eq(buffer, "/proc");
	memset(buffer, 'Z', sizeof(buffer));
	process_cwd(&call, buffer, 4);
	cr_expect_str_eq(buffer, "/pr");
	cr_expect_eq(buffer[4], 'Z');
}

static void process_expect_killed_by(int number)
{
	int status;

	cr_assert_eq(waitpid(call.tid, &status, 0), call.tid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == number, "%x", status);
	call.tid = 0;
}

Test(process, signal_reaches_the_process)
{
	process_start(NULL);
	cr_assert_eq(process_signal(&call, SIGTERM), 0);
	process_expect_killed_by(SIGTERM);
}

Test(process, signal_reaches_the_process_on_older_kernels)
{
	supervisor.features.pidfd_thread = false;
	process_start(NULL);
	cr_assert_eq(process_signal(&call, SIGTERM), 0);
	process_expect_killed_by(SIGTERM);
}

Test(process, signal_for_a_call_that_is_over_reaches_nobody)
{
	int status;

	process_start(NULL);
	revalidated = -ESRCH;
	cr_expect_eq(process_signal(&call, SIGKILL), -ESRCH);
	supervisor.features.pidfd_thread = false;
	cr_expect_eq(process_signal(&call, SIGKILL), -ESRCH);
	cr_expect_eq(waitpid(call.tid, &status, WNOHANG), 0);
}

/* Groups come before the signals in the file, and a process may have 65536 of them. */
static void process_prepare_many_groups(void)
{
	gid_t groups[2000];

	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = 1000000 + i;
	if (setgroups(ARRAY_SIZE(groups), groups) < 0)
		_exit(1);
	process_prepare_signals();
}

Test(process, many_groups_do_not_hide_the_signals)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to have many groups");
	process_start(process_prepare_many_groups);
	process_expect_signals();
}

static void process_wait(void)
{
	syscall(SYS_ppoll, NULL, 0, NULL, NULL, 8, 0);
}

/* What the kernel took, whatever became of the registers. */
Test(process, call_of_a_thread_that_waits_is_read_with_its_arguments)
{
	const uint64_t poll_args[6] = { 0, 0, 0, 0, 8, 0 };
	uint64_t args[6] = { 0 };
	int64_t number = 0;
	int error;

	process_start(NULL);
	cr_expect_eq(process_call_read(&(struct call){ .sandbox = &sandbox, .tid = INT_MAX }, &number, args), -ESRCH);
	kill(call.tid, SIGKILL);
	waitpid(call.tid, NULL, 0);
	call.tid = fork();
	if (call.tid == 0) {
		process_wait();
		_exit(0);
	}
	/* A thread that runs has no call. */
	do
		error = process_call_read(&call, &number, args);
	while (error == -EPROTO || (error == 0 && number != SYS_ppoll));
	cr_expect_eq(error, 0);
	/* The kernel looks for what is on the stack in our own memory. */
	cr_expect_arr_eq(args, poll_args, (abi_native()->stack_args ? 4 : 6) * sizeof(*args));
}
