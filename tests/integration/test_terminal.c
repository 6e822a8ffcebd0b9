/*
 * Job control through a pseudo terminal: a small shell of the test runs Kennel in a
 * process group of its own, in the foreground; keys are typed at the other end.
 */
#include "tests/integration/fixture.h"

#include "tests/integration/fixture_guard.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

TestSuite(terminal, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define EVENTS "../events"
#define OUTPUT "../screen"

static void terminal_note(FILE *events, const char *what, int number)
{
	fprintf(events, "%s %d\n", what, number);
	fflush(events);
}

/* The job: in a group of its own, in the foreground, with its screen in a file. */
static _Noreturn void terminal_job(int terminal, const char *const *command)
{
	setpgid(0, 0);
	tcsetpgrp(terminal, getpid());
	signal(SIGTTOU, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	dup2(terminal, 0);
	dup2(open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), 1);
	dup2(1, 2);
	execvp(command[0], (char *const *)(uintptr_t)command);
	_exit(112);
}

/* The job has stopped: the shell takes the terminal until it is told to continue. */
static void terminal_resume(int terminal, pid_t job)
{
	tcsetpgrp(terminal, getpid());
	while (access("../continue", F_OK))
		sleep_ms(10);
	unlink("../continue");
	tcsetpgrp(terminal, job);
	kill(-job, SIGCONT);
}

struct terminal {
	const char *name;
	const char *const *command;
};

/* A shell with one job: notes its stops and its end, continues it when told to. */
static void terminal_shell(void *argument)
{
	const struct terminal *shell = argument;
	FILE *events = fopen(EVENTS, "we");
	int terminal, status;
	pid_t job;

	setsid();
	terminal = open(shell->name, O_RDWR | O_CLOEXEC);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	if (!events || terminal < 0 || ioctl(terminal, TIOCSCTTY, 0))
		_exit(111);
	job = fork();
	if (job == 0)
		terminal_job(terminal, shell->command);
	setpgid(job, job);
	tcsetpgrp(terminal, job);
	while (waitpid(job, &status, WUNTRACED | WCONTINUED) == job && (WIFSTOPPED(status) || WIFCONTINUED(status))) {
		terminal_note(events, WIFSTOPPED(status) ? "stopped" : "continued",
			WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
		if (WIFSTOPPED(status))
			terminal_resume(terminal, job);
	}
	terminal_note(events, WIFEXITED(status) ? "exited" : "died",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	_exit(0);
}

/*
 * The master's end. The command is "kennel run OPTIONS -- bash -c SCRIPT": a shell that starts its
 * children by vfork cannot stop while one of them stops before its exec.
 */
static int terminal_start(const char *profile, const char *script)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	const char *program = getenv("KENNEL");
	char name[128];
	const char *const *native = WORDS("/bin/bash", "-c", script);
	const char *const *ours = WORDS(program, "run", "-p", profile, "--", "/bin/bash", "-c", script);
	struct terminal shell = { name, strcmp(profile, "native") ? ours : native };
	int report;

	if (!program)
		cr_skip_test("KENNEL does not name the program");
	if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof(name)))
		cr_skip_test("no pseudo terminals here");
	file_write(EVENTS, "");
	file_write(OUTPUT, "");
	guard_start(terminal_shell, &shell, &report);
	cr_assert(wait_for_text(OUTPUT, "ready", 5000), "the command did not start");
	return master;
}

static void terminal_type(int master, const char *keys)
{
	cr_assert(write(master, keys, strlen(keys)) == (ssize_t)strlen(keys));
}

static unsigned terminal_lines(const char *word)
{
	static char screen[FIXTURE_TEXT];
	unsigned count = 0;

	cr_assert(file_read(OUTPUT, screen, sizeof(screen)) >= 0);
	for (const char *at = screen; (at = strstr(at, word)); at++)
		count++;
	return count;
}

static void terminal_stop_and_continue(const char *profile)
{
	int master = terminal_start(
		profile, "trap 'echo interrupted; exit 3' INT; echo ready; while :; do echo tick; sleep 0.05; done");
	unsigned ticks;

	terminal_type(master, "\x1a");
	cr_assert(wait_for_text(EVENTS, text("stopped %d", SIGTSTP), 5000), "%s: Ctrl-Z does not stop", profile);
	sleep_ms(200);
	ticks = terminal_lines("tick");
	sleep_ms(400);
	cr_assert(terminal_lines("tick") <= ticks + 1, "%s: the command runs on while stopped", profile);
	file_write("../continue", "");
	cr_assert(wait_for_text(EVENTS, "continued", 5000), "%s: does not continue", profile);
	for (unsigned i = 0; i < 100 && terminal_lines("tick") <= ticks + 2; i++)
		sleep_ms(100);
	cr_assert(terminal_lines("tick") > ticks + 2, "%s: the command stays stopped", profile);
	terminal_type(master, "\x03");
	cr_assert(wait_for_text(EVENTS, "exited 3", 5000), "%s: Ctrl-C", profile);
	cr_assert(terminal_lines("interrupted") == 1, "%s: %u interrupts", profile, terminal_lines("interrupted"));
	close(master);
}

Test(terminal, the_shell_of_this_test_works_natively)
{
	terminal_stop_and_continue("native");
}

Test(terminal, stop_continue_and_interrupt_work_under_off)
{
	terminal_stop_and_continue("off");
}

Test(terminal, stop_continue_and_interrupt_work_under_work)
{
	terminal_stop_and_continue("work");
}

/* A key reaches the command once: it is not sent on a second time by Kennel. */
Test(terminal, an_interrupt_arrives_once)
{
	int master = terminal_start("work",
		"trap 'echo interrupted' INT; echo ready; i=0; while [ $i -lt 30 ]; do sleep 0.05; i=$((i+1)); "
		"done; exit 4");

	sleep_ms(200);
	terminal_type(master, "\x03");
	cr_assert(wait_for_text(EVENTS, "exited 4", 8000));
	cr_assert(terminal_lines("interrupted") == 1, "%u interrupts", terminal_lines("interrupted"));
	close(master);
}

Test(terminal, an_ignored_interrupt_ends_nothing)
{
	int master = terminal_start("work", "trap '' INT; echo ready; sleep 1; echo survived; exit 5");

	terminal_type(master, "\x03");
	cr_assert(wait_for_text(EVENTS, "exited 5", 8000));
	cr_assert(terminal_lines("survived") == 1);
	close(master);
}

Test(terminal, a_command_that_stops_itself_stops_kennel)
{
	int master = terminal_start("work", "echo ready; kill -STOP $$; echo back; exit 6");

	cr_assert(wait_for_text(EVENTS, text("stopped %d", SIGSTOP), 5000));
	file_write("../continue", "");
	cr_assert(wait_for_text(EVENTS, "exited 6", 5000));
	cr_assert(terminal_lines("back") == 1);
	close(master);
}

/* /dev/tty is the payload's own terminal, and no open gives Kennel one. */
Test(terminal, the_terminal_can_be_opened_by_its_owner)
{
	int master = terminal_start("work", "echo typed > /dev/tty && echo opened; echo ready; exit 7");
	char seen[256] = "";
	ssize_t got;

	cr_assert(wait_for_text(EVENTS, "exited 7", 5000));
	cr_assert(fcntl(master, F_SETFL, O_NONBLOCK) == 0);
	cr_assert(terminal_lines("opened") == 1);
	got = read(master, seen, sizeof(seen) - 1);
	cr_assert(got > 0 && strstr(seen, "typed"), "went to another terminal: %s", seen);
	close(master);
}
