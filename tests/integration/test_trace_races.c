/*
 * Races between the check of execve, chdir or mmap and its use, each with its control: natively the evil thing is
 * used, under Kennel never. What is caught dies, with one log line for each.
 */
#include "tests/integration/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES_DEFAULT "20000"
#define NATIVE_TRIES "3000"
#define RACE_MS "3000"
#define ROUNDS_MAX 20
#define CONTROLS 50
/* Sanitizers make it slow: there it is about their findings, not about the number of tries. */
#define RACE_MS_SANITIZED "1500"

static struct outcome race_outcome;
static char race_log[1 << 24];

static void race_enter(void)
{
	fixture_enter();
	cr_assert(mkdir("good", 0755) == 0 && mkdir("evil", 0755) == 0);
	run_native(WORDS(fixture_guest("make_program"), "good", "good/prog"), &race_outcome);
	expect_status(&race_outcome, 0, "make_program");
	run_native(WORDS(fixture_guest("make_program"), "evil", "evil/prog"), &race_outcome);
	expect_status(&race_outcome, 0, "make_program");
}

TestSuite(trace_races, .init = race_enter, .fini = fixture_leave, .timeout = 7200);

static long race_count(const char *what)
{
	return outcome_count(&race_outcome, what);
}

static void race_run(const char *const *options, const char *const *command)
{
	struct job job = { .options = options, .command = command };
	struct running running;

	job.deadline_ms = (unsigned)atol(command[3]) + 20000;
	fixture_start(&job, &running);
	fixture_finish(&running, &race_outcome);
	cr_assert(file_read(running.err, race_log, sizeof(race_log)) >= 0);
}

static void race_clean(void)
{
	static struct outcome cleaned;

	run_native(WORDS("/bin/rm", "-rf", "flip", "dynamic"), &cleaned);
}

/* Natively the race is won within some thousand tries: else it shows nothing. */
static void race_control(const char *guest, const char *kind)
{
	bool won = false;

	for (unsigned i = 0; i < fixture_rounds(CONTROLS) && !won; i++) {
		race_run(NULL, WORDS(fixture_guest(guest), kind, NATIVE_TRIES, "5000"));
		race_clean();
		won = race_count("evil") > 0;
	}
	race_expect_met(won, text("natively, %s", kind), race_outcome.out);
}

static void race_once(const char *const *command, const char *category)
{
	const char *kind = command[1];
	unsigned lines;

	race_run(WORDS("-m", "sandbox/all:off", "-m", text("sandbox/%s:on", category), "-m",
			 text("default/%s:allow", category), "-m",
			 text("deny/%s+%s/***", category, fixture_path("evil")), "-m", "log/refused:off"),
		command);
	note("%ld tries: %s, %s", race_count("tries"), kind, race_outcome.out);
	lines = log_count(race_log, "ctx", "mismatch", "act", "kill");
	cr_assert(race_count("evil") == 0, "evil was used: %s%.2000s", race_outcome.out, race_outcome.err);
	expect_status(&race_outcome, 0, kind);
	cr_assert((long)lines == race_count("killed"), "%u lines for %s%.2000s", lines, race_outcome.out,
		race_outcome.err);
	cr_assert(log_count(race_log, "ctx", "mismatch", "cap", category) == lines);
}

/*
 * Until both sides were seen. caught: some must have died, too, which shows that the window was hit; some windows are
 * so small that it takes luck.
 */
static void race_check(const char *guest, const char *kind, const char *category, bool caught)
{
	const char *const *command = WORDS(fixture_guest(guest), kind, race_setting("KENNEL_RACE_TRIES", TRIES_DEFAULT),
		race_setting("KENNEL_RACE_MS", race_sanitized ? RACE_MS_SANITIZED : RACE_MS));
	bool allowed = false, refused = false, killed = false;

	race_control(guest, kind);
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		race_once(command, category);
		allowed = allowed || race_count("good") > 0;
		refused = refused || race_count("refused") > 0;
		killed = killed || race_count("killed") > 0;
		if (allowed && refused && (killed || !caught))
			return;
		race_clean();
	}
	race_expect_met(
		false, text("%s: allowed %d, refused %d, killed %d", kind, allowed, refused, killed), race_outcome.out);
}

Test(trace_races, a_thread_changes_the_path_of_execve)
{
	race_check("race_exec", "thread", "exec", true);
}

Test(trace_races, a_process_that_shares_memory_changes_the_path_of_execve)
{
	race_check("race_exec", "memory", "exec", true);
}

Test(trace_races, a_symlink_to_a_program_changes)
{
	race_check("race_exec", "symlink", "exec", true);
}

Test(trace_races, a_script_is_exchanged)
{
	race_check("race_exec", "script", "exec", true);
}

Test(trace_races, a_script_is_written_anew)
{
	race_check("race_exec", "rewrite", "exec", false);
}

Test(trace_races, the_cwd_of_a_relative_interpreter_changes)
{
	race_check("race_exec", "cwd", "exec", true);
}

Test(trace_races, the_interpreter_of_a_program_changes)
{
	race_check("race_exec", "interpreter", "exec", true);
}

Test(trace_races, a_thread_changes_the_path_of_chdir)
{
	race_check("race_chdir", "thread", "chdir", true);
}

Test(trace_races, a_process_that_shares_memory_changes_the_path_of_chdir)
{
	race_check("race_chdir", "memory", "chdir", true);
}

Test(trace_races, a_symlink_to_a_directory_changes)
{
	race_check("race_chdir", "symlink", "chdir", true);
}

Test(trace_races, a_thread_changes_the_descriptor_of_fchdir)
{
	race_check("race_chdir", "fchdir", "chdir", true);
}

Test(trace_races, a_thread_changes_the_descriptor_of_mmap)
{
	race_check("race_mmap", "dup2", "exec", true);
}

Test(trace_races, a_thread_changes_what_mprotect_makes_executable)
{
	/* Where memory that can be read is executed, the evil page runs without any mprotect. */
	run_native(WORDS(fixture_guest("share_spoils"), "guarded", "0"), &race_outcome);
	expect_status(&race_outcome, 0, "guarded natively");
	race_check("race_mmap", "mprotect", "exec", true);
}
