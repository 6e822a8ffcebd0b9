/*
 * What is left to the kernel where nothing is refused to be found (O_PATH, chdir) gives nothing that a
 * name would not give: also of the supervisor, its helpers, and of processes outside.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(reopen, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define UNFOUND "-m", "default/all:allow", "-m", "sandbox/walk,stat:off", "-m", "deny/read+/nonexistent/***"

static struct outcome reopen_outcome;

/* The numbers of the supervisor and of this test, which only the test knows. */
static void reopen_check(const char *const *options, const char *name, uid_t uid)
{
	const char *script = "echo ready; while [ ! -s victims ]; do sleep 0.02; done; exec \"$0\" $(cat victims)";
	struct job job = {
		.options = options,
		.command = WORDS("/bin/sh", "-c", script, fixture_guest(name)),
		.uid = uid,
	};
	struct running running;

	if (uid)
		fixture_need_root();
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 5000));
	file_write("victims.new", text("%d %d\n", running.pid, getpid()));
	cr_assert(rename("victims.new", "victims") == 0);
	fixture_finish(&running, &reopen_outcome);
	expect_status(&reopen_outcome, 0, name);
}

Test(reopen, what_the_kernel_opened_gives_no_more_than_a_name)
{
	reopen_check(WORDS(UNFOUND), "reopen_procs", 0);
	cr_expect(strstr(reopen_outcome.out, "worker checked"), "%s", reopen_outcome.out);
}

Test(reopen, what_the_kernel_opened_gives_nobody_no_more_than_a_name)
{
	reopen_check(WORDS(UNFOUND), "reopen_procs", NOBODY);
}

Test(reopen, what_the_kernel_opened_gives_i386_callers_no_more_than_a_name)
{
	reopen_check(WORDS(UNFOUND, ABIS), "reopen_procs.32", 0);
}

Test(reopen, what_the_kernel_opened_gives_ilp32_callers_no_more_than_a_name)
{
	reopen_check(WORDS(UNFOUND, ABIS), "reopen_procs.ilp32", 0);
}

Test(reopen, what_is_watched_gives_no_more_than_a_name)
{
	reopen_check(WORDS(WATCH_ALL), "reopen_procs", 0);
	cr_expect(strstr(reopen_outcome.out, "worker checked"), "%s", reopen_outcome.out);
}

Test(reopen, what_is_watched_gives_nobody_no_more_than_a_name)
{
	reopen_check(WORDS(WATCH_ALL), "reopen_procs", NOBODY);
}

Test(reopen, orphans_of_the_first_process_stay_members)
{
	const char *script = "(sleep 0.3; sleep 9 & readlink /proc/$!/cwd && cat /proc/$!/maps >/dev/null && echo kept;"
			     " kill $!) & exit 0";

	run_kennel(WORDS(UNFOUND, "-m", "exit/wait_all:on"), WORDS("/bin/sh", "-c", script), &reopen_outcome);
	expect_status(&reopen_outcome, 0, script);
	cr_expect(strstr(reopen_outcome.out, "kept"), "%s%s", reopen_outcome.out, reopen_outcome.err);
}
