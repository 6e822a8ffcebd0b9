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

#define EVERY \
	"walk,list,stat,read,write,exec,ioctl,create,delete,rename,symlink,truncate,chdir,readdir,mkdir,rmdir,chown," \
	"chgrp,chmod,chattr,utime,mkbdev,mkcdev,mkfifo,mktemp,notify,fs,net/bind,net/connect,net/sendfd,net/link"

TestSuite(cmd_check, .init = redirect, .timeout = 60);

Test(cmd_check, prints_a_policy_as_rules)
{
	cr_assert(eq(int, CHECK("-p", "off", "--ro", "/nonexistent", "--print"), 0));
	cr_assert_stdout_eq_str("sandbox/" EVERY ":off\n"
				"default/" EVERY ":deny\n"
				"abi/i386:off\nabi/x32:off\n"
				"log/refused:on\nexit/wait_all:off\nlimit/calls:1024\nlimit/workers:256\n"
				"trace/ptrace:on\nexec/mmap:on\nexec/anonymous:on\n"
				"allow/read,exec,readdir+/nonexistent/***\n");
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
	cr_assert_stderr_eq_str(
		"-p:1:1: unknown profile 'wrok', expected one that kennel profiles lists (did you mean 'work'?)\n"
		"-m:1:7: unknown category 'raed', expected a category or set (did you mean 'read'?)\n"
		"check:1:1: unknown argument '--prnt', expected an option (did you mean '--print'?)\n");
}

Test(cmd_check, a_policy_that_needs_ptrace_where_there_is_none_is_an_error)
{
	cr_assert(eq(int, CHECK("-p", "off", "-m", "trace/ptrace:off"), 0));
	cr_assert(eq(int, CHECK("-p", "off", "-m", "trace/ptrace:off", "-m", "sandbox/chdir:on"), 125));
	cr_assert_stderr_eq_str("kennel: ptrace is off (trace/ptrace:off), but \"default/chdir:deny\" needs it\n");
}

Test(cmd_check, help_is_no_error)
{
	cr_assert(eq(int, CHECK("--help"), 0));
}
