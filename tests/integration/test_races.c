/*
 * Races between the check and the use, each with its control: natively the attack wins
 * within the time, under Kennel it never does.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void race_enter(void)
{
	fixture_enter();
	cr_assert(mkdir("good", 0755) == 0 && mkdir("evil", 0755) == 0 && mkdir("flip", 0755) == 0);
	file_write("good/file", "allowed");
	file_write("evil/file", "secret");
	file_write("fixed", "allowed");
}

TestSuite(races, .init = race_enter, .fini = fixture_leave, .timeout = 90);

#define NATIVE_MS "400"
#define KENNEL_MS "2500"

static struct outcome race_outcome;

static long race_count(const char *what)
{
	const char *found = strstr(race_outcome.out, what);

	cr_assert(found, "no %s in %s%s", what, race_outcome.out, race_outcome.err);
	return strtol(found + strlen(what), NULL, 10);
}

static void race_run(const char *const *options, const char *kind, const char *ms)
{
	run_kennel(options, WORDS(fixture_guest("race_open"), kind, ms), &race_outcome);
}

/* The control, then the same under a policy that denies the evil file. */
static void race_check(const char *kind, bool both_seen)
{
	const char *const *deny = WORDS(WATCH_ALL, "-m", text("deny/read,write,truncate+%s", fixture_path("evil/***")));

	race_run(NULL, kind, NATIVE_MS);
	cr_assert(race_outcome.status == 1 && race_count("secret ") > 0, "the control does not win: %s",
		race_outcome.out);
	race_run(deny, kind, KENNEL_MS);
	expect_status(&race_outcome, 0, kind);
	cr_assert(race_count("secret ") == 0, "%s", race_outcome.out);
	cr_assert(race_count("allowed ") > 0 && (!both_seen || race_count("refused ") > 0), "one side only: %s",
		race_outcome.out);
}

Test(races, a_path_that_changes_under_the_call)
{
	race_check("path", true);
}

Test(races, a_descriptor_that_changes_under_the_call)
{
	race_check("dirfd", true);
}

Test(races, a_cwd_that_changes_under_the_call)
{
	race_check("cwd", true);
}

/* The arguments of openat2 in memory: what is decided is what is done. */
Test(races, open_how_that_changes_under_the_call)
{
	const char *const *deny = WORDS(WATCH_ALL, "-m", text("deny/write,truncate+%s", fixture_path("fixed")));

	race_run(NULL, "how", NATIVE_MS);
	cr_assert(race_outcome.status == 1, "the control does not win: %s", race_outcome.out);
	file_write("fixed", "allowed");
	race_run(deny, "how", KENNEL_MS);
	expect_status(&race_outcome, 0, "how");
	cr_assert(race_count("allowed ") > 0 && race_count("refused ") > 0, "one side only: %s", race_outcome.out);
}

/* Somebody outside swaps the names while the payload opens. */
static void race_names(const char *const *deny)
{
	struct job flipper = { .command = WORDS(fixture_guest("flip_names"), "flip/one", "flip/two"),
		.deadline_ms = 60000 };
	struct running running;

	fixture_start(&flipper, &running);
	race_run(NULL, "names", NATIVE_MS);
	cr_assert(race_outcome.status == 1 && race_count("secret ") > 0, "the control does not win: %s",
		race_outcome.out);
	race_run(deny, "names", KENNEL_MS);
	cr_assert(kill(running.pid, SIGKILL) == 0);
	expect_status(&race_outcome, 0, "names");
	cr_assert(race_count("secret ") == 0 && race_count("allowed ") > 0 && race_count("refused ") > 0, "%s",
		race_outcome.out);
	fixture_finish(&running, &race_outcome);
}

Test(races, a_symlink_that_is_swapped)
{
	cr_assert(symlink("../good", "flip/one") == 0 && symlink("../evil", "flip/two") == 0);
	race_names(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("evil/***"))));
}

Test(races, a_symlink_that_is_swapped_with_a_directory)
{
	cr_assert(mkdir("flip/one", 0755) == 0 && symlink("../evil", "flip/two") == 0);
	file_write("flip/one/file", "allowed");
	race_names(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("evil/***"))));
}

/* Only the walk or the stat category hides the file: the same must hold. */
Test(races, a_symlink_to_a_hidden_directory)
{
	cr_assert(symlink("../good", "flip/one") == 0 && symlink("../evil", "flip/two") == 0);
	race_names(WORDS(WATCH_ALL, "-m", text("deny/walk+%s", fixture_path("evil/***"))));
}
