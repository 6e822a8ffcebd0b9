/*
 * The interface of a sandbox from inside: what it changes, who may use it under which lock, and what cannot be
 * changed any more.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(runtime, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define GUEST "tell_inside"
#define READING "-p", "off", "-m", "sandbox/read,stat,write:on", "-m", "default/read,stat,write:allow"
#define SHELL(script) WORDS("/bin/sh", "-c", script)
/* In a script: t COMMAND. */
#define TELL "t() { test -c /dev/kennel/$1 || echo failed; }\n"

static struct outcome runtime_outcome;

static void runtime_part(const char *const *options, const char *guest, const char *part, const char *word)
{
	run_kennel(options, WORDS(fixture_guest(guest), part, word), &runtime_outcome);
	expect_status(&runtime_outcome, 0, part);
}

/* Part of the guest in its three builds. */
#define PART(name, part, ...) \
	Test(runtime, name) \
	{ \
		runtime_part(WORDS(__VA_ARGS__), GUEST, part, NULL); \
	} \
	Test(runtime, name##_i386) \
	{ \
		runtime_part(WORDS(ABIS, __VA_ARGS__), GUEST ".32", part, NULL); \
	} \
	Test(runtime, name##_ilp32) \
	{ \
		runtime_part(WORDS(ABIS, __VA_ARGS__), GUEST ".ilp32", part, NULL); \
	}

PART(every_stat_call_runs_a_command, "calls", READING, "-m", "lock:off")
PART(no_other_way_leads_there, "ways", READING, "-m", "lock:off")
PART(the_state_is_read_and_cannot_be_changed, "state", READING, "-m", "lock:off")
PART(threads_that_race_never_see_half_a_rule, "race", READING, "-m", "lock:off")
PART(ghost_mode_is_entered_from_inside, "ghost", READING, "-m", "lock:off")
PART(the_lock_is_on_unless_the_policy_says_otherwise, "nothing", WATCH_ALL)
PART(rules_without_end_are_refused_in_time, "many", READING, "-m", "lock:off")

/* An ABI is among them. */
Test(runtime, what_is_wrong_or_too_late_changes_nothing)
{
	runtime_part(WORDS(READING, "-m", "lock:off"), GUEST, "nonsense", NULL);
}

Test(runtime, the_lock_is_on_under_every_profile)
{
	static struct outcome profiles;
	char *rest = profiles.out;

	run_program(WORDS("profiles"), &profiles);
	expect_status(&profiles, 0, "profiles");
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		line[strcspn(line, " ")] = '\0';
		if (strcmp(line, "secrets") != 0) /* which stands behind a policy */
			runtime_part(WORDS("-p", line, "--exec", fixture_guest(GUEST)), GUEST, "nothing", NULL);
	}
	run_native(WORDS(fixture_guest(GUEST), "nothing"), &runtime_outcome);
	expect_status(&runtime_outcome, 0, "natively");
}

Test(runtime, everything_is_possible_while_all_categories_are_on)
{
	runtime_part(WORDS(WATCH_ALL, "-m", "lock:off"), GUEST, "calls", NULL);
	runtime_part(WORDS(WATCH_ALL, "-m", "lock:off"), GUEST, "ways", NULL);
	runtime_part(WORDS(WATCH_ALL, "-m", "lock:off"), GUEST, "race", NULL);
}

/* Commands by words, and the errno of each. */
static void runtime_say(const char *const *options, const char *const *words, const char *expected)
{
	const char *command[24] = { fixture_guest(GUEST), "say" };

	for (size_t i = 0; words[i]; i++)
		command[i + 2] = words[i];
	run_kennel(options, command, &runtime_outcome);
	expect_status(&runtime_outcome, 0, "say");
	cr_expect_str_eq(
		runtime_outcome.out, expected, "%s\nbut\n%s\n%s", expected, runtime_outcome.out, runtime_outcome.err);
}

Test(runtime, questions_are_answered_by_success)
{
	runtime_say(WORDS(READING, "-m", "lock:off"),
		WORDS("sandbox/read?", "sandbox/read,stat?", "sandbox/read,exec?", "sandbox/all?", "log/refused?",
			"filename/strict?", "filename/strict:on", "filename/strict?", "ghost?", "lock?",
			"sandbox/read:off", "sandbox/read?", "nonsense?"),
		"sandbox/read? 0\nsandbox/read,stat? 0\nsandbox/read,exec? 2\nsandbox/all? 2\nlog/refused? 0\n"
		"filename/strict? 2\nfilename/strict:on 0\nfilename/strict? 0\nghost? 2\nlock? 2\nsandbox/read:off 0\n"
		"sandbox/read? 2\nnonsense? 22\n");
}

Test(runtime, a_lock_only_ever_gets_tighter)
{
	runtime_say(WORDS(READING, "-m", "lock:off"),
		WORDS("lock:exec", "lock:off", "lock:exec", "lock:drop", "lock:exec", "lock:read", "lock:drop", "lock?",
			"lock:on", "lock?", "lock:on", "lock:off"),
		"lock:exec 0\nlock:off 1\nlock:exec 0\nlock:drop 0\nlock:exec 1\nlock:read 0\nlock:drop 1\nlock? 0\n"
		"lock:on 0\nlock? 2\nlock:on 2\nlock:off 2\n");
}

Test(runtime, read_lets_the_state_be_read_and_nothing_be_changed)
{
	runtime_say(WORDS(READING, "-m", "lock:read"),
		WORDS("sandbox/read?", "deny/read+/a", "sandbox/exec:off", "filename/strict:on", "nonsense", "ghost!"),
		"sandbox/read? 0\ndeny/read+/a 1\nsandbox/exec:off 1\nfilename/strict:on 1\nnonsense 22\nghost! 1\n");
	/* Even where no category is on. */
	run_kennel(WORDS("-p", "off", "-m", "lock:read"), SHELL("cat /dev/kennel"), &runtime_outcome);
	expect_status(&runtime_outcome, 0, "cat");
	cr_expect(strstr(runtime_outcome.out, "\"lock\":\"read\""), "%s", runtime_outcome.out);
}

Test(runtime, drop_only_takes_rights_away)
{
	runtime_say(WORDS(READING, "-m", "warn/read+/w", "-m", "allow/read+/a", "-m", "deny/read+/d", "-m", "mask+/m",
			    "-m", "lock:drop"),
		WORDS("deny/read+/x", "kill/write+/x", "allow/read+/x", "warn/read+/x", "filter/read+/x",
			"allow/read-/a", "warn/read-/w", "deny/read-/d", "sandbox/read:off", "sandbox/mkdir:on",
			"default/read:deny", "default/read:warn", "default/write:warn", "mask+/y",
			"mask+/y:/etc/passwd", "mask-/m", "append+/z", "filename/strict:on", "filename/strict:off",
			"log/refused:off", "lock:off"),
		"deny/read+/x 0\nkill/write+/x 0\nallow/read+/x 1\nwarn/read+/x 1\nfilter/read+/x 1\nallow/read-/a 0\n"
		"warn/read-/w 1\ndeny/read-/d 1\nsandbox/read:off 1\nsandbox/mkdir:on 0\ndefault/read:deny 0\n"
		"default/read:warn 1\ndefault/write:warn 0\nmask+/y 0\nmask+/y:/etc/passwd 1\nmask-/m 1\nappend+/z 0\n"
		"filename/strict:on 0\nfilename/strict:off 1\nlog/refused:off 1\nlock:off 1\n");
}

/* The number is what a child is told: nothing, or no such file. */
Test(runtime, exec_is_for_the_first_process_and_its_threads)
{
	runtime_part(WORDS(READING, "-m", "lock:exec"), GUEST, "others", "2");
	runtime_part(WORDS(READING, "-m", "lock:off"), GUEST, "others", "0");
	runtime_part(WORDS(READING, "-m", "lock:drop"), GUEST, "others", "0");
	/* It stays the first when it becomes another program; a child of it never was. */
	run_kennel(WORDS(READING, "-m", "lock:exec"),
		SHELL(text("%s say lock?; exec %s say lock?", fixture_guest(GUEST), fixture_guest(GUEST))),
		&runtime_outcome);
	cr_expect_str_eq(runtime_outcome.out, "lock? 2\nlock? 0\n");
}

Test(runtime, rules_from_inside_decide_at_once)
{
	file_write("secret", "hush\n");
	run_kennel(WORDS(READING, "-m", "lock:off"),
		SHELL(TELL
			"r() { cat secret 2>/dev/null || echo no; }\n"
			"r; t \"deny/read+$PWD/secret\"; r; t \"deny/read-$PWD/secret\"; r\n"
			"t default/read:deny; /bin/true 2>/dev/null; t default/read:allow; r\n"
			"t \"mask+$PWD/secret\"; r; t \"mask^$PWD/secret\"; r\n"
			"t \"append+$PWD/secret\"; (echo x >secret) 2>/dev/null || echo grows; echo more >>secret; r"),
		&runtime_outcome);
	expect_status(&runtime_outcome, 0, "rules");
	cr_expect_str_eq(runtime_outcome.out, "hush\nno\nhush\nhush\nhush\ngrows\nhush\nmore\n", "%s\n%s",
		runtime_outcome.out, runtime_outcome.err);
}

Test(runtime, a_category_that_was_off_can_be_switched_on)
{
	run_kennel(WORDS("-p", "off", "-m", "lock:off"),
		SHELL(TELL "mkdir a && t default/mkdir:deny && t sandbox/mkdir:on\n"
			   "mkdir b 2>/dev/null || echo no; t sandbox/mkdir:off; mkdir b && echo yes"),
		&runtime_outcome);
	cr_expect_str_eq(runtime_outcome.out, "no\nyes\n", "%s", runtime_outcome.err);
}

/* exec, chdir and walk need ptrace from the start: where they are on, they can be changed. */
Test(runtime, what_needs_ptrace_is_changed_where_it_was_on)
{
	runtime_say(WORDS("-p", "off", "-m", "lock:off"),
		WORDS("sandbox/exec:on", "sandbox/chdir:on", "sandbox/walk:on"),
		text("sandbox/exec:on %d\nsandbox/chdir:on %d\nsandbox/walk:on %d\n", EOPNOTSUPP, EOPNOTSUPP,
			EOPNOTSUPP));
	run_kennel(
		WORDS("-p", "off", "-m", "sandbox/exec,chdir:on", "-m", "default/exec,chdir:allow", "-m", "lock:off"),
		SHELL(TELL
			"mkdir d; t \"deny/chdir+$PWD/d\"; cd d 2>/dev/null || echo in no d; t 'deny/exec+/***/true'\n"
			"/usr/bin/env true 2>/dev/null || echo no true; t sandbox/exec:off; env true && echo true"),
		&runtime_outcome);
	cr_expect_str_eq(
		runtime_outcome.out, "in no d\nno true\ntrue\n", "%s\n%s", runtime_outcome.out, runtime_outcome.err);
}

Test(runtime, each_change_and_each_failure_is_logged)
{
	runtime_say(WORDS(READING, "-m", "lock:off"), WORDS("deny/read+/a", "deny/raed+/a"),
		"deny/read+/a 0\ndeny/raed+/a 22\n");
	cr_expect(strstr(runtime_outcome.err, "changes the policy: deny/read+/a"), "%s", runtime_outcome.err);
	cr_expect(strstr(runtime_outcome.err, "did you mean 'read'?"), "%s", runtime_outcome.err);
	cr_expect_eq(log_count(runtime_outcome.err, "ctx", "policy", NULL, NULL), 2);
}

Test(runtime, the_environment_of_the_caller_stays_unknown)
{
	setenv("A_HUSH", "/hush", 1);
	runtime_say(WORDS(READING, "-m", "lock:off"), WORDS("deny/read+${A_HUSH}", "deny/read+${A_HUSH:-/x}"),
		"deny/read+${A_HUSH} 22\ndeny/read+${A_HUSH:-/x} 0\n");
	cr_expect(!strstr(runtime_outcome.err, "/hush"));
}

Test(runtime, the_plan_says_what_an_open_lock_costs)
{
	run_program(WORDS("plan", "-p", "off", "-m", "lock:off"), &runtime_outcome);
	expect_status(&runtime_outcome, 0, "plan");
	cr_expect(strstr(runtime_outcome.out, "lock:off: rules from inside could decide on names"), "%.500s",
		runtime_outcome.out);
	run_program(WORDS("plan", "-p", "off", "-m", "lock:read"), &runtime_outcome);
	cr_expect(strstr(runtime_outcome.out, "lock:read: the policy can be asked for from inside"));
	cr_expect(!strstr(runtime_outcome.out, "mkdir"));
	run_program(WORDS("plan", "-p", "off"), &runtime_outcome);
	cr_expect(!strstr(runtime_outcome.out, "openat"));
}

/* Its size is asked for before it is read; no rule names the memory that it comes in. */
PART(the_state_can_be_read_where_nothing_may_be_seen, "state", "-p", "off", "-m", "sandbox/stat:on", "-m", "lock:off")

Test(runtime, who_has_no_privileges_can_do_the_same)
{
	static const char *const parts[] = { "calls", "ways", "state", "nonsense", "race" };

	fixture_need_root();
	cr_assert(chmod(".", 0777) == 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct job job = { .options = WORDS(READING, "-m", "lock:off"),
			.command = WORDS(fixture_guest(GUEST), parts[i]),
			.uid = NOBODY };

		fixture_run(&job, &runtime_outcome);
		expect_status(&runtime_outcome, 0, parts[i]);
		run_native(SHELL("rm -f made link deep"), &runtime_outcome);
	}
	fixture_run(&(struct job){ .options = WORDS(READING, "-m", "lock:exec"),
			    .command = WORDS(fixture_guest(GUEST), "others", "2"),
			    .uid = NOBODY },
		&runtime_outcome);
	expect_status(&runtime_outcome, 0, "others");
}

/* A process that took another identity is asked for its number, not for its rights. */
Test(runtime, a_change_of_identity_changes_nothing)
{
	fixture_need_root();
	run_kennel(WORDS(READING, "-m", "lock:exec"),
		SHELL(text("exec setpriv --reuid %d --regid %d --clear-groups %s others 2", NOBODY, NOBODY,
			fixture_guest(GUEST))),
		&runtime_outcome);
	expect_status(&runtime_outcome, 0, "others");
	run_kennel(WORDS(READING, "-m", "lock:off"),
		SHELL("exec setpriv --reuid 65534 --regid 65534 --clear-groups cat /dev/kennel"), &runtime_outcome);
	expect_status(&runtime_outcome, 0, "cat");
	cr_expect(strstr(runtime_outcome.out, "\"lock\":\"off\""));
}
