/*
 * The differential runner: the diff_* guests make thousands of calls natively and under
 * Kennel with everything intercepted and allowed, in the same place, as root and as
 * nobody, as x86_64 and as i386; the results are compared line by line, and what differs
 * is printed as a table. O_PATH is left out there, and compared in a second run that leaves
 * walk and stat to the kernel (doc/BOUNDARY.md, "O_PATH").
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(differential, .init = fixture_enter, .fini = fixture_leave, .timeout = 240);

enum way { WAY_WATCHED, WAY_PATHS };
enum { DIFFERENCES_SHOWN = 60, LINE_MAX_SIZE = 16384, JOB_MS = 100000 };

/* Device nodes are made where a rule allows it, not where the default does. */
#define DEVICES "-m", "allow/dpath+/***"

struct comparison {
	unsigned lines, differences;
};

/* What the guests find: a place of the caller's own with some things of somebody else. */
static void differential_place(uid_t uid)
{
	static struct outcome outcome;

	run_native(WORDS("/bin/sh", "-c", "chmod -R u+rwx place 2>/dev/null; rm -rf place"), &outcome);
	cr_assert(mkdir("place", 0755) == 0 && chdir("place") == 0);
	cr_assert(mkdir("foreign", 0755) == 0 && mkdir("foreign/sticky", 0755) == 0 &&
		  mkdir("foreign/closed", 0700) == 0);
	file_write("foreign/file", "f\n");
	file_write("foreign/sticky/file", "s\n");
	cr_assert(chmod("foreign/file", 0600) == 0 && chmod("foreign/sticky", 01777) == 0 &&
		  symlink("file", "foreign/link") == 0);
	cr_assert(uid == 0 || chown(".", uid, uid) == 0);
}

/* Runs the guest; its lines are in the file of this name. */
static void differential_run(const char *const *command, const char *const *options, uid_t uid, const char *name)
{
	static struct outcome outcome;
	struct job job = { .options = options, .command = command, .uid = uid, .deadline_ms = JOB_MS };
	struct running running;

	differential_place(uid);
	fixture_start(&job, &running);
	fixture_finish(&running, &outcome);
	cr_assert(outcome.status == 0, "%s %s: status %d\n%.2000s", command[0], name, outcome.status, outcome.err);
	cr_assert(rename(running.out, text("../%s", name)) == 0 && chdir("..") == 0);
}

static void differential_row(struct comparison *comparison, const char *native, const char *ours)
{
	const char *end = strrchr(native, '=');

	if (comparison->differences++ == 0)
		fprintf(stderr, "%-70s | %-30s | %s\n", "call", "native", "under Kennel");
	if (comparison->differences > DIFFERENCES_SHOWN)
		return;
	if (end && strncmp(native, ours, (size_t)(end - native)) == 0)
		fprintf(stderr, "%-70.*s | %-30s | %s\n", (int)(end - native), native, end + 1,
			ours + (end - native) + 1);
	else
		fprintf(stderr, "%s\n\t%s\n", native, ours);
}

static bool differential_line(FILE *file, char *line)
{
	if (!fgets(line, LINE_MAX_SIZE, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static struct comparison differential_compare(const char *native_name, const char *our_name)
{
	static char native[LINE_MAX_SIZE], ours[LINE_MAX_SIZE];
	struct comparison comparison = { 0, 0 };
	FILE *native_file = fopen(native_name, "re"), *our_file = fopen(our_name, "re");

	cr_assert(native_file && our_file);
	while (differential_line(native_file, native)) {
		comparison.lines++;
		if (!differential_line(our_file, ours))
			strcpy(ours, "(no such line)");
		if (strcmp(native, ours) != 0)
			differential_row(&comparison, native, ours);
	}
	cr_assert(!differential_line(our_file, ours), "more lines under Kennel: %s", ours);
	fclose(native_file);
	fclose(our_file);
	return comparison;
}

static void differential_check(const char *name, uid_t uid, enum way way, unsigned at_least)
{
	const char *const *const options[] = {
		[WAY_WATCHED] = WORDS(DEVICES, WATCH_ALL, "-m", "abi/i386:on"),
		[WAY_PATHS] = WORDS("-m", "sandbox/walk,stat:off", DEVICES, WATCH_ALL, "-m", "abi/i386:on"),
	};
	const char *const *command = WORDS(fixture_guest(name), way == WAY_PATHS ? NULL : "no-path");
	struct comparison comparison;

	fixture_need_root();
	differential_run(command, NULL, uid, "native");
	differential_run(command, NULL, uid, "native2");
	comparison = differential_compare("native", "native2");
	cr_assert(comparison.differences == 0, "%s is not the same twice natively", name);
	differential_run(command, options[way], uid, "ours");
	comparison = differential_compare("native", "ours");
	cr_log_info("%s as %u: %u results compared, %u differ", name, uid, comparison.lines, comparison.differences);
	cr_assert(comparison.lines >= at_least, "only %u results", comparison.lines);
	cr_assert(comparison.differences == 0, "%s as %u: %u of %u results differ", name, uid, comparison.differences,
		comparison.lines);
}

#define DIFFERENTIAL_BY(id, program, way_name, way, at_least) \
	Test(differential, id##_##way_name##_as_root) \
	{ \
		differential_check(program, 0, way, at_least); \
	} \
	Test(differential, id##_##way_name##_as_nobody) \
	{ \
		differential_check(program, NOBODY, way, at_least); \
	}

#define DIFFERENTIAL(id, at_least) \
	DIFFERENTIAL_BY(id, "diff_" #id, watched, WAY_WATCHED, at_least) \
	DIFFERENTIAL_BY(id##_i386, "diff_" #id ".i386", watched, WAY_WATCHED, at_least) \
	DIFFERENTIAL_BY(id, "diff_" #id, paths_kept, WAY_PATHS, at_least) \
	DIFFERENTIAL_BY(id##_i386, "diff_" #id ".i386", paths_kept, WAY_PATHS, at_least)

DIFFERENTIAL(open, 3900)
DIFFERENTIAL(look, 4900)
DIFFERENTIAL(change, 1400)
DIFFERENTIAL(move, 6200)
DIFFERENTIAL(exec, 1850)
DIFFERENTIAL(attr, 14000)
DIFFERENTIAL(list, 480)
DIFFERENTIAL(watch, 350)
DIFFERENTIAL(deep, 880)
DIFFERENTIAL(memory, 350)
