/*
 * Runs one command three ways in one place and compares what can be seen of it. The
 * trees are listed natively, by standard tools, into files next to the place.
 */
#include "tests/integration/compare.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything on: what work leaves off is switched on and allowed by default. */
#define WORK_WATCHED \
	WORDS("-p", "work", "-m", "sandbox/all:on", "-m", "default/walk,list,stat,exec,chdir,ioctl,notify,fs:allow", \
		"-m", "deny/all+/nonexistent/***")

static const char *const compare_list =
	"cd place && find . -not -path '*/.git/index' -not -path '*/.git/logs*' -not -name '.ninja_*' \\( -type "
	"f -printf '%p f %m %s ' "
	"-exec sh -c 'sha256sum < \"$1\"' sh {} \\; -o -type l -printf '%p l %l\\n' -o -type d -printf '%p d "
	"%m\\n' -o -printf '%p %y %m\\n' \\) "
	"| LC_ALL=C sort > ../../tree.";

static void compare_script(const char *script)
{
	static struct outcome outcome;

	fixture_run(&(struct job){ .command = WORDS("/bin/bash", "-c", script), .deadline_ms = 120000 }, &outcome);
	expect_status(&outcome, 0, script);
}

static void compare_prepare(const char *make)
{
	compare_script(text("rm -rf place && mkdir place && cd place && %s true", make));
	cr_assert(chdir("place") == 0);
}

static void compare_once(const char *const *options, const char *make, const char *const *command, const char *label,
	unsigned deadline_ms, struct outcome *outcome)
{
	compare_prepare(make);
	fixture_run(&(struct job){ .options = options, .command = command, .deadline_ms = deadline_ms }, outcome);
	cr_assert(chdir("..") == 0);
	compare_script(text("%s%s", compare_list, label));
}

static void compare_trees(const char *label)
{
	static struct outcome difference;

	run_native(WORDS("diff", "../tree.native", text("../tree.%s", label)), &difference);
	cr_assert(difference.status == 0, "%s: the trees differ (native < > ours):\n%.3000s", label, difference.out);
}

void compare_ways_within(const char *make, const char *const *command, int status, unsigned deadline_ms)
{
	static struct outcome native, ours;
	static const char *const labels[] = { "work", "watched" };
	const char *const *const ways[] = { WORDS("-p", "work"), WORK_WATCHED };

	setenv("LC_ALL", "C", 1);
	compare_once(NULL, make, command, "native", deadline_ms, &native);
	expect_status(&native, status, "the native run");
	for (size_t i = 0; i < 2; i++) {
		compare_once(ways[i], make, command, labels[i], deadline_ms, &ours);
		cr_assert(ours.status == native.status, "%s: status %d, natively %d\n%.3000s", labels[i], ours.status,
			native.status, ours.err);
		cr_assert(strcmp(ours.out, native.out) == 0,
			"%s: output differs\n--- native\n%.2000s\n--- ours\n%.2000s\n%.1000s", labels[i], native.out,
			ours.out, ours.err);
		cr_assert(strcmp(ours.err, native.err) == 0,
			"%s: errors differ\n--- native\n%.2000s\n--- ours\n%.2000s", labels[i], native.err, ours.err);
		compare_trees(labels[i]);
	}
}

void compare_ways(const char *make, const char *const *command, int status)
{
	compare_ways_within(make, command, status, 60000);
}
