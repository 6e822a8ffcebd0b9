/*
 * Policies that are wrong: nothing runs, the status is 125, and the message says where,
 * what was expected and which known word is near. And what check and plan print.
 */
#include "arch/arch.h"
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(policy, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome policy_outcome;

static void policy_wrong(const char *const *options, const char *word)
{
	run_kennel(options, WORDS("/bin/touch", "made"), &policy_outcome);
	cr_assert(policy_outcome.status == 125, "%s: status %d\n%s", options[1], policy_outcome.status,
		policy_outcome.err);
	cr_assert(access("made", F_OK) != 0, "%s: the command ran", options[1]);
	cr_assert(strstr(policy_outcome.err, word), "%s: no %s in\n%s", options[1], word, policy_outcome.err);
}

/* A policy file with this content must be refused at this place, with this word said. */
static void policy_wrong_file(const char *content, const char *place, const char *word)
{
	file_write("policy.kennel", content);
	policy_wrong(WORDS("-P", "policy.kennel"), place);
	cr_assert(strstr(policy_outcome.err, word), "no %s in\n%s", word, policy_outcome.err);
}

Test(policy, an_error_names_file_line_and_column)
{
	policy_wrong_file("raed:on\n", "policy.kennel:1:", "raed");
	policy_wrong_file("# comment\n\nallow/raed+/usr/***\n", "policy.kennel:3:7", "read");
	policy_wrong_file("allow/read+/a\nalow/read+/b\n", "policy.kennel:2:1", "allow");
	policy_wrong_file("allow/read,wriet+/a\n", "policy.kennel:1:12", "write");
	policy_wrong_file("sandbox/read:maybe\n", "policy.kennel:1:14", "on");
	policy_wrong_file("default/read:allwo\n", "policy.kennel:1:14", "allow");
	policy_wrong_file("abi/i368:on\n", "policy.kennel:1:5", abi_native()->name);
	policy_wrong_file("allow/read+/a/[b\n", "policy.kennel:1:", "]");
	policy_wrong_file("allow/read+/a/{b\n", "policy.kennel:1:", "}");
	policy_wrong_file("allow/read+${KENNEL_UNSET_VARIABLE}/x\n", "policy.kennel:1:", "KENNEL_UNSET_VARIABLE");
	policy_wrong_file("limit/calls:lots\n", "policy.kennel:1:13", "lots");
	policy_wrong_file("limit/calls:0\n", "policy.kennel:1:13", "0");
	policy_wrong_file("include missing.kennel\n", "policy.kennel:1:", "missing.kennel");
	policy_wrong_file("include_profile wrok\n", "policy.kennel:1:", "work");
	policy_wrong_file("include policy.kennel\n", "policy.kennel", "include");
	policy_wrong_file("allow/read\n", "policy.kennel:1:", "+");
	policy_wrong_file("allow/read+\n", "policy.kennel:1:", "");
}

Test(policy, an_error_in_an_included_file_names_that_file)
{
	file_write("inner.kennel", "sandbox/read:on\nnonsense\n");
	policy_wrong_file("include inner.kennel\n", "inner.kennel:2:1", "nonsense");
}

Test(policy, options_are_checked_alike)
{
	policy_wrong(WORDS("-m", "allow/raed+/x"), "read");
	policy_wrong(WORDS("-p", "wrok"), "work");
	policy_wrong(WORDS("-P", "missing.kennel"), "missing.kennel");
	policy_wrong(WORDS("-p", "off", "-m", "nonsense"), "nonsense");
	policy_wrong(WORDS("-p", "off", "-m", ""), "expected a command");
	policy_wrong(WORDS("-p", "work", "--keep-fd", "x"), "--keep-fd x: expected the number");
	policy_wrong(WORDS("-p", "work", "--keep-fd", "99"), "--keep-fd 99: ");
}

Test(policy, a_category_that_is_not_enforced_yet_is_an_error_that_says_so)
{
	policy_wrong(WORDS("-p", "off", "-m", "sandbox/chroot:on"), "chroot");
	policy_wrong(WORDS("-p", "off", "-m", "deny/read,chroot+/x"), "chroot");
}

Test(policy, comments_includes_and_variables_work)
{
	file_write("inner.kennel", "# inner\ndefault/all:allow\n\ndeny/all+/nonexistent/***\n");
	file_write("secret", "secret");
	file_write("policy.kennel", "# outer\ninclude inner.kennel\ndeny/read+${SECRET_FOLDER}/secret # why\n  "
				    "deny/read+${UNSET_ONE:-/nowhere}/x\n");
	setenv("SECRET_FOLDER", fixture_path(""), 1);
	run_kennel(WORDS("-P", "policy.kennel"), WORDS("/bin/cat", "secret"), &policy_outcome);
	cr_assert(policy_outcome.status == 1, "status %d: %s", policy_outcome.status, policy_outcome.err);
	run_kennel(WORDS("-P", "policy.kennel"), WORDS("/bin/cat", "policy.kennel"), &policy_outcome);
	expect_status(&policy_outcome, 0, "what is allowed");
	file_write("old.syd-3", "default/all:allow\n");
	run_kennel(WORDS("-P", "old.syd-3"), WORDS("/bin/cat", "secret"), &policy_outcome);
	expect_status(&policy_outcome, 0, "a syd-3 file");
}

Test(policy, check_prints_what_can_be_read_again)
{
	static struct outcome again;

	run_program(WORDS("check", "--print", "-p", "work", "--hide", "/secret", "--ro", "/data", "-m",
			    "deny/read+/a\\ \\*b"),
		&policy_outcome);
	cr_assert(policy_outcome.status == 0 && strstr(policy_outcome.out, "deny/"), "%s%s", policy_outcome.out,
		policy_outcome.err);
	file_write("printed.kennel", policy_outcome.out);
	run_program(WORDS("check", "--print", "-P", "printed.kennel"), &again);
	cr_assert(again.status == 0, "%s", again.err);
	cr_assert_str_eq(again.out, policy_outcome.out);
	cr_assert(!strstr(policy_outcome.out, "chroot"), "sets leave out what is not enforced");
}

Test(policy, check_refuses_what_run_refuses)
{
	run_program(WORDS("check", "-m", "allow/raed+/x"), &policy_outcome);
	cr_assert(
		policy_outcome.status == 125 && strstr(policy_outcome.err, "read"), "status %d", policy_outcome.status);
	run_program(WORDS("check", "-p", "work"), &policy_outcome);
	cr_assert(policy_outcome.status == 0);
}

/* A line of the plan that begins with the call, and says this of it. */
static void policy_expect_plan(const char *call, const char *where)
{
	const char *line = strstr(policy_outcome.out, text("\n%s ", call));

	cr_assert(line && strncmp(line + 1 + strlen(call) + strspn(line + 1 + strlen(call), " "), where,
				  strlen(where)) == 0,
		"%s: %.100s", call, line ? line : policy_outcome.out);
}

Test(policy, plan_says_where_each_call_is_decided)
{
	run_program(WORDS("plan", "-p", "work"), &policy_outcome);
	cr_assert(policy_outcome.status == 0, "%s", policy_outcome.err);
	policy_expect_plan("openat", "notified");
	policy_expect_plan("io_uring_setup", "refused ENOSYS");
	policy_expect_plan("ptrace", "refused EPERM");
	run_program(WORDS("plan", "-p", "off"), &policy_outcome);
	cr_assert(policy_outcome.status == 0 && strstr(policy_outcome.out, "calls stay in the kernel"), "%s",
		policy_outcome.out);
}

/* Under off no call is intercepted: what is refused elsewhere works. */
Test(policy, off_leaves_the_kernel_alone)
{
	fixture_need_root();
	run_native(WORDS("unshare", "-m", "true"), &policy_outcome);
	if (policy_outcome.status != 0)
		cr_skip_test("unshare does not work natively");
	run_kennel(WORDS("-p", "off"), WORDS("unshare", "-m", "true"), &policy_outcome);
	expect_status(&policy_outcome, 0, "unshare under off");
	run_kennel(WORDS("-p", "work"), WORDS("unshare", "-m", "true"), &policy_outcome);
	cr_assert(policy_outcome.status != 0);
}
