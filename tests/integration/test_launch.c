/*
 * How the payload is started and how it ends: statuses, signals, what it inherits, what
 * Kennel leaves behind.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(launch, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define OFF WORDS("-p", "off")
#define WORK WORDS("-p", "work")
#define SHELL(script) WORDS("/bin/sh", "-c", script)

static struct outcome launch_outcome;

static const struct outcome *launch(const char *const *options, const char *const *command)
{
	run_kennel(options, command, &launch_outcome);
	return &launch_outcome;
}

static void launch_expect(const char *const *options, const char *const *command, int status)
{
	const char *const *last = command;

	while (last[1])
		last++;
	expect_status(launch(options, command), status, *last);
}

Test(launch, exit_status_is_the_commands_own)
{
	const char *const *const policies[] = { OFF, WORK, WORDS("-p", "ro"), WORDS(WATCH_ALL) };

	for (size_t i = 0; i < 4; i++) {
		launch_expect(policies[i], SHELL("exit 0"), 0);
		launch_expect(policies[i], SHELL("exit 7"), 7);
		launch_expect(policies[i], SHELL("exit 255"), 255);
	}
}

Test(launch, death_by_signal_is_128_and_its_number)
{
	launch_expect(OFF, SHELL("kill -9 $$"), 128 + SIGKILL);
	launch_expect(WORK, SHELL("kill -TERM $$"), 128 + SIGTERM);
	launch_expect(WORK, SHELL("kill -SEGV $$"), 128 + SIGSEGV);
	cr_assert(!launch_outcome.signaled, "Kennel itself must exit, not die");
}

Test(launch, a_command_that_does_not_exist_is_127)
{
	launch_expect(OFF, WORDS("/nonexistent/command"), 127);
	launch_expect(OFF, WORDS("kennel-no-such-command"), 127);
	launch_expect(WORK, WORDS("kennel-no-such-command"), 127);
	cr_assert(strlen(launch_outcome.err) > 0);
}

Test(launch, a_command_that_cannot_be_executed_is_126)
{
	file_write("plain", "no program");
	launch_expect(OFF, WORDS("./plain"), 126);
	launch_expect(OFF, WORDS("/"), 126);
	cr_assert(chmod("plain", 0755) == 0);
	launch_expect(OFF, WORDS("./plain"), 126);
}

#define EXEC(action) \
	WORDS("-p", "off", "-m", "sandbox/exec:on", "-m", "default/exec:allow", "-m", action "/exec+/***/evil")

Test(launch, a_command_that_may_not_be_executed_is_126)
{
	file_write("evil", "#!/bin/sh\necho ran\n");
	cr_assert(chmod("evil", 0755) == 0);
	launch_expect(EXEC("allow"), WORDS("./evil"), 0);
	launch_expect(EXEC("deny"), WORDS("./evil"), 126);
	launch_expect(EXEC("filter"), WORDS("./evil"), 126);
	/* A script without its interpreter is a file that does not exist. */
	file_write("lost", "#!/nonexistent/interpreter\n");
	cr_assert(chmod("lost", 0755) == 0);
	launch_expect(OFF, WORDS("./lost"), 127);
	launch_expect(OFF, WORDS(""), 127);
}

Test(launch, actions_end_the_command_with_their_status)
{
	file_write("evil", "#!/bin/sh\necho ran\n");
	cr_assert(chmod("evil", 0755) == 0);
	launch_expect(EXEC("kill"), WORDS("./evil"), 128 + SIGKILL);
	launch_expect(EXEC("abort"), SHELL("exec ./evil"), 128 + SIGABRT);
	launch_expect(EXEC("exit"), WORDS("./evil"), EACCES);
	launch_expect(EXEC("exit"), SHELL("./evil; sleep 5"), EACCES);
	launch_expect(EXEC("panic"), SHELL("./evil; sleep 5"), 127);
	cr_assert(!strstr(launch_outcome.out, "ran"));
}

/* The parent is the launcher, and its parent the supervisor. */
#define SHOW_OURS \
	"for i in $PPID $(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status); do\n" \
	"tr '\\0' ' ' </proc/$i/cmdline; echo; done\n"

Test(launch, the_payload_cannot_read_the_options)
{
	const char *line;
	unsigned count = 0;

	file_write("show", SHOW_OURS);
	launch_expect(WORDS("-p", "off", "-m", "deny/read+/very/secret"), WORDS("/bin/sh", "show"), 0);
	for (line = launch_outcome.out; (line = strstr(line, " run ")); line++)
		count++;
	cr_expect(count == 2, "%s", launch_outcome.out);
	cr_expect(!strstr(launch_outcome.out, "secret"), "%s", launch_outcome.out);
	cr_expect(!strstr(launch_outcome.out, " off"), "%s", launch_outcome.out);
}

Test(launch, what_is_wrong_with_kennel_itself_is_125)
{
	static const char *const wrong[] = { "run --log /nonexistent/log -p off -- true",
		"run --log fd:77 -p off -- true", "run --keep-fd 99 -p off -- true", "run -p", "run -P", "run -m",
		"run --ro", "run --rw", "run --hide", "run --exec", "run --keep-fd", "run --log",
		"run -p off --without nothing -- true", "run -p off --connect 1.2.3.4!x -- true",
		"run -p off --bind 1.2.3/4!1 -- true", "run -p off", "run -p off --",
		"run -p off -m log/file:/nonexistent/log -- true", "run --help >/dev/full", "--help >/dev/full",
		"--version >/dev/full", "check --help >/dev/full", "plan --help >/dev/full" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		run_native(SHELL(text("\"$KENNEL\" %s", wrong[i])), &launch_outcome);
		cr_expect(launch_outcome.status == 125, "%s: status %d\n%s", wrong[i], launch_outcome.status,
			launch_outcome.err);
	}
}

Test(launch, short_options_stand_for_their_rules)
{
	file_write("seen", "here\n");
	run_native(
		SHELL("mkdir -p work; \"$KENNEL\" run -m 'allow/walk,stat,list,chdir,ioctl,fs+/***' --ro=/ --rw work "
		      "--exec /usr --hide seen -- sh -c 'cat seen; echo x >work/made && cat work/made; echo x >other'"),
		&launch_outcome);
	cr_expect_str_eq(launch_outcome.out, "x\n", "%s", launch_outcome.err);
	cr_expect(access("work/made", F_OK) == 0 && access("other", F_OK) < 0);
	cr_expect(strstr(launch_outcome.err, "seen: No such file"), "%s", launch_outcome.err);
}

Test(launch, a_command_is_found_along_path_and_keeps_its_dashes)
{
	launch_expect(OFF, WORDS("true"), 0);
	launch_expect(OFF, WORDS("false"), 1);
	launch_expect(OFF, WORDS("echo", "-p", "work", "--", "-m"), 0);
	cr_assert_str_eq(launch_outcome.out, "-p work -- -m\n");
	launch_expect(OFF, WORDS("--version"), 127);
}

/* A task has one listener: who runs inside of another Kennel does without, or says what is kept from it there. */
Test(launch, inside_of_another_kennel_a_policy_without_notifications_works)
{
	static struct outcome outcome;
	const char *kennel = getenv("KENNEL");
	const char *no_leaks = "ASAN_OPTIONS=detect_leaks=0"; /* it would trace the program */

	run_kennel(WORDS("-p", "off", "-m", "sandbox/stat:on", "-m", "default/stat:allow", "-m", "deny/stat+/none"),
		WORDS("env", no_leaks, kennel, "run", "-p", "off", "--", "echo", "inside"), &outcome);
	cr_assert(outcome.status == 0, "%s", outcome.err);
	cr_expect_str_eq(outcome.out, "inside\n");
	run_kennel(WORDS("-p", "off", "-m", "sandbox/stat:on", "-m", "default/stat:allow", "-m", "deny/stat+/none"),
		WORDS("env", no_leaks, kennel, "run", "-p", "off", "-m", "sandbox/write:on", "-m",
			"deny/write+/etc/***", "--", "echo", "inside"),
		&outcome);
	cr_expect_eq(outcome.status, 125);
	cr_expect(strstr(outcome.err, "a filter around Kennel, lacks pidfd_getfd"), "%s", outcome.err);
	cr_expect_str_eq(outcome.out, "");
}

Test(launch, without_a_policy_nothing_runs)
{
	run_program(WORDS("run", "--", "/bin/touch", "made"), &launch_outcome);
	/* For whoever may cross nothing, no program exists. */
	cr_assert(launch_outcome.status == 127 && access("made", F_OK) != 0, "status %d", launch_outcome.status);
	cr_assert(strlen(launch_outcome.err) > 0);
	run_program(WORDS("run", "-p", "off"), &launch_outcome);
	cr_assert(launch_outcome.status == 125);
	run_program(WORDS("frobnicate"), &launch_outcome);
	cr_assert(launch_outcome.status == 125);
	run_program(WORDS("run", "--no-such-option", "--", "true"), &launch_outcome);
	cr_assert(launch_outcome.status == 125);
}

Test(launch, version_and_help_are_told)
{
	static const char *const commands[] = { "run", "check", "plan" };

	run_program(WORDS("--version"), &launch_outcome);
	cr_assert(launch_outcome.status == 0 && strstr(launch_outcome.out, "0.1.0"), "%s", launch_outcome.out);
	run_program(WORDS("--help"), &launch_outcome);
	cr_assert(launch_outcome.status == 0 && strstr(launch_outcome.out, "run"));
	for (size_t i = 0; i < 3; i++) {
		run_program(WORDS(commands[i], "--help"), &launch_outcome);
		cr_assert(launch_outcome.status == 0 && strlen(launch_outcome.out) > 20, "%s --help", commands[i]);
	}
}

static void launch_forward(int number, const char *name)
{
	const char *script = text("trap 'echo got; exit 5' %s; echo ready; while :; do sleep 0.02; done", name);
	struct job job = { .options = WORK, .command = SHELL(script) };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 5000));
	cr_assert(kill(running.pid, number) == 0);
	fixture_finish(&running, &launch_outcome);
	expect_status(&launch_outcome, 5, name);
	cr_assert(strstr(launch_outcome.out, "got"), "%s did not arrive", name);
}

Test(launch, signals_sent_to_kennel_reach_the_command)
{
	launch_forward(SIGTERM, "TERM");
	launch_forward(SIGINT, "INT");
	launch_forward(SIGHUP, "HUP");
	launch_forward(SIGQUIT, "QUIT");
	launch_forward(SIGUSR1, "USR1");
	launch_forward(SIGUSR2, "USR2");
	cr_assert(fixture_all_gone(3000));
}

Test(launch, the_sandbox_ends_with_its_first_process)
{
	launch_expect(WORK, SHELL("(sleep 1000; echo late) & (setsid sleep 1000 &) ; exit 3"), 3);
	cr_assert(!strstr(launch_outcome.out, "late") && fixture_all_gone(3000), "%u left", fixture_descendants());
}

/* Judges, and time(1), read it there: the first line is the command's own, the last that of the shell's children. */
Test(launch, what_the_command_used_counts_as_used_by_kennel)
{
	char script[512];
	double told, counted;
	unsigned told_min, counted_min;

	snprintf(script, sizeof(script),
		"'%s' run -p off -- /bin/sh -c 'i=0; while [ $i -lt %u ]; do i=$((i + 1)); done; times'; times",
		getenv("KENNEL"), fixture_rounds(200000));
	run_native(SHELL(script), &launch_outcome);
	cr_assert_eq(sscanf(launch_outcome.out, "%um%lfs %*s %*s %*s %*s %*s %um%lf", &told_min, &told, &counted_min,
			     &counted),
		4, "%s", launch_outcome.out);
	told += told_min * 60;
	counted += counted_min * 60;
	cr_expect_geq(counted, told, "%s", launch_outcome.out);
	cr_expect_gt(told, 0.02, "nothing was used");
}

Test(launch, wait_all_ends_with_the_last_process)
{
	launch_expect(WORDS("-p", "work", "-m", "exit/wait_all:on"),
		SHELL("(sleep 0.4; echo late) & (setsid sh -c 'sleep 0.6; echo later' &) ; exit 3"), 3);
	cr_assert(strstr(launch_outcome.out, "late\n") && strstr(launch_outcome.out, "later\n"));
	cr_assert(fixture_all_gone(1000));
}

static void launch_unusual(void)
{
	struct rlimit files = { 300, 4000 };
	sigset_t blocked;

	setenv("LIBEV_FLAGS", "1", 1);
	setenv("KENNEL_TEST", "a b\nc", 1);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(027);
	setrlimit(RLIMIT_NOFILE, &files);
	setpriority(PRIO_PROCESS, 0, 7);
	prctl(PR_SET_TIMERSLACK, 123456);
}

static void launch_without_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

static void launch_unusual_without_core(void)
{
	launch_unusual();
	launch_without_core();
}

static void launch_compare_state(const char *const *options, void (*prepare)(void))
{
	static struct outcome native;
	const char *const *command = WORDS(fixture_guest("print_state"), "", "two words", "-x", "\xff*");

	file_write("input", "from here");
	fixture_run(&(struct job){ .command = command, .input = "input", .prepare = prepare }, &native);
	fixture_run(&(struct job){ .options = options, .command = command, .input = "input", .prepare = prepare },
		&launch_outcome);
	expect_status(&launch_outcome, 0, "print_state");
	cr_assert_str_eq(launch_outcome.out, native.out);
}

Test(launch, the_command_gets_what_kennel_got)
{
	launch_compare_state(OFF, NULL);
	launch_compare_state(WORDS(WATCH_ALL), launch_without_core);
}

/* Core files are written by the kernel, which asks no rule. */
Test(launch, no_core_file_is_written_where_writing_is_judged)
{
	launch_expect(WORDS(WATCH_ALL), SHELL("ulimit -Sc; ulimit -Hc"), 0);
	cr_assert_str_eq(launch_outcome.out, "0\n0\n");
}

Test(launch, the_command_gets_back_what_kennel_changed_for_itself)
{
	launch_compare_state(OFF, launch_unusual);
	launch_compare_state(WORDS(WATCH_ALL), launch_unusual_without_core);
}

Test(launch, work_gives_a_fresh_temporary_folder_and_removes_it)
{
	char folder[4096];

	launch_expect(WORK,
		SHELL("echo $TMPDIR; mkdir -p $TMPDIR/a/b && echo x > $TMPDIR/a/b/c && chmod 500 $TMPDIR/a && "
		      "cat $TMPDIR/a/b/c"),
		0);
	snprintf(folder, sizeof(folder), "%.*s", (int)strcspn(launch_outcome.out, "\n"), launch_outcome.out);
	cr_assert(folder[0] == '/' && access(folder, F_OK) != 0, "%s is still there", folder);
	launch_expect(WORK, SHELL("echo $TMPDIR; kill -9 $$"), 128 + SIGKILL);
	snprintf(folder, sizeof(folder), "%.*s", (int)strcspn(launch_outcome.out, "\n"), launch_outcome.out);
	cr_assert(folder[0] == '/' && access(folder, F_OK) != 0, "%s is still there", folder);
}

static void launch_open_more(void)
{
	dup2(2, 5);
	dup2(2, 77);
	dup2(2, 250);
}

Test(launch, only_named_descriptors_are_kept)
{
	const char *guest = fixture_guest("list_descriptors");
	struct job job = { .options = OFF, .command = WORDS(guest), .prepare = launch_open_more };

	fixture_run(&job, &launch_outcome);
	expect_status(&launch_outcome, 0, "nothing kept");
	job.options = WORDS("-p", "work", "--keep-fd", "77", "--keep-fd", "5");
	job.command = WORDS(guest, "5", "77");
	fixture_run(&job, &launch_outcome);
	expect_status(&launch_outcome, 0, "two kept");
}

static void launch_close_input(void)
{
	close(0);
	close(1);
}

/* What Kennel opens for itself must not become the payload's standard streams. */
Test(launch, closed_standard_descriptors_show_nothing_of_ours)
{
	const char *script = "! readlink /proc/self/fd/0";
	struct job job = { .options = OFF, .command = SHELL(script), .prepare = launch_close_input };

	fixture_run(&job, &launch_outcome);
	expect_status(&launch_outcome, 0, "closed descriptors");
}

Test(launch, the_cwd_may_be_deleted)
{
	const char *script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";

	run_native(WORDS("/bin/sh", "-c", script, "sh", getenv("KENNEL") ? getenv("KENNEL") : "kennel", "run", "-p",
			   "off", "--", "/bin/true"),
		&launch_outcome);
	expect_status(&launch_outcome, 0, "a deleted cwd");
}

Test(launch, the_log_goes_where_it_is_told)
{
	static char log[65536];

	file_write("secret", "secret");
	launch_expect(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("secret")), "--log", "../log"),
		SHELL("cat secret"), 1);
	cr_assert(!strchr(launch_outcome.err, '{') && file_read("../log", log, sizeof(log)) > 0);
	cr_assert(log_line(log, "cap", "read", "path", fixture_path("secret")), "%s", log);
	launch_expect(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("secret")), "--log", "fd:1"),
		SHELL("cat secret"), 1);
	cr_assert(log_line(launch_outcome.out, "cap", "read", NULL, NULL), "%s", launch_outcome.out);
	launch_expect(WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("secret")), "-m", "log/refused:off"),
		SHELL("cat secret"), 1);
	cr_assert(!strchr(launch_outcome.err, '{'));
	launch_expect(WORDS(WATCH_ALL, "--log", "/nonexistent/log"), SHELL("exit 0"), 125);
}

static void launch_stuck_pipe(void)
{
	int ends[2];

	if (pipe(ends) == 0) {
		dup2(ends[1], 9);
		dup2(ends[0], 10);
	}
}

/* Nobody reads the log: records are dropped, the payload goes on. */
Test(launch, a_log_that_nobody_reads_holds_up_nothing)
{
	struct job job = {
		.options = WORDS(WATCH_ALL, "-m", "deny/read+/etc/hostname", "--log", "fd:9"),
		.command = SHELL("i=0; while [ $i -lt 3000 ]; do read x < /etc/hostname; i=$((i+1)); done 2>/dev/null; "
				 "echo done"),
		.prepare = launch_stuck_pipe,
	};

	fixture_run(&job, &launch_outcome);
	expect_status(&launch_outcome, 0, "stuck log");
	cr_assert_str_eq(launch_outcome.out, "done\n");
}

/* Not what our answers say: what the kernel itself would do. */
Test(launch, the_core_limit_is_zero_in_the_kernel)
{
	static const char script[] = "ulimit -c unlimited; ulimit -Sc 1000; cat /proc/self/limits; kill -SEGV $$";
	const uid_t users[] = { 0, NOBODY };

	fixture_need_root();
	for (unsigned i = 0; i < 2; i++) {
		fixture_run(&(struct job){ .options = WORDS("-p", "work"),
				    .command = WORDS("/bin/sh", "-c", script),
				    .uid = users[i] },
			&launch_outcome);
		cr_assert_eq(launch_outcome.status, 128 + SIGSEGV, "%s", launch_outcome.err);
		cr_assert(strstr(launch_outcome.out, "Max core file size        0                    0 "), "%s",
			launch_outcome.out);
		cr_assert(access("core", F_OK) != 0);
	}
}

Test(launch, core_files_are_refused_while_writing_is_judged)
{
	launch_expect(WORDS("-p", "work"), SHELL("ulimit -Sc && ulimit -Hc && ulimit -c 0 && ! ulimit -c 1"), 0);
	cr_expect_str_eq(launch_outcome.out, "0\n0\n");
	launch_expect(OFF, SHELL("ulimit -Sc 0 && ulimit -Sc"), 0);
	cr_expect_str_eq(launch_outcome.out, "0\n");
}

/* Nobody outside sends SIGCONT, and who does inside needs the supervisor for it. */
Test(launch, a_command_stopped_and_continued_from_inside_goes_on)
{
	launch_expect(WORDS("-p", "ro"),
		SHELL("(sleep 0.2; kill -STOP $$; sleep 0.3; kill -CONT $$) & sleep 1; cat /etc/passwd > /dev/null && "
		      "echo awake"),
		0);
	cr_expect_str_eq(launch_outcome.out, "awake\n");
}
