/*
 * Yama's modes, of which the last one stays until the machine ends: tried only in a machine that
 * belongs to the tests (tests/vm), after everything else there.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

static struct outcome yama_outcome;

static void yama_enter(void)
{
	if (!getenv("KENNEL_OWN_MACHINE"))
		cr_skip_test("needs a machine of its own");
	fixture_need_root();
	fixture_enter();
}

TestSuite(yama, .init = yama_enter, .fini = fixture_leave, .timeout = 360);

/* Both, as this user: calls are answered, and what is traced is stopped. */
static void yama_run(uid_t uid)
{
	struct job job = {
		.options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", "cd / && echo through"), .uid = uid
	};

	fixture_run(&job, &yama_outcome);
}

static void yama_expect_works(uid_t uid, const char *mode)
{
	yama_run(uid);
	cr_expect(yama_outcome.status == 0 && strcmp(yama_outcome.out, "through\n") == 0, "mode %s, user %d: %d\n%s",
		mode, (int)uid, yama_outcome.status, yama_outcome.err);
}

static void yama_expect_refused(uid_t uid, const char *mode)
{
	yama_run(uid);
	cr_expect(yama_outcome.status == 125 && !*yama_outcome.out, "mode %s, user %d: %d", mode, (int)uid,
		yama_outcome.status);
	cr_expect(strstr(yama_outcome.err, "ptrace"), "mode %s, user %d: %s", mode, (int)uid, yama_outcome.err);
}

Test(yama, modes_are_told_where_they_forbid)
{
	if (access(YAMA, W_OK))
		cr_skip_test("no Yama in this kernel");
	file_write(YAMA, "0");
	yama_expect_works(NOBODY, "0");
	yama_expect_works(0, "0");
	file_write(YAMA, "1");
	yama_expect_works(NOBODY, "1");
	yama_expect_works(0, "1");
	file_write(YAMA, "2");
	yama_expect_refused(NOBODY, "2");
	yama_expect_works(0, "2");
	file_write(YAMA, "3");
	yama_expect_refused(NOBODY, "3");
	yama_expect_refused(0, "3");
}
