/* kennel check: what it prints, and its exit status. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "core/cmd_check.h"
#include "core/util.h"

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

static int check(int argc, char **argv)
{
	int status = cmd_check(argc, argv);

	fflush(stdout);
	fflush(stderr);
	return status;
}

#define CHECK(...) \
	check((int)ARRAY_SIZE(((char *[]){ "check", __VA_ARGS__ })), (char *[]){ "check", __VA_ARGS__, NULL })

TestSuite(cmd_check, .init = redirect, .timeout = 10);

Test(cmd_check, prints_a_policy_as_rules)
{
	cr_assert(eq(int, CHECK("-p", "off", "--ro", "/nonexistent", "--print"), 0));
	cr_assert_stdout_eq_str("sandbox/walk,stat,read,write,create,truncate,readdir,mktemp:off\n"
				"default/walk,stat,read,write,create,truncate,readdir,mktemp:deny\n"
				"abi/i386:off\nlog/refused:on\nexit/wait_all:off\nlimit/calls:1024\nlimit/workers:256\n"
				"allow/read,readdir+/nonexistent/***\n");
}

Test(cmd_check, is_silent_about_a_good_policy)
{
	cr_assert(eq(int, CHECK("-p", "work"), 0));
	fputs("end", stdout);
	fflush(stdout);
	cr_assert_stdout_eq_str("end");
}

Test(cmd_check, errors_go_to_stderr_and_give_125)
{
	cr_assert(eq(int, CHECK("-p", "wrok", "-m", "allow/raed+/x", "--prnt", "--print"), 125));
	cr_assert_stderr_eq_str("-p:1:1: unknown profile 'wrok', expected off, ro or work (did you mean 'work'?)\n"
				"-m:1:7: unknown category 'raed', expected a category or set (did you mean 'read'?)\n"
				"check:1:1: unknown argument '--prnt', expected an option (did you mean '--print'?)\n");
}

Test(cmd_check, help_is_no_error)
{
	cr_assert(eq(int, CHECK("--help"), 0));
}
