/*
 * Races between the check and the use of calls on files, each with its control: natively the evil file is read,
 * changed, moved or made within the time, under Kennel never. Kinds of flips are in tests/guests/race_files.c.
 */
#include "tests/integration/race.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(races, .init = fixture_enter, .fini = fixture_leave, .timeout = 14400);

enum { CONTROLS = 100, SWAPS_MS = 14400000, SPARE_MS = 20000 };

#define TRIES_DEFAULT "20000"
#define NATIVE_MS "60"
/* For each operation; under sanitizers it is about their findings, not about the number of tries. */
#define RACE_MS "300"
#define RACE_MS_SANITIZED "200"
/* Until both sides were seen, which a busy machine can delay. */
#define PATIENCE_MS "20000"

/* What somebody outside exchanges meanwhile; nothing where the guest flips by itself. */
struct swap {
	const char *one, *two;
};

struct race {
	const char *flip;
	const char *const *operations;
	const char *const *options;
	struct swap swap;
};

struct evil {
	struct stat file;
	bool made;
};

static struct outcome race_outcome;

static long race_count(const char *what)
{
	return outcome_count(&race_outcome, what);
}

static void race_place(const struct race *race)
{
	static struct outcome cleaned;
	const char *middle = strcmp(race->flip, "middle") == 0 ? "mkdir flip/one && echo allowed > flip/one/file"
							       : "ln -s ../good flip/one";

	run_native(WORDS("/bin/sh", "-c",
			   text("rm -rf place && mkdir place && cd place && mkdir -p good/in evil/in flip && "
				"echo allowed > good/file && printf secret > evil/file && echo mine > mine && %s && "
				"ln -s ../evil flip/two",
				   middle)),
		&cleaned);
	expect_status(&cleaned, 0, "the place");
}

static struct evil race_look(void)
{
	struct evil evil = { .made = false };
	struct stat status;

	if (stat("evil/file", &evil.file))
		cr_assert(errno == ENOENT);
	evil.made = lstat("evil/new", &status) == 0;
	return evil;
}

/* Every change of a file sets its ctime; one that is another one has another number. */
static bool race_harmed(const struct evil *before)
{
	struct evil now = race_look();

	return now.made || now.file.st_ino != before->file.st_ino || now.file.st_size != before->file.st_size ||
	       now.file.st_ctim.tv_sec != before->file.st_ctim.tv_sec ||
	       now.file.st_ctim.tv_nsec != before->file.st_ctim.tv_nsec;
}

/* Runs the job, while somebody outside exchanges these two names; NULL: nobody does. */
static void race_run_swapped(struct job *job, const char *one, const char *two)
{
	struct job swapper = { .command = WORDS(fixture_guest("flip_names"), one, two), .deadline_ms = SWAPS_MS };
	static struct outcome swapped;
	struct running running;

	if (one)
		fixture_start(&swapper, &running);
	fixture_run(job, &race_outcome);
	if (!one)
		return;
	cr_assert(kill(running.pid, SIGKILL) == 0);
	fixture_finish(&running, &swapped);
	cr_assert(swapped.status == 128 + SIGKILL, "the names were not exchanged: %s", swapped.err);
}

/* Runs the guest in a fresh place; whether it got what it must not get. */
static bool race_run(const struct race *race, const char *const *options, const char *const *command)
{
	struct job job = { .options = options,
		.command = command,
		.deadline_ms = (unsigned)(atol(command[4]) + atol(command[5]) + SPARE_MS) };
	struct evil before;

	race_place(race);
	cr_assert(chdir("place") == 0);
	before = race_look();
	race_run_swapped(&job, race->swap.one, race->swap.two);
	cr_assert(race_outcome.status >= 0 && race_outcome.status <= 1, "status %d: %s%.2000s", race_outcome.status,
		race_outcome.out, race_outcome.err);
	(void)race_count("tries");
	return race_count("evil") > 0 || race_harmed(&before);
}

static void race_leave(void)
{
	cr_assert(chdir("..") == 0);
}

/* Natively the race is won within some tries: else it shows nothing. */
static void race_control(const struct race *race, const char *operation)
{
	const char *const *command =
		WORDS(fixture_guest("race_files"), race->flip, operation, TRIES_DEFAULT, NATIVE_MS, "0");
	bool won = false;

	for (unsigned i = 0; i < fixture_rounds(CONTROLS) && !won; i++) {
		won = race_run(race, NULL, command);
		race_leave();
	}
	race_expect_met(won, text("natively, %s %s", race->flip, operation), race_outcome.out);
}

/* Under Kennel: nothing is reached, and both sides are seen. */
static void race_try(const struct race *race, const char *operation)
{
	const char *const *command = WORDS(fixture_guest("race_files"), race->flip, operation,
		race_setting("KENNEL_RACE_TRIES", TRIES_DEFAULT),
		race_setting("KENNEL_RACE_MS", race_sanitized ? RACE_MS_SANITIZED : RACE_MS), PATIENCE_MS);
	bool reached = race_run(race, race->options, command);

	race_leave();
	cr_assert(!reached, "%s %s: the evil file was reached: %s", race->flip, operation, race_outcome.out);
	race_expect_met(race_count("good") > 0 && race_count("refused") > 0,
		text("both sides of %s %s", race->flip, operation), race_outcome.out);
	note("%ld tries: %s %s, %ld allowed, %ld refused", race_count("tries"), race->flip, operation,
		race_count("good"), race_count("refused"));
}

static void race_check(const struct race *race)
{
	for (const char *const *operation = race->operations; *operation; operation++) {
		/* The guests are the same, and were seen to win beside the other build. */
		if (!race_sanitized)
			race_control(race, *operation);
		race_try(race, *operation);
	}
}

/* Every call that names a file may know of the evil one, and do nothing to it. */
#define RACE_EVIL fixture_path("place/evil/**")
#define RACE_UNTOUCHED \
	WORDS(WATCH_ALL, "-m", text("filter/all+%s", RACE_EVIL), "-m", text("allow/walk,stat,chdir+%s", RACE_EVIL))
#define RACE_HIDDEN WORDS(WATCH_ALL, "-m", text("filter/walk,stat+%s", RACE_EVIL))
#define RACE_READ_ONLY WORDS(WATCH_ALL, "-m", text("filter/write,truncate+%s", RACE_EVIL))

/* One test for each group of operations: each stays short, and its name tells what broke. */
#define RACE(name, policy, list, ...) \
	Test(races, name) \
	{ \
		race_check(&(struct race){ .options = policy, .operations = list, __VA_ARGS__ }); \
	}

#define RACE_OPENED(id, ...) \
	RACE(id##_while_files_are_opened, RACE_UNTOUCHED, WORDS("read", "write", "cut"), __VA_ARGS__)
#define RACE_MOVED(id, ...) \
	RACE(id##_while_names_are_moved, RACE_UNTOUCHED, WORDS("rename-old", "rename-new", "exchange"), __VA_ARGS__) \
	RACE(id##_while_names_are_linked, RACE_UNTOUCHED, WORDS("link-old", "link-new"), __VA_ARGS__)
#define RACE_MADE(id, ...) \
	RACE(id##_while_names_are_made, RACE_UNTOUCHED, WORDS("create", "mkdir", "symlink"), __VA_ARGS__) \
	RACE(id##_while_names_are_removed, RACE_UNTOUCHED, WORDS("unlink"), __VA_ARGS__)
#define RACE_CHANGED(id, ...) \
	RACE(id##_while_attributes_are_changed, RACE_UNTOUCHED, WORDS("chmod", "chown", "utime"), __VA_ARGS__) \
	RACE(id##_while_files_are_named_by_path_only, RACE_UNTOUCHED, WORDS("truncate", "setxattr"), __VA_ARGS__)
#define RACE_HID(id, ...) RACE(id##_to_what_is_hidden, RACE_HIDDEN, WORDS("stat", "read"), __VA_ARGS__)

#define RACE_ALL(id, ...) \
	RACE_OPENED(id, __VA_ARGS__) \
	RACE_MOVED(id, __VA_ARGS__) \
	RACE_MADE(id, __VA_ARGS__) \
	RACE_CHANGED(id, __VA_ARGS__) \
	RACE_HID(id, __VA_ARGS__)

RACE_ALL(a_thread_changes_the_path, .flip = "path")
RACE_ALL(a_symlink_is_exchanged, .flip = "symlink", .swap = { "flip/one", "flip/two" })
RACE_ALL(a_directory_becomes_a_symlink, .flip = "middle", .swap = { "flip/one", "flip/two" })

RACE_OPENED(a_thread_changes_the_descriptor, .flip = "dirfd")
RACE_MOVED(a_thread_changes_the_descriptor, .flip = "dirfd")
RACE_MADE(a_thread_changes_the_descriptor, .flip = "dirfd")
RACE_HID(a_thread_changes_the_descriptor, .flip = "dirfd")

RACE_OPENED(a_sibling_changes_the_cwd, .flip = "cwd")
RACE_MADE(a_sibling_changes_the_cwd, .flip = "cwd")
RACE_HID(a_sibling_changes_the_cwd, .flip = "cwd")

RACE_OPENED(a_directory_is_moved_during_dotdot, .flip = "dotdot", .swap = { "good/in", "evil/in" })
RACE_HID(a_directory_is_moved_during_dotdot, .flip = "dotdot", .swap = { "good/in", "evil/in" })

RACE_OPENED(the_directory_of_a_descriptor_is_moved, .flip = "parent", .swap = { "good/in", "evil/in" })
RACE_MOVED(the_directory_of_a_descriptor_is_moved, .flip = "parent", .swap = { "good/in", "evil/in" })
RACE_HID(the_directory_of_a_descriptor_is_moved, .flip = "parent", .swap = { "good/in", "evil/in" })

/* The arguments of openat2 in memory: what is decided is what is done. */
RACE(a_thread_changes_open_how, RACE_READ_ONLY, WORDS("how"), .flip = "how")

/* Whoever is inside goes on reaching the file, which has another name each time that somebody looks. */
#define RACE_READER \
	"until cd above/in; do :; done; told=0 tried=0; " \
	"while [ $tried -lt 3000 ]; do tried=$((tried + 1)); read -r word < ./my.env && told=$((told + 1)); done; " \
	"echo \"told $told\""

static const char *race_read_below_moved(const char *const *options)
{
	struct job job = { .options = options, .command = WORDS("/bin/sh", "-c", RACE_READER), .deadline_ms = 60000 };

	race_run_swapped(&job, "above", "aside");
	expect_status(&race_outcome, 0, "the reader");
	return race_outcome.out;
}

Test(races, somebody_outside_moves_a_folder_above_what_is_denied)
{
	cr_assert(mkdir("above", 0755) == 0 && mkdir("aside", 0755) == 0 && mkdir("above/in", 0755) == 0);
	file_write("above/in/my.env", "secret\n");
	cr_assert_str_eq(race_read_below_moved(NULL), "told 3000\n");
	cr_assert_str_eq(race_read_below_moved(WORDS(WATCH_ALL, "-m", "deny/read+/**/*.env")), "told 0\n");
}
