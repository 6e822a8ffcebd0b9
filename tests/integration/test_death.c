/*
 * However Kennel ends, no process of the sandbox outlives it: killed, stopped by a
 * signal, or done; with storms of double forks inside.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(death, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome death_outcome;

/* Starts the command, kills the supervisor when it is ready, and expects an empty world. */
static void death_of_supervisor(const char *const *options, const char *const *command)
{
	struct job job = { .options = options, .command = command };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
	cr_assert(fixture_descendants() >= 2);
	cr_assert(kill(running.pid, SIGKILL) == 0);
	fixture_finish(&running, &death_outcome);
	cr_assert(death_outcome.signaled && death_outcome.status == 128 + SIGKILL);
	cr_assert(fixture_all_gone(5000), "%u processes outlived the supervisor", fixture_descendants());
}

Test(death, of_the_supervisor_ends_a_simple_command)
{
	death_of_supervisor(WORDS("-p", "off"), WORDS("/bin/sh", "-c", "echo ready; exec sleep 1000"));
	death_of_supervisor(WORDS("-p", "work"), WORDS("/bin/sh", "-c", "echo ready; exec sleep 1000"));
	death_of_supervisor(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", "echo ready; sleep 1000"));
}

Test(death, of_the_supervisor_ends_sleepers_in_their_own_sessions)
{
	death_of_supervisor(WORDS(WATCH_ALL), WORDS(fixture_guest("fork_storm"), "40", "sleep", "stay"));
	death_of_supervisor(WORDS("-p", "off"), WORDS(fixture_guest("fork_storm"), "40", "sleep", "stay"));
}

Test(death, of_the_supervisor_ends_a_storm_of_double_forks)
{
	death_of_supervisor(WORDS(WATCH_ALL), WORDS(fixture_guest("fork_storm"), "20", "storm", "stay"));
	death_of_supervisor(WORDS("-p", "off"), WORDS(fixture_guest("fork_storm"), "20", "storm", "stay"));
}

Test(death, of_the_supervisor_ends_calls_that_wait)
{
	death_of_supervisor(WORDS(WATCH_ALL),
		WORDS("/bin/sh", "-c", "mkfifo fifo; cat fifo & cat fifo & sleep 0.2; echo ready; cat fifo"));
}

Test(death, of_the_supervisor_ends_stopped_processes)
{
	death_of_supervisor(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", "sleep 1000 & kill -STOP $!; echo ready; wait"));
}

Test(death, of_the_first_process_ends_the_storm)
{
	run_kennel(WORDS(WATCH_ALL), WORDS(fixture_guest("fork_storm"), "20", "storm"), &death_outcome);
	expect_status(&death_outcome, 0, "fork_storm");
	cr_assert(fixture_all_gone(3000), "%u left", fixture_descendants());
}

/* Nothing of Kennel stays either: no launcher, no worker, no zombie that nobody reaps. */
Test(death, an_ended_sandbox_leaves_no_process_of_ours)
{
	for (int i = 0; i < 5; i++) {
		run_kennel(WORDS("-p", "work"), WORDS("/bin/sh", "-c", "mkfifo f 2>/dev/null; (cat f &); exit 4"),
			&death_outcome);
		cr_assert(death_outcome.status == 4);
		cr_assert(fixture_all_gone(1000), "%u left", fixture_descendants());
	}
}

Test(death, a_terminating_signal_that_the_command_ignores_does_not_end_it)
{
	struct job job = { .options = WORDS("-p", "work"),
		.command = WORDS("/bin/sh", "-c", "trap '' TERM; echo ready; sleep 1; echo end; exit 6") };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 5000));
	cr_assert(kill(running.pid, SIGTERM) == 0);
	fixture_finish(&running, &death_outcome);
	expect_status(&death_outcome, 6, "an ignored signal");
}

/* Orphans are adopted and reaped while the sandbox lives. */
Test(death, orphans_are_reaped)
{
	const char *script = "i=0; while [ $i -lt 60 ]; do (sh -c 'exit 0' &) ; i=$((i+1)); done; sleep 0.5; cat "
			     "/proc/[0-9]*/stat 2>/dev/null > stats; exit 0";
	static char stats[1 << 20];
	char *line;

	run_kennel(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", script), &death_outcome);
	expect_status(&death_outcome, 0, "orphans");
	cr_assert(file_read("stats", stats, sizeof(stats)) > 0);
	for (line = strtok(stats, "\n"); line; line = strtok(NULL, "\n"))
		cr_assert(!strstr(line, "(sh) Z"), "a zombie stays: %s", line);
}
