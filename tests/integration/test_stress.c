/*
 * Many processes at once: every call answered right, and the supervisor as large
 * afterwards as before, in descriptors and in memory.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(stress, .init = fixture_enter, .fini = fixture_leave, .timeout = 1080);

static struct outcome stress_outcome;

struct stress_size {
	long descriptors, memory_kb;
};

static struct stress_size stress_measure(pid_t pid)
{
	struct stress_size size = { 0, 0 };
	char status[8192];
	DIR *directory = opendir(text("/proc/%d/fd", pid));
	char *found;

	cr_assert(directory, "cannot look into the supervisor");
	while (readdir(directory))
		size.descriptors++;
	closedir(directory);
	cr_assert(file_read(text("/proc/%d/status", pid), status, sizeof(status)) > 0);
	/* Its own: code that settling gave back comes back as it is needed. */
	found = strstr(status, "\nRssAnon:");
	cr_assert(found);
	size.memory_kb = strtol(found + 9, NULL, 10);
	return size;
}

/* The shell's own sleep comes and goes with a descriptor or two: the least of some looks is the state at rest. */
static struct stress_size stress_rest(pid_t pid)
{
	struct stress_size least = stress_measure(pid);

	for (unsigned i = 0; i < 15; i++) {
		struct stress_size now;

		sleep_ms(20);
		now = stress_measure(pid);
		if (now.descriptors < least.descriptors)
			least.descriptors = now.descriptors;
	}
	return least;
}

/* Warms up, lets the test measure, runs the load, lets it measure again. */
static void stress_run(const char *warm, const char *load, unsigned deadline_ms)
{
	const char *script =
		text("%s && echo one; while [ ! -e go ]; do sleep 0.05; done; %s && echo two; while [ ! -e end ]; do "
		     "sleep 0.05; done",
			warm, load);
	struct job job = {
		.options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script), .deadline_ms = deadline_ms
	};
	struct running running;
	struct stress_size before, after;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "one", deadline_ms / 2), "no warm-up");
	before = stress_rest(running.pid);
	file_write("go", "");
	cr_assert(wait_for_text(running.out, "two", deadline_ms - 1000), "the load failed or is too slow");
	after = stress_rest(running.pid);
	file_write("end", "");
	fixture_finish(&running, &stress_outcome);
	expect_status(&stress_outcome, 0, load);
	cr_assert(after.descriptors == before.descriptors, "descriptors: %ld, then %ld", before.descriptors,
		after.descriptors);
	cr_assert(after.memory_kb - before.memory_kb < 1024, "memory: %ld kB, then %ld kB", before.memory_kb,
		after.memory_kb);
}

Test(stress, two_hundred_processes_do_a_thousand_opens_each)
{
	const char *guest = fixture_guest("open_many");

	stress_run(text("%s 200 5", guest), text("%s 200 %u", guest, fixture_rounds(1000)), 150000);
}

Test(stress, many_short_processes_leave_nothing_in_the_supervisor)
{
	stress_run("for i in $(seq 50); do /bin/true; done",
		text("for i in $(seq %u); do /bin/true; done", fixture_rounds(600)), 60000);
}

Test(stress, waiting_calls_leave_nothing_in_the_supervisor)
{
	const char *guest = fixture_guest("wait_fifo");
	const char *part = text("(mkdir -p d$N && cd d$N && rm -f fifo && %s crowd)", guest);

	stress_run(text("N=1; %s", part), text("N=2; %s && N=3 && %s", part, part), 60000);
}

/* The target dies while its worker finishes, and by changed ids the answer cannot even be prepared. */
Test(stress, killed_waiters_of_another_identity_leave_nothing_in_the_supervisor)
{
	const char *rounds =
		"rm -f f; mkfifo f; setpriv --clear-groups sh -c 'i=0; while [ $i -lt %u ]; do (exec cat ./f) & p=$!; "
		"(exec 3<>./f; sleep 0.01) & kill -9 $p; wait; i=$((i+1)); done' 2>/dev/null";

	fixture_need_root();
	stress_run(text(rounds, 5U), text(rounds, fixture_rounds(150)), 60000);
}

/* More waiting calls than slots: the sandbox starves itself only, and everything ends. */
Test(stress, more_waiting_calls_than_workers_do_not_stop_the_others)
{
	const char *script =
		"mkfifo f; i=0; while [ $i -lt 300 ]; do (read x < f) 2>/dev/null & i=$((i+1)); done; sleep "
		"0.5; cat /etc/passwd > copy && cmp copy /etc/passwd && echo served";

	fixture_run(
		&(struct job){
			.options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script), .deadline_ms = 40000 },
		&stress_outcome);
	expect_status(&stress_outcome, 0, "starving");
	cr_assert(strstr(stress_outcome.out, "served") && fixture_all_gone(5000));
}

/* A hundred pipelines of three: close, fork and dup never fail with EINTR. */
Test(stress, a_hundred_pipelines_complete)
{
	const char *script = "i=0; while [ $i -lt 100 ]; do echo $i | cat | cat; i=$((i+1)); done";

	run_kennel(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", script), &stress_outcome);
	expect_status(&stress_outcome, 0, "pipelines");
	cr_assert(strstr(stress_outcome.out, "0\n1\n2\n") && strstr(stress_outcome.out, "98\n99\n") &&
			  stress_outcome.err[0] == '\0',
		"%s", stress_outcome.err);
}
