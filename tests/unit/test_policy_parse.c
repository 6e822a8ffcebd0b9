/* The rule language: valid lines, every error with its exact text, variables, round trips. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "core/cleanup.h"
#include "core/policy_options.h"
#include "core/policy_print.h"
#include "core/unsafe.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

/* ---- Errors ---- */

struct error_row {
	const char *command;
	const char *error; /* behind "-m:1:" */
};

#define COMMANDS "expected a command such as sandbox, default, allow, deny or include"
#define DEAD "expected a path without '//', '.', '..' and a slash at its end: this never matches"

static const struct error_row error_rows[] = {
	{ "", "1: " COMMANDS },
	{ "+x", "1: " COMMANDS },
	{ "sandox/read:on", "1: unknown command 'sandox/read', " COMMANDS " (did you mean 'sandbox'?)" },
	{ "log/refusd:on", "1: unknown command 'log/refusd', " COMMANDS " (did you mean 'log/refused'?)" },
	{ "qqqqqqqq:on", "1: unknown command 'qqqqqqqq', " COMMANDS },
	{ "sandbox:on", "8: expected '/' and what it is about after 'sandbox'" },
	{ "allow+/x", "6: expected '/' and what it is about after 'allow'" },
	{ "allow/read", "11: expected '+', '-' or '^' after 'allow/read'" },
	{ "allow/read:/x", "11: expected '+', '-' or '^' after 'allow/read'" },
	{ "allow/read /x", "11: unexpected ' ' after 'allow/read', expected one of : + - ^ ! ?" },
	{ "allow/read\xc3\xa9", "11: unexpected '\xc3\xa9' after 'allow/read', expected one of : + - ^ ! ?" },
	{ "sandbox/read+on", "13: expected ':' after 'sandbox/read'" },
	{ "sandbox/read?", "13: 'sandbox/read?' asks: only a running sandbox answers" },
	{ "allow/read?", "11: 'allow/read?' asks: only a running sandbox answers" },
	{ "include", "8: expected a name after 'include'" },
	{ "include  ", "8: expected a name after 'include'" },
	{ "include:x.kennel", "8: expected a name after 'include'" },
	{ "allow/raed+/x", "7: unknown category 'raed', expected a category or set (did you mean 'read'?)" },
	{ "  allow/read,wriet+/x", "14: unknown category 'wriet', expected a category or set (did you mean 'write'?)" },
	{ "allow/+/x", "7: expected a category or set" },
	{ "allow/read,+/x", "12: expected a category or set" },
	{ "sandbox/chroot:off", "9: category 'chroot' is not enforced yet by this version" },
	{ "allow/net/link+/x", "16: unknown netlink family '/x', expected one such as route" },
	{ "allow/read,net/bind+any!80", "21: expected an absolute path, found 'any!80'" },
	{ "allow/read,chroot+/x", "12: category 'chroot' is not enforced yet by this version" },
	{ "sandbox/read:onn", "14: unknown value 'onn', expected on or off (did you mean 'on'?)" },
	{ "sandbox/read:", "14: unknown value '', expected on or off" },
	{ "default/read:alow",
		"14: unknown action 'alow', expected an action such as allow or deny (did you mean 'allow'?)" },
	{ "allow/read+", "12: expected a pattern after 'allow/read+'" },
	{ "allow/read+usr", "12: expected an absolute path, found 'usr'" },
	{ "allow/read+/a//b", "14: " DEAD },
	{ "allow/read+/a/", "14: " DEAD },
	{ "allow/read+/a/../b", "14: " DEAD },
	{ "deny/read+/a/.", "13: " DEAD },
	{ "allow/read+/a/[x", "15: expected ']' to end this set" },
	{ "allow/read+${HOME}/{x", "20: expected '}' to end these alternatives" },
	{ "allow/read+/a\\", "14: expected a character to quote, or xHH, after '\\'" },
	{ "allow/read+/${NOPE}/x", "13: variable 'NOPE' is not set and has no default, expected ${NOPE:-DEFAULT}" },
	{ "allow/read+${EMPTY}/***", "12: variable 'EMPTY' is empty and has no default, expected ${EMPTY:-DEFAULT}" },
	{ "allow/read+/${HOME", "13: expected '}' or ':-' after '${HOME'" },
	{ "allow/read+/${HOME:-x", "13: expected '}' or ':-' after '${HOME'" },
	{ "allow/read+/${}", "15: expected the name of a variable after '${'" },
	{ "allow/read+/$HOME", "13: expected '${NAME}' or '\\$'" },
	{ "allow/read+/\x1b[2J", "13: expected text, found control character 0x1b (quoted: \\x1b)" },
	{ "allow/read+/\xff", "13: expected UTF-8, found byte 0xff (quoted: \\xff)" },
	{ "allow/read+/a\nallow/read+/b", "14: expected one command, found a second line" },
	{ "limit/calls:0", "13: unknown value '0', expected a number from 1 to 65536" },
	{ "limit/calls:65537", "13: unknown value '65537', expected a number from 1 to 65536" },
	{ "limit/workers:many", "15: unknown value 'many', expected a number from 1 to 4096" },
	{ "limit/workers:-1", "15: unknown value '-1', expected a number from 1 to 4096" },
	{ "limit/workers:99999999999999999999",
		"15: unknown value '99999999999999999999', expected a number from 1 to 4096" },
	{ "log/file:", "10: expected a name after 'log/file'" },
	{ "abi/x86_64:off", "12: abi/x86_64 is the native ABI, expected on" },
	{ "abi/arm:on", "5: unknown ABI 'arm', expected x86_64, i386 or x32" },
	{ "abi/i368:on", "5: unknown ABI 'i368', expected x86_64, i386 or x32 (did you mean 'i386'?)" },
	{ "lock:ipc", "6: lock:ipc is not supported yet by this version" },
	{ "lock:onn", "6: unknown lock state 'onn', expected on, read, drop, exec or off (did you mean 'on'?)" },
	{ "trace/memory:on", "1: command 'trace/memory' is not supported yet by this version" },
	{ "allow_unsafe/ptrase:on", "14: unknown name 'ptrase', expected something to give back such as perf or ptrace "
				    "(did you mean 'ptrace'?)" },
	{ "trace/allow_unsafe_x:on", "20: unknown name 'x', expected something to give back such as perf or ptrace" },
	{ "allow_unsafe/uring:on", "14: 'uring' cannot be given back, no rule would hold: "
				   "calls made through io_uring pass no filter" },
	{ "trace/ptrace:onn", "14: unknown value 'onn', expected on or off (did you mean 'on'?)" },
	{ "ghost:on", "6: expected '!' after 'ghost'" },
	{ "ghost!x", "7: expected nothing after 'ghost!'" },
	{ "mask+x", "6: expected an absolute path, found 'x'" },
	{ "block:10.0.0.0/8", "6: expected '+', '-' or '^' after 'block'" },
	{ "block+example.org",
		"7: expected ADDRESS, ADDRESS/PREFIX or an alias such as linklocal, found 'example.org'" },
	{ "setenv!A", "8: expected VAR=VALUE after 'setenv!', found 'A'" },
	{ "setenv!=A", "8: expected VAR=VALUE after 'setenv!', found '=A'" },
	{ "setenv!", "8: expected a name after 'setenv'" },
	{ "setenv+A=B", "7: expected '!' after 'setenv'" },
	{ "unsetenv!A=B", "10: expected the name of a variable after 'unsetenv!', found 'A=B'" },
	{ "clearenv!A", "10: expected nothing after 'clearenv!'" },
	{ "passenv+", "9: expected the name of a variable, or a pattern of names" },
	{ "passenv+A=B", "9: expected the name of a variable, or a pattern of names" },
	{ "passenv+[A", "9: expected ']' to end this set" },
	{ "passenv:A", "8: expected '+', '-' or '^' after 'passenv'" },
	{ "rlimit/nofil:3",
		"8: unknown limit 'nofil', expected one such as nofile, as or cpu (did you mean 'nofile'?)" },
	{ "rlimit/nofile:4K", "15: unknown value '4K', expected a number or infinity" },
	{ "rlimit/as:3Q", "11: unknown value '3Q', expected a size such as 512M or infinity" },
	{ "rlimit/as:99999999T", "11: unknown value '99999999T', expected a size such as 512M or infinity" },
	{ "rlimit/as:18446744073709551615",
		"11: unknown value '18446744073709551615', expected a size such as 512M or infinity" },
	{ "rlimit/cpu:300ms", "12: unknown value '300ms', expected whole seconds, a duration such as 10m or infinity" },
	{ "rlimit/rttime:-1", "15: unknown value '-1', expected microseconds, a duration such as 200ms or infinity" },
	{ "exec/mmap+/x", "10: expected ':' after 'exec/mmap'" },
	{ "exec/nmap:off", "1: unknown command 'exec/nmap', " COMMANDS " (did you mean 'exec/mmap'?)" },
	{ "include_profile wrok",
		"17: unknown profile 'wrok', expected one that kennel profiles lists (did you mean 'work'?)" },
	{ "include /x.conf", "9: expected the name of a .kennel, .syd-3, .ipset or .netset file, found '/x.conf'" },
	{ "include /nonexistent.kennel", "9: cannot read '/nonexistent.kennel': No such file or directory" },
};

Test(policy_parse, every_error_says_where_and_what_was_expected, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(error_rows); i++) {
		struct policy_loader *loader = fixture_loader();
		char expected[512];
		char *errors;

		snprintf(expected, sizeof(expected), "-m:1:%s\n", error_rows[i].error);
		policy_load_command(loader, error_rows[i].command);
		errors = fixture_errors(loader);
		cr_expect(eq(str, errors, expected), "%s", error_rows[i].command);
		free(errors);
	}
}

Test(policy_parse, all_errors_are_collected_and_commands_counted, .timeout = 60)
{
	struct policy_loader *loader = fixture_loader();
	char *errors;

	policy_load_command(loader, "allow/raed+x");
	policy_load_command(loader, "allow/read+/x");
	policy_load_command(loader, "sandbox/chroot,foo:maybe");
	policy_load_short(loader, "bind", "any!x");
	policy_load_short(loader, "ro", "");
	errors = fixture_errors(loader);
	cr_expect(eq(str, errors,
		"-m:1:7: unknown category 'raed', expected a category or set (did you mean 'read'?)\n"
		"-m:1:12: expected an absolute path, found 'x'\n"
		"-m:3:9: category 'chroot' is not enforced yet by this version\n"
		"-m:3:16: unknown category 'foo', expected a category or set\n"
		"-m:3:20: unknown value 'maybe', expected on or off\n"
		"--bind:1:20: expected a port or LOW-HIGH, up to 65535, after '!'\n"
		"--ro:1:1: expected a path\n"));
	free(errors);
}

/* ---- What loads, as it prints ---- */

#define PRINT_SETTINGS \
	"abi/i386:off\nabi/x32:off\nlog/refused:on\nexit/wait_all:off\nlimit/calls:1024\nlimit/workers:256\n" \
	"trace/ptrace:on\nexec/mmap:on\nexec/anonymous:on\n"
#define PRINT_NAMES \
	"create,delete,rename,symlink,truncate,chdir,readdir,mkdir,rmdir,chown,chgrp,chmod,chattr,utime,mkbdev," \
	"mkcdev,mkfifo,mktemp,notify,fs,net/bind,net/connect,net/sendfd,net/link"
#define PRINT_ALL "walk,list,stat,read,write,exec,ioctl," PRINT_NAMES
#define PRINT_START \
	"sandbox/" PRINT_ALL ":on\n" \
	"default/" PRINT_ALL ":deny\n" PRINT_SETTINGS

struct print_row {
	const char *command;
	const char *rules;
};

static const struct print_row print_rows[] = {
	{ "allow/read+/usr/***", "allow/read+/usr/***\n" },
	{ "\t allow/read+/usr/***   # comment", "allow/read+/usr/***\n" },
	{ "allow/read+/usr#x\\#y", "allow/read+/usr#x\\#y\n" },
	{ "# only a comment", "" },
	{ "allow/read+/a\\ ", "allow/read+/a\\ \n" },
	{ "allow/read+/a b\r", "allow/read+/a b\n" },
	{ "deny/all+/x", "deny/" PRINT_ALL "+/x\n" },
	{ "deny/all-x+/x", "deny/walk,list,stat,read,write,ioctl," PRINT_NAMES "+/x\n" },
	{ "ghost!", "ghost!\n" },
	{ "setuid+0.7", "setuid+0.7\n" },
	{ "kill/rpath,tpath+/x", "kill/read,readdir,mkdir,rmdir,mktemp+/x\n" },
	{ "allow/lpath+/x", "allow/walk,list,stat,chdir+/x\n" },
	{ "exit/read+/x", "exit/read+/x\n" },
	{ "allow/create+!memfd:**", "allow/create+!memfd:**\n" },
	{ "allow/create+\\!memfd\\:x", "allow/create+\\!memfd\\:x\n" },
	{ "allow/read+${HOME}/.x", "allow/read+/home/u/.x\n" },
	{ "allow/read+${STAR}/*", "allow/read+/a\\*b/*\n" },
	{ "allow/read+${SLASH}/***", "allow/read+/***\n" },
	{ "allow/read+${NOPE:-/n}/x", "allow/read+/n/x\n" },
	{ "allow/read+${EMPTY:-/n*}/x", "allow/read+/n*/x\n" },
	{ "allow/read+${NOPE:-${NO:-${HOME}/a}/b}/c", "allow/read+/home/u/a/b/c\n" },
	{ "allow/read+/a\\${HOME}", NULL },
	{ "allow/all-x-/usr", "" },
	{ "lock:on", "" },
	{ "abi/x86_64:yes", "" },
	{ "abi/x32:off", "" },
	{ "sandbox/read:1", "" },
	{ "include_profile ro", NULL },
};

Test(policy_parse, valid_commands_print_as_rules, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(print_rows); i++) {
		struct policy *policy;
		char expected[1024];
		char *text;

		if (!print_rows[i].rules)
			continue;
		policy = POLICY(print_rows[i].command);
		text = fixture_print(policy);
		snprintf(expected, sizeof(expected), "%s%s", PRINT_START, print_rows[i].rules);
		cr_expect(eq(str, text, expected), "%s", print_rows[i].command);
		cr_expect_not(policy_is_empty(policy));
		free(text);
		policy_free(policy);
	}
}

Test(policy_parse, settings_are_set, .timeout = 60)
{
	struct policy *policy = POLICY("abi/i386:on", "abi/x32:on", "abi/x32:off", "abi/x86_64:on", "log/refused:off",
		"log/file:${HOME}/a\\ b", "exit/wait_all:true", "limit/calls:7", "limit/workers:4096");
	const struct policy_settings *settings = policy_settings(policy);

	cr_expect_eq(settings->abis, ABI_BIT(abi_by_name("i386")));
	cr_expect(settings->trace_ptrace && settings->exec_mmap && settings->exec_anonymous);
	cr_expect_not(settings->ghost || settings->unsafe);
	cr_expect_not(settings->log_refused);
	cr_expect(eq(str, settings->log_file, "/home/u/a b"));
	cr_expect(settings->wait_all);
	cr_expect(eq(uint, settings->limit_calls, 7));
	cr_expect(eq(uint, settings->limit_workers, 4096));
	policy_free(policy);
}

Test(policy_parse, rules_know_where_they_were_written, .timeout = 60)
{
	struct policy *policy = POLICY("sandbox/all:on", "include_profile ro", "allow/read+/x");
	const struct rule *rule = policy_decide(policy, CAT_READ, "/y").rule;

	cr_expect(eq(str, (char *)rule->origin.file, "-p ro"));
	cr_expect(eq(uint, rule->origin.line, 4));
	rule = policy_decide(policy, CAT_READ, "/x").rule;
	cr_expect(eq(str, (char *)rule->origin.file, "-m"));
	cr_expect(eq(uint, rule->origin.line, 3));
	policy_free(policy);
}

/* ---- Printing and loading again ---- */

static struct policy *load_text(const char *text)
{
	struct policy_loader *loader = fixture_loader();
	AUTO_FREE char *copy = strdup(text);
	struct policy *policy;

	for (char *line = copy, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		policy_load_command(loader, line);
	}
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy, "%s", text);
	return policy;
}

static void check_round_trip(struct policy *policy)
{
	char *text = fixture_print(policy);
	struct policy *again = load_text(text);
	char *text_again = fixture_print(again);

	cr_expect(eq(str, text, text_again));
	policy_free(policy);
	policy_free(again);
	free(text);
	free(text_again);
}

Test(policy_parse, what_concerns_ptrace_is_set, .timeout = 60)
{
	static const char *const names[] = { "allow_unsafe/ptrace:on", "trace/allow_unsafe_ptrace:on" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct policy *policy =
			POLICY("trace/ptrace:off", "exec/mmap:no", "exec/anonymous:0", "ghost!", names[i]);
		const struct policy_settings *settings = policy_settings(policy);

		cr_expect_not(settings->trace_ptrace || settings->exec_mmap || settings->exec_anonymous);
		cr_expect(settings->ghost && settings->unsafe == UNSAFE_BIT(UNSAFE_PTRACE));
		check_round_trip(policy);
	}
}

Test(policy_parse, everything_is_given_back_by_either_name, .timeout = 60)
{
	static const char *const spellings[] = { "allow_unsafe/%s:%s", "trace/allow_unsafe_%s:%s" };

	for (int unsafe = 0; unsafe < UNSAFE_COUNT; unsafe++)
		for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
			const char *name = unsafe_name((enum unsafe)unsafe);
			char on[64], off[64];
			struct policy *policy;
			char *printed;

			snprintf(on, sizeof(on), spellings[i], name, "on");
			snprintf(off, sizeof(off), spellings[1 - i], name, "off");
			policy = POLICY("sandbox/all:off", on);
			cr_expect_eq(policy_settings(policy)->unsafe, UNSAFE_BIT(unsafe), "%s", on);
			printed = fixture_print(policy);
			cr_expect_not_null(strstr(printed, name), "%s", on);
			free(printed);
			check_round_trip(policy);
			policy = POLICY("sandbox/all:off", on, off);
			cr_expect_eq(policy_settings(policy)->unsafe, 0, "%s", off);
			policy_free(policy);
			cr_expect_null(unsafe_never(name), "%s", name);
		}
}

Test(policy_parse, what_is_printed_loads_as_the_same_policy, .timeout = 60)
{
	check_round_trip(
		POLICY("include_profile work", "deny/read+/a\\ b\\#", "log/file:/a\\$\\{x\\}\\x20", "abi/i386:on"));
	check_round_trip(POLICY("include_profile off", "allow/read+/x", "default/read:kill", "exit/wait_all:on"));
	for (size_t i = 0; i < ARRAY_SIZE(print_rows); i++)
		check_round_trip(POLICY(print_rows[i].command));
}

static void random_command(unsigned *seed, char *command, size_t size)
{
	static const char *const actions[] = { "allow", "deny", "filter", "warn", "kill" };
	static const char *const categories[] = { "read", "write,stat", "all", "rpath", "walk,create", "tpath" };
	static const char *const patterns[] = { "/***", "/a/*", "/a/b", "/{a,b}/c", "!memfd:*", "/a\\+b", "${HOME}/x" };
	static const char operators[] = "++++-^";

	snprintf(command, size, "%s/%s%c%s", actions[(size_t)rand_r(seed) % ARRAY_SIZE(actions)],
		categories[(size_t)rand_r(seed) % ARRAY_SIZE(categories)], operators[rand_r(seed) % 6],
		patterns[(size_t)rand_r(seed) % ARRAY_SIZE(patterns)]);
}

Test(policy_parse, random_policies_survive_a_round_trip, .timeout = 180)
{
	unsigned seed = 3;

	for (int round = 0; round < 500; round++) {
		struct policy_loader *loader = fixture_loader();

		for (int i = 0; i < 20; i++) {
			char command[128];

			random_command(&seed, command, sizeof(command));
			policy_load_command(loader, command);
		}
		check_round_trip(policy_loader_finish(loader, stderr));
		policy_loader_free(loader);
	}
}

Test(policy_parse, random_bytes_never_crash_the_parser, .timeout = 360)
{
	static const char *const pieces[] = { "allow", "/", "read", "+", "-", "^", ":", "${", "}", "HOME", ":-", "\\",
		"[", "]", "{", ",", "*", "all-x", "include ", "on", "#", " ", "!", "?", "sandbox", "\x80",
		"limit/calls", "9" };
	unsigned seed = 11;

	for (int round = 0; round < 50000; round++) {
		struct policy_loader *loader = fixture_loader();
		char command[128] = "";

		for (int i = rand_r(&seed) % 10; i >= 0; i--)
			strncat(command, pieces[(size_t)rand_r(&seed) % ARRAY_SIZE(pieces)],
				sizeof(command) - strlen(command) - 1);
		policy_load_command(loader, command);
		free(fixture_errors(loader));
	}
}

Test(policy_parse, json_names_the_place_of_each_rule, .timeout = 60)
{
	struct policy *policy = POLICY("sandbox/all:off", "deny/read,write+/a\\\"b");
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	policy_print_members(policy, stream);
	fclose(stream);
	cr_expect_not_null(strstr(text, "\"rules\":[{\"action\":\"deny\",\"categories\":[\"read\",\"write\"],"
					"\"pattern\":\"/a\\\\\\\"b\",\"file\":\"-m\",\"line\":2}]"));
	cr_expect_not_null(strstr(text, "\"read\":{\"on\":false,\"default\":\"deny\"}"));
	free(text);
	policy_free(policy);
}

/* ---- Options ---- */

Test(policy_parse, options_apply_in_order_and_leave_others_alone, .timeout = 60)
{
	char *argv[] = { "check", "-pro", "-m", "deny/read+/a", "--ro=/a", "--print", "--rw", "/b", "-P" };
	struct policy_loader *loader = fixture_loader();
	int argc = (int)ARRAY_SIZE(argv);
	int index = 1;
	char *errors;

	for (int expected = 2; expected <= 5; expected += expected == 2 ? 2 : 1) {
		cr_assert(policy_options_take(loader, argc, argv, &index));
		cr_assert(eq(int, index, expected));
	}
	cr_assert_not(policy_options_take(loader, argc, argv, &index));
	cr_assert(eq(int, index, 5));
	index++;
	cr_assert(policy_options_take(loader, argc, argv, &index));
	cr_assert(eq(int, index, 8));
	cr_assert(eq(ulong, policy_loader_errors(loader), 0));
	cr_assert(policy_options_take(loader, argc, argv, &index));
	cr_assert(eq(int, index, 9));
	cr_assert_not(policy_options_take(loader, argc, argv, &index));
	errors = fixture_errors(loader);
	cr_expect(eq(str, errors, "-P:1:1: expected a policy file\n"));
	free(errors);
}

Test(policy_parse, look_alikes_are_not_our_options, .timeout = 60)
{
	char *argv[] = { "--row", "--", "-x", "ls", "--r", "" };
	struct policy_loader *loader = fixture_loader();

	for (int i = 0; i < (int)ARRAY_SIZE(argv); i++) {
		int index = i;

		cr_expect_not(policy_options_take(loader, (int)ARRAY_SIZE(argv), argv, &index), "%s", argv[i]);
		cr_expect(eq(int, index, i));
	}
	policy_loader_free(loader);
}
