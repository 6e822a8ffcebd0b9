/* Which policies can do without ptrace, and what is said about those that cannot. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/plan.h"
#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(plan_exec, .timeout = 60);

static const struct plan_host without = { .landlock_abi = 7, .scopes_signals = true };

#define QUIET "sandbox/all:off", "sandbox/exec,wpath,cpath,tpath,spath:on", "exec/mmap:off", "log/refused:off"
#define MAX 12

struct needs_row {
	const char *commands[MAX];
	const char *expected; /* NULL: nothing needs ptrace */
};

static const struct needs_row rows[] = {
	{ { "sandbox/all:off" }, NULL },
	{ { "sandbox/all:off", "sandbox/read:on" }, NULL },
	{ { QUIET }, NULL },
	{ { QUIET, "allow/exec+/usr/***" }, NULL },
	{ { QUIET, "allow/exec+/usr/bin/true" }, NULL },
	{ { QUIET, "allow/exec+/***" }, NULL },
	{ { QUIET, "allow/exec+/usr/***", "allow/write,create+/w/***" }, NULL },
	{ { QUIET, "deny/exec+/usr/bin/id", "allow/exec+/usr/***" }, NULL },
	{ { QUIET, "log/refused:on", "default/exec:filter", "allow/exec+/usr/***" }, NULL },
	{ { QUIET, "default/exec:allow", "allow/exec+/***", "allow/exec+!memfd:**" }, NULL },
	{ { QUIET, "log/refused:on" },
		"\"default/exec:deny\" needs it: Landlock neither logs nor stops (log/refused:off, or "
		"default/exec:filter, would do)" },
	{ { QUIET, "default/exec:kill" },
		"\"default/exec:kill\" needs it: Landlock neither logs nor stops (log/refused:off, or "
		"default/exec:filter, would do)" },
	{ { QUIET, "exec/mmap:on" },
		"\"default/exec:deny\" needs it: Landlock does not see mapped files (exec/mmap:off)" },
	{ { QUIET, "exec/anonymous:off" },
		"\"default/exec:deny\" needs it: exec/anonymous:off must see each change of memory" },
	{ { QUIET, "allow/exec+/usr/***", "deny/exec+/usr/bin/id" },
		"the rule \"deny/exec+/usr/bin/id\" (-m:6) needs it: Landlock takes back nothing of what was allowed "
		"before" },
	{ { QUIET, "default/exec:allow", "deny/exec+/usr/bin/id" },
		"the rule \"deny/exec+/usr/bin/id\" (-m:6) needs it: Landlock only allows" },
	{ { QUIET, "warn/exec+/usr/***" },
		"the rule \"warn/exec+/usr/***\" (-m:5) needs it: Landlock neither logs nor stops (log/refused:off, or "
		"filter, would do)" },
	{ { QUIET, "allow/exec+/usr/*/x" },
		"the rule \"allow/exec+/usr/*/x\" (-m:5) needs it: Landlock knows only one file, or a directory with "
		"everything below it" },
	{ { QUIET, "allow/exec+/{a,b}/***" },
		"the rule \"allow/exec+/{a,b}/***\" (-m:5) needs it: Landlock knows only one file, or a directory with "
		"everything below it" },
	{ { QUIET, "allow/exec+!memfd:**" },
		"the rule \"allow/exec+!memfd:**\" (-m:5) needs it: Landlock does not know memory files" },
	{ { QUIET, "allow/exec+/w/bin/***", "allow/write+/w/***" },
		"the rule \"allow/exec+/w/bin/***\" (-m:5) needs it: the sandbox may change what has this name, and "
		"Landlock would not follow" },
	{ { QUIET, "allow/exec+/w/bin/***", "allow/create+/w" },
		"the rule \"allow/exec+/w/bin/***\" (-m:5) needs it: the sandbox may change what has this name, and "
		"Landlock would not follow" },
	{ { QUIET, "allow/exec+/w/bin/***", "sandbox/write:off" },
		"the rule \"allow/exec+/w/bin/***\" (-m:5) needs it: the sandbox may change what has this name, and "
		"Landlock would not follow" },
	{ { QUIET, "sandbox/chdir:on" }, "\"default/chdir:deny\" needs it" },
	{ { QUIET, "sandbox/chdir:on", "default/chdir:allow", "deny/chdir+/x" },
		"the rule \"deny/chdir+/x\" (-m:7) needs it" },
	{ { QUIET, "sandbox/walk:on" }, "\"default/walk:deny\" needs it" },
	{ { "sandbox/all:off", "setgid+0.5" }, "the rule \"setgid+0.5\" (-m:2) needs it" },
};

static const char *needs(const char *const *commands, struct plan_host host, char *buffer, size_t size)
{
	struct policy *policy = fixture_policy(commands);
	const char *why = plan_needs_ptrace(policy, &host, buffer, size);

	policy_free(policy);
	return why;
}

Test(plan_exec, names_what_needs_ptrace_and_why)
{
	static const char start[] = "ptrace is off (this host forbids it), but ";
	char buffer[512];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = needs(rows[i].commands, without, buffer, sizeof(buffer));

		cr_expect_eq(why == NULL, rows[i].expected == NULL, "row %zu: %s", i, why ? why : "fits");
		if (!why || !rows[i].expected)
			continue;
		cr_expect(str_starts(why, start));
		cr_expect_str_eq(why + sizeof(start) - 1, rows[i].expected);
	}
}

Test(plan_exec, everything_is_fine_with_ptrace)
{
	struct plan_host host = without;
	char buffer[512];

	host.ptrace = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_null(needs(rows[i].commands, host, buffer, sizeof(buffer)));
}

Test(plan_exec, says_who_turned_ptrace_off)
{
	static const char *const off[] = { "sandbox/all:off", "sandbox/chdir:on", "trace/ptrace:off", NULL };
	static const char *const unsafe[] = { "sandbox/all:off", "sandbox/chdir:on", "allow_unsafe/ptrace:on", NULL };
	char buffer[512];

	cr_expect_str_eq(needs(off, without, buffer, sizeof(buffer)),
		"ptrace is off (trace/ptrace:off), but \"default/chdir:deny\" needs it");
	cr_expect_str_eq(needs(unsafe, without, buffer, sizeof(buffer)),
		"ptrace is off (allow_unsafe/ptrace:on), but \"default/chdir:deny\" needs it");
}

Test(plan_exec, says_where_the_rule_stands)
{
	static const char text[] = "sandbox/all:off\nsandbox/exec:on\ndefault/exec:allow\ndeny/exec+/usr/bin/id\n"
				   "exec/mmap:off\ntrace/ptrace:off\n";
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;
	char buffer[512];
	char name[] = "/tmp/kennel-unit-XXXXXX.kennel";
	char expected[256];
	int fd = mkstemps(name, 7);

	cr_assert(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1 && close(fd) == 0);
	policy_load_file(loader, name);
	policy = policy_loader_finish(loader, stderr);
	unlink(name);
	cr_assert_not_null(policy);
	snprintf(expected, sizeof(expected),
		"ptrace is off (trace/ptrace:off), but the rule \"deny/exec+/usr/bin/id\" (%s:4) needs it: Landlock "
		"only allows",
		name);
	cr_expect_str_eq(plan_needs_ptrace(policy, &without, buffer, sizeof(buffer)), expected);
	policy_free(policy);
	policy_loader_free(loader);
}

Test(plan_exec, an_old_kernel_has_no_landlock_to_fall_back_to)
{
	static const char *const quiet[] = { QUIET, NULL };
	const struct plan_host old = { .landlock_abi = 1 };
	char buffer[512];

	cr_expect(strstr(needs(quiet, old, buffer, sizeof(buffer)), "no Landlock (ABI 2) either") != NULL);
}

Test(plan_exec, ptrace_inside_needs_a_domain_around_the_payload)
{
	static const char *const unsafe[] = { "sandbox/all:off", "sandbox/write:on", "allow_unsafe/ptrace:on", NULL };
	static const char *const nothing[] = { "sandbox/all:off", "allow_unsafe/ptrace:on", NULL };
	struct plan_host old = { .landlock_abi = 5 };
	char buffer[512];

	cr_expect(str_starts(needs(unsafe, old, buffer, sizeof(buffer)), "allow_unsafe/ptrace:on needs a Landlock"));
	cr_expect_null(needs(unsafe, without, buffer, sizeof(buffer)));
	cr_expect_null(needs(nothing, old, buffer, sizeof(buffer)));
}
