/*
 * What a policy says of the payload's start: its environment and its limits; and that the supervisor keeps its own.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(payload, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define SHELL(script) WORDS("/bin/sh", "-c", script)

static struct outcome payload_outcome;

static void payload_prepare(void)
{
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("LD_BIND_NOW", "1", 1);
	setenv("A_TOKEN", "one", 1);
	setenv("my_password", "two", 1);
	setenv("TMPDIR", "/tmp", 1);
}

static void payload_expect_environment(const char *const *options, const char *expected)
{
	fixture_run(&(struct job){ .options = options, .command = WORDS("/usr/bin/env"), .prepare = payload_prepare },
		&payload_outcome);
	expect_status(&payload_outcome, 0, "env");
	cr_expect_str_eq(payload_outcome.out, expected, "%s", payload_outcome.out);
}

#define PLAIN "PATH=/usr/bin:/bin\nLC_ALL=C.UTF-8\nTMPDIR=/tmp\n"

Test(payload, neither_the_loaders_nor_secret_variables_are_passed)
{
	payload_expect_environment(WORDS("-p", "off"), PLAIN);
	payload_expect_environment(WORDS(WATCH_ALL), PLAIN);
}

Test(payload, a_policy_says_what_is_passed_and_set)
{
	payload_expect_environment(WORDS("-p", "off", "-m", "passenv+*_TOKEN"), PLAIN "A_TOKEN=one\n");
	payload_expect_environment(WORDS("-p", "off", "-m", "clearenv!", "-m", "setenv!X=a b"), "X=a b\n");
	payload_expect_environment(WORDS("-p", "off", "-m", "setenv!X=1", "-m", "clearenv!", "-m", "passenv+PATH"),
		"PATH=/usr/bin:/bin\n");
	payload_expect_environment(WORDS("-p", "off", "-m", "clearenv!"), "");
}

Test(payload, the_command_is_found_along_the_path_that_it_gets)
{
	file_write("there", "#!/bin/sh\necho here\n");
	cr_assert_eq(chmod("there", 0755), 0);
	run_kennel(
		WORDS("-p", "off", "-m", text("setenv!PATH=%s", fixture_path(""))), WORDS("there"), &payload_outcome);
	expect_status(&payload_outcome, 0, "there");
	cr_expect_str_eq(payload_outcome.out, "here\n");
	run_kennel(WORDS("-p", "off", "-m", "setenv!PATH=/nonexistent"), WORDS("true"), &payload_outcome);
	cr_expect_eq(payload_outcome.status, 127);
	run_kennel(WORDS("-p", "off", "-m", "clearenv!"), WORDS("true"), &payload_outcome);
	cr_expect_eq(payload_outcome.status, 0, "%s", payload_outcome.err);
}

Test(payload, check_tells_what_is_dropped_and_no_value)
{
	setenv("A_TOKEN", "never-told", 1);
	run_program(WORDS("check", "-p", "off", "--environment"), &payload_outcome);
	cr_expect(
		strstr(payload_outcome.out, "dropped\tA_TOKEN\tis a secret by its name\n"), "%s", payload_outcome.out);
	cr_expect(!strstr(payload_outcome.out, "never-told"));
}

static void payload_expect_limits(const char *const *options, const char *script, const char *expected)
{
	run_kennel(options, SHELL(script), &payload_outcome);
	expect_status(&payload_outcome, 0, script);
	cr_expect_str_eq(payload_outcome.out, expected, "%s", payload_outcome.out);
}

Test(payload, limits_hold_softly_and_hard)
{
	const char *show = "ulimit -Sn; ulimit -Hn; ulimit -St; ulimit -Ht; ulimit -n 65 2>/dev/null || echo no";

	payload_expect_limits(
		WORDS("-p", "off", "-m", "rlimit/nofile:64", "-m", "rlimit/cpu:2m"), show, "64\n64\n120\n120\nno\n");
	payload_expect_limits(
		WORDS(WATCH_ALL, "-m", "rlimit/nofile:64", "-m", "rlimit/cpu:2m"), show, "64\n64\n120\n120\nno\n");
}

/* The supervisor opens for the payload, and needs more descriptors than this itself. */
Test(payload, limits_are_not_the_supervisors)
{
	payload_expect_limits(WORDS(WATCH_ALL, "-m", "rlimit/nofile:32"),
		"i=0; while [ $i -lt 50 ]; do (read a </etc/passwd; [ \"$a\" ]) || exit 1; i=$((i+1)); done; echo all",
		"all\n");
	payload_expect_limits(WORDS("-p", "work", "-m", "rlimit/fsize:4K"),
		"trap '' XFSZ; head -c 5000 /dev/zero >big 2>/dev/null; wc -c <big", "4096\n");
}

Test(payload, a_limit_that_is_reached_ends_the_command)
{
	run_kennel(WORDS("-p", "off", "-m", "rlimit/cpu:1s"), SHELL("while :; do :; done"), &payload_outcome);
	cr_expect_eq(payload_outcome.status, 128 + SIGKILL, "%d", payload_outcome.status);
}

Test(payload, the_core_limit_is_the_lower_of_two)
{
	payload_expect_limits(WORDS(WATCH_ALL, "-m", "rlimit/core:4096"), "ulimit -Hc", "0\n");
	payload_expect_limits(WORDS("-p", "off", "-m", "rlimit/core:0"), "ulimit -Hc", "0\n");
}

static void payload_low(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 200 });
}

Test(payload, a_limit_above_the_callers_is_an_error_before_anything_runs)
{
	fixture_run(&(struct job){ .options = WORDS("-p", "off", "-m", "rlimit/nofile:201"),
			    .command = WORDS("/bin/touch", "made"),
			    .prepare = payload_low },
		&payload_outcome);
	cr_expect_eq(payload_outcome.status, 125);
	cr_expect(strstr(payload_outcome.err, "rlimit/nofile is above the hard limit here, 200"), "%s",
		payload_outcome.err);
	cr_expect(access("made", F_OK) < 0);
	fixture_run(&(struct job){ .options = WORDS("-p", "off", "-m", "rlimit/nofile:150"),
			    .command = SHELL("ulimit -Sn; ulimit -Hn"),
			    .prepare = payload_low },
		&payload_outcome);
	cr_expect_str_eq(payload_outcome.out, "150\n150\n");
}

Test(payload, limits_bind_whoever_runs_it)
{
	fixture_need_root();
	fixture_run(&(struct job){ .options = WORDS(WATCH_ALL, "-m", "rlimit/nofile:40", "-m", "rlimit/stack:1M"),
			    .command = SHELL("ulimit -Sn; ulimit -Hn; ulimit -Hs; ulimit -n 41 2>/dev/null || echo no"),
			    .uid = NOBODY },
		&payload_outcome);
	expect_status(&payload_outcome, 0, "ulimit");
	cr_expect_str_eq(payload_outcome.out, "40\n40\n1024\nno\n");
	/* Root itself has no capability left to raise it with. */
	run_kennel(WORDS("-p", "off", "-m", "rlimit/nofile:40"), SHELL("grep -E '^Cap(Prm|Eff)' /proc/self/status"),
		&payload_outcome);
	expect_status(&payload_outcome, 0, "capabilities");
	for (const char *line = strstr(payload_outcome.out, ":\t"); line; line = strstr(line + 1, ":\t"))
		cr_expect_eq(strtoull(line + 2, NULL, 16) & (1ULL << 24), 0, "%s", line);
}
