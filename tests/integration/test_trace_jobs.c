/*
 * With every hook on, programs that start, stop, wait for, kill and replace each other find what they find
 * natively: job control, threads that exec, many at once, death in every kind of stop.
 */
#include "tests/integration/fixture.h"

#include "tests/integration/fixture_guard.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct outcome jobs_outcome;

static void jobs_enter(void)
{
	fixture_enter();
	setenv("LC_ALL", "C", 1);
	run_native(WORDS(fixture_guest("make_program"), "good", "good"), &jobs_outcome);
	expect_status(&jobs_outcome, 0, "make_program");
}

TestSuite(trace_jobs, .init = jobs_enter, .fini = fixture_leave, .timeout = 720);

/* Everything is intercepted, and all but one thing is allowed. */
static void jobs_run(const char *const *command, unsigned deadline_ms, const char *expected)
{
	struct job job = { .options = WORDS(WATCH_ALL, ABIS), .command = command, .deadline_ms = deadline_ms };

	fixture_run(&job, &jobs_outcome);
	expect_status(&jobs_outcome, 0, command[0]);
	cr_assert_str_eq(jobs_outcome.out, expected, "%s%s", jobs_outcome.out, jobs_outcome.err);
	cr_assert(fixture_all_gone(3000), "%u left", fixture_descendants());
}

struct screen {
	int master, report;
	const char *const *command;
	char name[128];
	char text[FIXTURE_TEXT];
	size_t length, seen;
};

static void screen_child(void *argument)
{
	const struct screen *screen = argument;
	int terminal;

	setsid();
	terminal = open(screen->name, O_RDWR);
	if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0))
		_exit(111);
	for (int fd = 0; fd < 3; fd++)
		dup2(terminal, fd);
	close(terminal);
	setenv("PS1", "", 1);
	execvp(screen->command[0], (char *const *)(uintptr_t)screen->command);
	_exit(112);
}

/* Waits for the word behind what was seen before. */
static bool screen_wait(struct screen *screen, const char *word, int wait_ms)
{
	struct pollfd ready = { .fd = screen->master, .events = POLLIN };
	ssize_t got = 1;
	char *found;

	for (;;) {
		found = strstr(screen->text + screen->seen, word);
		if (found) {
			screen->seen = (size_t)(found - screen->text) + strlen(word);
			return true;
		}
		if (got <= 0 || poll(&ready, 1, wait_ms) <= 0)
			return false;
		got = read(screen->master, screen->text + screen->length, sizeof(screen->text) - 1 - screen->length);
		screen->length += got > 0 ? (size_t)got : 0;
		screen->text[screen->length] = '\0';
	}
}

static void screen_type(struct screen *screen, const char *keys, const char *answer)
{
	cr_assert(write(screen->master, keys, strlen(keys)) == (ssize_t)strlen(keys));
	cr_assert(!answer || screen_wait(screen, answer, 6000 * (int)fixture_slower()), "no \"%s\" after \"%s\":\n%s",
		answer, keys, screen->text);
}

static void screen_start(struct screen *screen, const char *const *command)
{
	*screen = (struct screen){ .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), .command = command };
	if (screen->master < 0 || grantpt(screen->master) || unlockpt(screen->master) ||
		ptsname_r(screen->master, screen->name, sizeof(screen->name)))
		cr_skip_test("no pseudo terminals here");
	guard_start(screen_child, screen, &screen->report);
	screen_type(screen, "stty -echo; echo re''ady\n", "ready");
}

static void screen_end(struct screen *screen, int expected)
{
	int status = -1;

	cr_assert(read(screen->report, &status, sizeof(status)) == sizeof(status));
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == expected, "ended with %x:\n%s", status, screen->text);
	close(screen->report);
	close(screen->master);
}

#define INTERACTIVE "/bin/bash", "--norc", "--noprofile", "--noediting", "-i"

/* Nothing tells that a program has begun; keys that come before it are the shell's. */
static void screen_rest(unsigned ms)
{
	sleep_ms(ms * fixture_slower());
}

/* A session at the terminal, the same for every shell. */
static void screen_session(const char *const *command)
{
	static struct screen screen;

	fixture_need_program("bash");
	screen_start(&screen, command);
	screen_type(&screen, "sleep 100\n", NULL);
	screen_rest(400);
	screen_type(&screen, "\x1a", "Stopped");
	screen_type(&screen, "jobs\n", "Stopped");
	screen_type(&screen, "bg\n", "sleep 100 &");
	screen_type(&screen, "jobs\n", "Running");
	screen_type(&screen, "fg\n", "sleep 100");
	screen_rest(200);
	screen_type(&screen, "\x03", NULL);
	screen_rest(200);
	screen_type(&screen, "echo rc=$?\n", "rc=130");
	screen_type(&screen, "cat\n", NULL);
	screen_rest(200);
	screen_type(&screen, "typed\n", "typed");
	screen_type(&screen, "\x1a", "Stopped");
	screen_type(&screen, "fg\nagain\n", "again");
	screen_type(&screen, "\x04", NULL);
	screen_type(&screen, "echo rc=$?\n", "rc=0");
	screen_type(&screen, "stty -a | head -n 1\n", "speed");
	screen_type(&screen, "echo a b | tr a-z A-Z | cat | cat\n", "A B");
	screen_type(&screen, "cat &\n", NULL);
	screen_type(&screen, "sleep 0.3; jobs\n", "Stopped");
	screen_type(&screen, "kill -KILL %1; wait; echo gone\n", "gone");
	screen_type(&screen, "sleep 0.2 & sleep 0.1 & wait; echo waited=$?\n", "waited=0");
	screen_type(&screen, "sleep 50 | sleep 60\n", NULL);
	screen_rest(300);
	screen_type(&screen, "\x03", NULL);
	screen_type(&screen, "echo rc=$?\n", "rc=130");
	screen_type(&screen, "(kill -TERM $BASHPID); echo rc=$?\n", "rc=143");
	screen_type(&screen, "sleep 100\n", NULL);
	screen_rest(300);
	screen_type(&screen, "\x1c", NULL);
	screen_type(&screen, "echo rc=$?\n", "rc=131");
	screen_type(&screen, "exit 9\n", NULL);
	screen_end(&screen, 9);
}

Test(trace_jobs, an_interactive_shell_natively)
{
	screen_session(WORDS(INTERACTIVE));
}

Test(trace_jobs, an_interactive_shell_with_every_hook_on)
{
	const char *program = getenv("KENNEL");

	if (!program)
		cr_skip_test("KENNEL does not name the program");
	screen_session(WORDS(program, "run", WATCH_ALL, "--", INTERACTIVE));
}

Test(trace_jobs, an_interactive_shell_with_exec_and_chdir_only)
{
	const char *program = getenv("KENNEL");

	if (!program)
		cr_skip_test("KENNEL does not name the program");
	screen_session(WORDS(program, "run", "-m", "sandbox/all:off", "-m", "sandbox/exec,chdir:on", "-m",
		"default/exec,chdir:allow", "-m", "deny/exec,chdir+/nonexistent", "--", INTERACTIVE));
}

Test(trace_jobs, stops_and_ends_are_what_the_parent_sees)
{
	run_native(WORDS(fixture_guest("stop_children")), &jobs_outcome);
	expect_status(&jobs_outcome, 0, "the control");
	jobs_run(WORDS(fixture_guest("stop_children")), 0, "as expected\n");
}

Test(trace_jobs, a_thousand_programs_are_spawned_at_once)
{
	run_native(WORDS(fixture_guest("spawn_many"), "1000", "/bin/true"), &jobs_outcome);
	expect_status(&jobs_outcome, 0, "the control");
	jobs_run(WORDS(fixture_guest("spawn_many"), "1000", "/bin/true"), 60000, "started 1000 good 1000\n");
}

Test(trace_jobs, one_of_64_threads_replaces_the_program)
{
	jobs_run(WORDS(fixture_guest("exec_threads"), "plain", "40", "64", "good"), 30000, "replaced 40\n");
}

Test(trace_jobs, a_thread_replaces_the_program_when_the_first_has_ended)
{
	jobs_run(WORDS(fixture_guest("exec_threads"), "gone", "40", "64", "good"), 30000, "replaced 40\n");
}

Test(trace_jobs, a_thread_replaces_the_program_while_the_first_is_in_a_traced_call)
{
	jobs_run(WORDS(fixture_guest("exec_threads"), "busy", "200", "8", "good"), 60000, "replaced 200\n");
}

Test(trace_jobs, a_thread_replaces_the_program_while_all_are_stopped_and_continued)
{
	jobs_run(WORDS(fixture_guest("exec_threads"), "stopped", "200", "8", "good"), 60000, "replaced 200\n");
}

Test(trace_jobs, a_thread_of_a_32_bit_program_replaces_it)
{
	jobs_run(WORDS(fixture_guest("exec_threads.32"), "busy", "20", "8", "good"), 30000, "replaced 20\n");
}

Test(trace_jobs, a_thread_of_an_ilp32_program_replaces_it)
{
	jobs_run(WORDS(fixture_guest("exec_threads.ilp32"), "busy", "20", "8", "good"), 30000, "replaced 20\n");
}

/* What was killed leaves nothing, and the next one is served. */
Test(trace_jobs, death_in_every_kind_of_stop_leaves_nothing)
{
	const char *script = text("%s 300 ./good && ./good; test $? = 7 && echo served", fixture_guest("die_stopped"));

	jobs_run(WORDS("/bin/sh", "-c", script), 60000, "killed 300\nserved\n");
}

Test(trace_jobs, death_of_the_supervisor_ends_what_it_traces)
{
	const char *script = text("echo ready; exec %s 100000 ./good", fixture_guest("die_stopped"));

	for (int i = 0; i < 5; i++) {
		struct job job = { .options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script) };
		struct running running;

		fixture_start(&job, &running);
		cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
		sleep_ms(100 + 13 * (unsigned)i);
		cr_assert(kill(running.pid, SIGKILL) == 0);
		fixture_finish(&running, &jobs_outcome);
		cr_assert(jobs_outcome.signaled && jobs_outcome.status == 128 + SIGKILL);
		cr_assert(fixture_all_gone(5000), "%u processes outlived the supervisor", fixture_descendants());
	}
}

/* Calls that are traced and calls that are not: neither waits for ever because of the other. */
Test(trace_jobs, traced_calls_leave_time_for_others)
{
	run_kennel(WORDS(WATCH_ALL), WORDS(fixture_guest("share_supervisor"), "1500"), &jobs_outcome);
	expect_status(&jobs_outcome, 0, "share_supervisor");
}

static long jobs_descriptors(pid_t pid)
{
	DIR *directory = opendir(text("/proc/%d/fd", pid));
	long count = 0;

	cr_assert(directory, "cannot look into the supervisor");
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static long jobs_memory_kb(pid_t pid)
{
	char status[8192];
	char *found;

	cr_assert(file_read(text("/proc/%d/status", pid), status, sizeof(status)) > 0);
	found = strstr(status, "\nVmRSS:");
	cr_assert(found);
	return strtol(found + 7, NULL, 10);
}

/* The shell's own sleep comes and goes with a descriptor: the least of some looks is the state at rest. */
static long jobs_descriptors_at_rest(pid_t pid)
{
	long least = jobs_descriptors(pid);

	for (unsigned i = 0; i < 15; i++) {
		long now;

		sleep_ms(20);
		now = jobs_descriptors(pid);
		least = now < least ? now : least;
	}
	return least;
}

Test(trace_jobs, death_in_every_kind_of_stop_leaves_nothing_in_the_supervisor)
{
	const char *deaths = fixture_guest("die_stopped");
	const char *script = text("%s 60 ./good; echo one; while [ ! -e go ]; do sleep 0.05; done; %s 200 ./good; echo "
				  "two; while [ ! -e end ]; do sleep 0.05; done",
		deaths, deaths);
	struct job job = {
		.options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script), .deadline_ms = 60000
	};
	struct running running;
	long descriptors, memory_kb;

	/* Else ASan keeps what is freed, and the supervisor grows. */
	cr_assert(setenv("ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0", 1) == 0);
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "one", 20000), "no warm-up");
	sleep_ms(300);
	descriptors = jobs_descriptors_at_rest(running.pid);
	memory_kb = jobs_memory_kb(running.pid);
	file_write("go", "");
	cr_assert(wait_for_text(running.out, "two", 30000), "the deaths take too long");
	sleep_ms(300);
	cr_assert(jobs_descriptors_at_rest(running.pid) <= descriptors, "descriptors: %ld, then %ld", descriptors,
		jobs_descriptors(running.pid));
	cr_assert(jobs_memory_kb(running.pid) - memory_kb < 1024, "memory: %ld kB, then %ld kB", memory_kb,
		jobs_memory_kb(running.pid));
	file_write("end", "");
	fixture_finish(&running, &jobs_outcome);
	expect_status(&jobs_outcome, 0, "deaths");
}

/* The same script natively and with every hook on: each status, also of nested shells and signals. */
Test(trace_jobs, exit_statuses_are_those_of_a_native_run)
{
	static struct outcome native;
	static const char script[] =
		"ulimit -c 0\n"
		"for s in HUP INT QUIT ABRT FPE KILL SEGV PIPE ALRM TERM XCPU SYS; do "
		"bash -c \"kill -$s \\$\\$\" 2>/dev/null; echo $s $?; done\n"
		"(exit 3) & (sleep 0.1; exit 4) & a=$!; wait $a; echo $?; wait; echo $?\n"
		"sh -c 'sh -c \"exit 5\"; echo $?; exit 6'; echo $?; ./missing 2>/dev/null; echo $?\n"
		". /dev/null; echo $?; sleep 100 & kill -9 $!; wait $! 2>/dev/null; echo $?\n"
		"sleep 100 & kill -STOP $!; kill -CONT $!; kill -TERM $!; wait $! 2>/dev/null; echo $?\n"
		"trap 'echo trapped' USR1; kill -USR1 $$; (sleep 0.1; kill -USR1 $$) & wait; echo $?\n"
		"true | false | true; echo ${PIPESTATUS[*]}\n"
		"timeout 0.1 sleep 5; echo $?; timeout -s KILL 0.1 sleep 5; echo $?\n"
		"cd / && pwd; cd missing 2>/dev/null; echo $?\n";
	const char *const *command = WORDS("/bin/bash", "-c", script);

	fixture_need_program("bash");
	run_native(command, &native);
	expect_status(&native, 0, "the control");
	run_kennel(WORDS(WATCH_ALL), command, &jobs_outcome);
	cr_assert_str_eq(
		jobs_outcome.out, native.out, "%s instead of %s%s", jobs_outcome.out, native.out, jobs_outcome.err);
	cr_assert(jobs_outcome.status == native.status);
}

/* The group of a test is orphaned: the terminal's signal to stop is nothing there. */
Test(trace_jobs, the_terminal_stops_no_orphaned_group)
{
	const char *const *command = WORDS("/bin/sh", "-c", "kill -TSTP $$; echo went on");

	run_native(command, &jobs_outcome);
	cr_assert_str_eq(jobs_outcome.out, "went on\n", "natively: %s", jobs_outcome.out);
	run_kennel(WORDS(WATCH_ALL), command, &jobs_outcome);
	cr_assert_str_eq(jobs_outcome.out, "went on\n", "%s%s", jobs_outcome.out, jobs_outcome.err);
	run_kennel(WORDS("-p", "ro"), command, &jobs_outcome);
	cr_assert_str_eq(jobs_outcome.out, "went on\n", "%s%s", jobs_outcome.out, jobs_outcome.err);
}

Test(trace_jobs, a_signal_that_ends_the_command_is_its_status)
{
	run_kennel(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", "kill -TERM $$"), &jobs_outcome);
	cr_assert(jobs_outcome.status == 128 + SIGTERM, "%d", jobs_outcome.status);
	run_kennel(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", "kill -KILL $$"), &jobs_outcome);
	cr_assert(jobs_outcome.status == 128 + SIGKILL, "%d", jobs_outcome.status);
}
