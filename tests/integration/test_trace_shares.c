/*
 * Threads and processes that share something with the one whose traced call is judged: none of them gets what was
 * refused, and none is spoiled, starved or left over. Also what tracing must not change: last closes, ignored signals.
 */
#include "arch/arch.h"
#include "tests/integration/race.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMES_MOST = 5 };

TestSuite(trace_shares, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome shares_outcome;

static const char *const *shares_options(void)
{
	const char *evil = fixture_path("evil");
	static const char *options[16];
	const char *const *words = WORDS("-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "sandbox/chdir:on",
		"-m", "default/all:allow", "-m", text("deny/exec+%s/***", evil), "-m", text("deny/chdir+%s/***", evil),
		"-m", "log/refused:off");

	for (size_t i = 0; words[i]; i++)
		options[i] = words[i];
	return options;
}

static long shares_count(const char *what)
{
	return outcome_count(&shares_outcome, what);
}

static void shares_native(const char *mode, const char *number, int status)
{
	run_native(WORDS(fixture_guest("share_spoils"), mode, number), &shares_outcome);
	expect_status(&shares_outcome, status, text("%s natively", mode));
}

static void shares_run(const char *const *options, const char *mode, const char *number)
{
	run_kennel(options, WORDS(fixture_guest("share_spoils"), mode, number), &shares_outcome);
	cr_log_info("%s: %s", mode, shares_outcome.out);
	expect_status(&shares_outcome, 0, mode);
}

/* Until somebody is met in the act; where everything is much slower that may take longer than there is time. */
static void shares_catch_by(const char *const *options, const char *mode, const char *number)
{
	for (unsigned i = 0; i == 0 || (i < TIMES_MOST && shares_count("killed") <= 0); i++)
		shares_run(options, mode, number);
	if (fixture_slower() >= MUCH_SLOWER && shares_count("killed") <= 0)
		cr_skip_test("this machine is too slow for the race to be met");
	cr_assert(shares_count("killed") > 0, "never caught: %s", shares_outcome.out);
}

static void shares_catch(const char *mode, const char *number)
{
	shares_catch_by(shares_options(), mode, number);
}

Test(trace_shares, a_refused_page_is_not_moved_away_while_a_thread_makes_it_executable)
{
	shares_native("guarded", "0", 0);
	shares_native("mremap", "3000", 1);
	cr_assert(shares_count("evil") > 0);
	shares_catch("mremap", "3000");
}

/* Where longs have 32 bits nothing was looked at (fixed): the end of all memory did not fit into an argument. */
Test(trace_shares, a_copy_of_the_memory_that_is_forked_meanwhile_runs_nothing_refused)
{
	shares_native("guarded", "0", 0);
	run_native(WORDS(fixture_guest("share_spoils"), "fork", "3000"), &shares_outcome);
	race_expect_met(shares_count("evil") > 0, "natively, a copy of the memory", shares_outcome.out);
	shares_catch("fork", "3000");
}

Test(trace_shares, a_page_is_not_executable_again_with_what_a_thread_wrote_meanwhile)
{
	shares_native("guarded", "0", 0);
	shares_native("rewrite", "3000", 1);
	cr_assert(shares_count("evil") > 0);
	shares_catch_by(WORDS("-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "default/all:allow", "-m",
				"exec/anonymous:off", "-m", "log/refused:off"),
		"rewrite", "3000");
}

Test(trace_shares, a_page_that_is_taken_away_before_the_look_kills)
{
	run_native(WORDS(fixture_guest("share_away"), "3", "5000", "1"), &shares_outcome);
	race_expect_met(shares_count("lived") > 0, "natively, away", shares_outcome.out);
	run_kennel(WORDS("-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "default/all:allow", "-m",
			   "exec/anonymous:off", "-m", "log/refused:off"),
		WORDS(fixture_guest("share_away"), "6", "2000", "5000"), &shares_outcome);
	note("%ld tries, %ld ran before they were killed", shares_count("tries"), shares_count("ran"));
	expect_status(&shares_outcome, 0, "killed");
	cr_assert(shares_count("lived") == 0, "%s", shares_outcome.out);
}

Test(trace_shares, a_process_that_shares_memory_dies_with_the_one_that_was_killed)
{
	shares_catch("vm", "2000");
}

Test(trace_shares, a_process_that_shares_the_directory_dies_with_the_one_that_was_killed)
{
	shares_catch("fs", "2000");
}

Test(trace_shares, nobody_is_cloned_untraced)
{
	shares_native("untraced", "0", 0);
	cr_assert_str_eq(shares_outcome.out, "cloned\n");
	shares_run(shares_options(), "untraced", "0");
	cr_assert_str_eq(shares_outcome.out, "EPERM\n");
}

Test(trace_shares, a_program_never_begins_in_a_directory_that_a_thread_was_refused)
{
	shares_native("exec", "3000", 1);
	cr_assert(shares_count("evil") > 0);
	shares_catch("exec", "3000");
	cr_assert(shares_count("good") > 0, "%s", shares_outcome.out);
}

Test(trace_shares, a_thread_that_execs_while_the_leader_maps_lives_on)
{
	shares_run(shares_options(), "lead", "200");
	cr_assert(shares_count("good") == 200, "%s", shares_outcome.out);
}

Test(trace_shares, processes_that_loop_do_not_starve_a_fork)
{
	shares_run(shares_options(), "loops", "2000");
	cr_assert(shares_count("good") == 10, "%s", shares_outcome.out);
}

Test(trace_shares, a_thread_that_dies_alone_in_its_exec_leaves_the_leader_running)
{
	shares_native("alone", "20", 0);
	shares_run(shares_options(), "alone", "100");
	cr_assert(shares_count("good") == 100, "%s", shares_outcome.out);
}

static pid_t shares_launcher(pid_t kennel)
{
	char list[1024], name[32];
	char *rest = list;
	long pid;

	cr_assert(file_read(text("/proc/%d/task/%d/children", kennel, kennel), list, sizeof(list)) > 0);
	while ((pid = strtol(rest, &rest, 10)) > 0)
		if (file_read(text("/proc/%ld/comm", pid), name, sizeof(name)) > 0 &&
			strcmp(name, "kennel-launcher\n") == 0)
			return (pid_t)pid;
	cr_assert_fail("no launcher among %s", list);
	return -1;
}

Test(trace_shares, the_death_of_the_launcher_ends_all_while_threads_are_traced)
{
	struct job job = { .options = shares_options(),
		.command = WORDS(fixture_guest("share_spoils"), "many", "0"),
		.deadline_ms = 5000 };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
	cr_assert(kill(shares_launcher(running.pid), SIGKILL) == 0);
	fixture_finish(&running, &shares_outcome);
	expect_status(&shares_outcome, 125, "the launcher's death");
	cr_assert(fixture_all_gone(2000), "%u left", fixture_descendants());
}

Test(trace_shares, a_file_just_written_is_held_by_nobody_after_its_close)
{
	shares_native("close", "50", 0);
	shares_run(WORDS(WATCH_ALL), "close", "300");
}

Test(trace_shares, only_signals_that_are_handled_interrupt_calls_that_wait)
{
	if (!abi_native()->restarts_late)
		cr_skip_test("this machine's kernel begins no call again that it has ended (doc/BOUNDARY.md)");
	shares_native("signals", "0", 0);
	shares_run(WORDS(WATCH_ALL), "signals", "0");
	shares_run(shares_options(), "signals", "0");
}

Test(trace_shares, a_limit_below_open_descriptors_leaves_the_free_ones_below)
{
	shares_native("limit", "0", 0);
	shares_run(WORDS(WATCH_ALL), "limit", "0");
}
