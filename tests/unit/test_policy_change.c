/*
 * Commands from inside: a changed copy or nothing; what a lock lets through; which changes need another filter.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/plan.h"
#include "core/policy_change.h"
#include "core/policy_compare.h"
#include "core/policy_copy.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_change, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

static const struct plan_host host = { .landlock_abi = 7, .ptrace = true, .scopes_signals = true };

static char message[256];

/* The error of one command; what comes of it, as text, is in after (NULL: nothing). */
static int change(const struct policy *policy, const char *command, char **after)
{
	struct policy *changed;
	char *before = fixture_print(policy);
	int error = policy_change(policy, command, &changed, message, sizeof(message));
	char *now = fixture_print(policy);

	cr_expect_str_eq(before, now, "%s: the policy itself was changed", command);
	cr_expect(!error || !changed, "%s", command);
	if (after)
		*after = changed ? fixture_print(changed) : NULL;
	policy_free(changed);
	free(before);
	free(now);
	return error;
}

static void expect_change(const char *lock, const char *command, int error)
{
	struct policy *policy = POLICY("allow/read+/a", "deny/read+/d", "warn/read+/w", "mask+/m", "setuid+1.2", lock);
	int found = change(policy, command, NULL);

	cr_expect_eq(found, error, "%s under %s: %d", command, lock, found);
	cr_expect_eq(*message != '\0', error < 0, "%s: %s", command, message);
	policy_free(policy);
}

Test(policy_change, a_copy_says_the_same)
{
	struct policy *policy = POLICY("sandbox/write:off", "default/read:warn", "allow/read,stat+/a/***",
		"deny/read+/a/b", "kill/all+/k", "log/file:/tmp/l", "abi/i386:on", "limit/calls:7", "mask+/m:/t",
		"append+/p", "setuid+1.2", "setgid+3.4", "rlimit/nofile:9", "passenv+A_*", "setenv!B=c", "unsetenv!D",
		"clearenv!", "ghost!", "filename/strict:on", "lock:drop", "exec/anonymous:off",
		"allow/net/connect+loopback!80", "allow/net+/run/s", "block+10.0.0.0/8", "block+fe80::/10",
		"allow/all+/***", "allow/net/bind-/***");
	struct policy *copy = policy_copy(policy);
	const struct address blocked = { .kind = ADDRESS_IPV4, .ip = { 10, 1, 2, 3 } };
	const struct address other = { .kind = ADDRESS_IPV4, .ip = { 192, 0, 2, 1 } };
	char *text = fixture_print(policy), *copied;

	cr_assert_not_null(copy);
	copied = fixture_print(copy);
	cr_expect_str_eq(text, copied);
	cr_expect(policy_compare_drops(policy, copy) && policy_compare_drops(copy, policy));
	policy_free(policy);
	/* It owns all that it says. */
	free(copied);
	copied = fixture_print(copy);
	cr_expect_str_eq(text, copied);
	cr_expect_str_eq(policy_mask(copy, "/m"), "/t");
	cr_expect(policy_blocks(copy, &blocked) && !policy_blocks(copy, &other));
	cr_expect_eq(policy_decide_address(copy, CAT_NET_CONNECT, &other).action, ACTION_ALLOW, "still everything");
	policy_free(copy);
	free(text);
	free(copied);
}

Test(policy_change, a_command_is_applied_whole)
{
	struct policy *policy = POLICY("default/read,write:allow", "lock:off");
	char *after;

	cr_expect_eq(change(policy, "deny/read,write+/x", &after), 0);
	cr_expect(strstr(after, "deny/read,write+/x\n"), "%s", after);
	free(after);
	cr_expect_eq(change(policy, "deny/read,wriet+/x", &after), -EINVAL);
	cr_expect_null(after);
	cr_expect_str_eq(message,
		"/dev/kennel:1:11: unknown category 'wriet', expected a category or set (did you mean 'write'?)");
	policy_free(policy);
}

Test(policy_change, the_decision_is_the_changed_one)
{
	struct policy *policy = POLICY("default/read:allow", "lock:off"), *changed;

	cr_assert_eq(policy_change(policy, "deny/read+/x/***", &changed, message, sizeof(message)), 0);
	cr_expect_eq(policy_decide(policy, CAT_READ, "/x/y").action, ACTION_ALLOW);
	cr_expect_eq(policy_decide(changed, CAT_READ, "/x/y").action, ACTION_DENY);
	cr_expect(!policy_active(policy, CAT_READ) && policy_active(changed, CAT_READ));
	policy_free(policy);
	policy_free(changed);
}

Test(policy_change, what_is_given_back_can_be_asked)
{
	struct policy *policy = POLICY("allow_unsafe/perf:on", "lock:read"), *changed;

	cr_expect_eq(policy_change(policy, "allow_unsafe/perf?", &changed, message, sizeof(message)), 0);
	cr_expect_eq(policy_change(policy, "allow_unsafe/caps?", &changed, message, sizeof(message)), POLICY_CHANGE_NO);
	policy_free(policy);
}

Test(policy_change, questions_change_nothing)
{
	expect_change("lock:off", "sandbox/read?", 0);
	expect_change("lock:read", "sandbox/read,write?", 0);
	expect_change("lock:off", "ghost?", POLICY_CHANGE_NO);
	expect_change("lock:off", "limit/calls?", -EINVAL);
	expect_change("lock:off", "trace/allow_unsafe_perf?", POLICY_CHANGE_NO);
	expect_change("lock:off", "allow_unsafe/perv?", -EINVAL);
	expect_change("lock:off", "sandbox/net?", 0);
	expect_change("lock:off", "sandbox/chroot?", -EINVAL);
	expect_change("lock:off", "sandbox/read?x", -EINVAL);
}

Test(policy_change, what_a_running_sandbox_does_not_take)
{
	static const char *const late[] = { "abi/i386:on", "log/file:/x", "exit/wait_all:on", "limit/calls:2",
		"limit/workers:2", "trace/ptrace:off", "allow_unsafe/ptrace:on", "rlimit/core:0", "allow_unsafe/env:on",
		"block-1.2.3.4", "block^loopback", "allow/net/connect+example.org!80" };
	static const char *const wrong[] = { "include /etc/passwd.kennel", "include_profile off", "passenv+A",
		"setenv!A=B", "unsetenv!A", "clearenv!", "block+1.2.3", "trace/x:on", "", "  ", "#", "a\nb", "\xff",
		"deny/read+/${HOME}", "lock:ipc" };

	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		expect_change("lock:off", late[i], -EOPNOTSUPP);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_change("lock:off", wrong[i], -EINVAL);
}

Test(policy_change, locks_forbid)
{
	static const struct {
		const char *command;
		int drop;
	} rows[] = {
		{ "sandbox/read:on", 0 },
		{ "sandbox/read:off", -EPERM },
		{ "default/read:kill", 0 },
		{ "default/read:filter", -EPERM },
		{ "default/read:allow", -EPERM },
		{ "deny/read+/x", 0 },
		{ "panic/all+/x", 0 },
		{ "filter/read+/x", -EPERM },
		{ "allow/read+/x", -EPERM },
		{ "warn/read+/x", -EPERM },
		{ "allow/read-/a", 0 },
		{ "allow/all^/a", 0 },
		{ "allow/read-/b", 0 },
		{ "deny/read-/d", -EPERM },
		{ "deny/read^/d", -EPERM },
		{ "warn/read-/w", -EPERM },
		{ "mask+/x", 0 },
		{ "mask+/x:/dev/null", 0 },
		{ "mask+/x:/y", -EPERM },
		{ "mask-/m", -EPERM },
		{ "append+/x", 0 },
		{ "allow/net/connect+loopback!80", -EPERM },
		{ "deny/net/connect+loopback!80", 0 },
		{ "block+10.0.0.0/8", 0 },
		{ "setuid+2.3", -EPERM },
		{ "setuid-1.2", -EPERM },
		{ "exec/anonymous:off", 0 },
		{ "exec/mmap:off", -EPERM },
		{ "log/refused:off", -EPERM },
		{ "ghost!", 0 },
		{ "filename/strict:on", 0 },
		{ "lock:read", 0 },
		{ "lock:drop", 0 },
		{ "lock:exec", -EPERM },
		{ "lock:off", -EPERM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool locks = str_equal(rows[i].command, "lock:read");

		expect_change("lock:off", rows[i].command, 0);
		expect_change("lock:drop", rows[i].command, rows[i].drop);
		expect_change("lock:read", rows[i].command, locks ? 0 : -EPERM);
		expect_change("lock:on", rows[i].command, -EPERM);
	}
}

Test(policy_change, there_is_an_end_of_rules)
{
	struct policy *policy = POLICY("lock:off"), *changed;
	struct policy_loader *loader = fixture_loader();

	for (unsigned i = 0; i < 1300; i++)
		policy_load_command(loader, "deny/all+/x");
	policy_load_command(loader, "lock:off");
	policy_free(policy);
	policy = policy_loader_finish(loader, stderr);
	cr_assert_not_null(policy);
	cr_expect_eq(change(policy, "deny/all+/y", NULL), -ENOSPC);
	cr_expect_eq(policy_change(policy, "deny/all-/x", &changed, message, sizeof(message)), 0);
	policy_free(changed);
	policy_free(policy);
	policy_loader_free(loader);
}

/* Of a policy that is in force under its plan, after one command. */
static int renew(const char *const *commands, const char *command)
{
	struct policy *policy = fixture_policy(commands), *changed = NULL;
	struct plan *plan = plan_new(policy, &host), *renewed;
	int error = policy_change(policy, command, &changed, message, sizeof(message));

	cr_assert(plan && !error && changed, "%s: %s", command, message);
	renewed = plan_renew(plan, changed, &error);
	if (renewed)
		error = 0;
	plan_free(renewed);
	plan_free(plan);
	policy_free(changed);
	policy_free(policy);
	return error;
}

#define RENEW(command, ...) renew((const char *const[]){ __VA_ARGS__, NULL }, command)

Test(policy_change, rules_need_no_other_filter_while_the_lock_is_open)
{
	static const char *const commands[] = { "deny/read+/x", "allow/all+/x/***", "sandbox/all-x:off",
		"default/all:allow", "sandbox/all:off", "mask+/x", "append+/x", "filename/strict:on", "log/refused:off",
		"deny/ioctl+TCGETS", "allow/ioctl+/dev/kvm", "allow/mkcdev+/x", "lock:exec", "ghost!" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		cr_expect_eq(RENEW(commands[i], "lock:off"), 0, "%s", commands[i]);
		cr_expect_eq(RENEW(commands[i], "default/all:allow", "lock:exec"), 0, "%s", commands[i]);
	}
	cr_expect_eq(RENEW("sandbox/all-x:on", "sandbox/all:off", "sandbox/walk,chdir,net:on", "lock:off"), 0);
}

Test(policy_change, what_needs_another_filter_is_refused)
{
	cr_expect_eq(RENEW("sandbox/exec:on", "sandbox/all:off", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("sandbox/all:on", "sandbox/all:off", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("setuid+1.2", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("setuid-1.2", "setuid+1.2", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("setuid+2.3", "setuid+1.2", "lock:off"), 0);
	cr_expect_eq(RENEW("allow/ioctl+TIOCSTI", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("allow/ioctl-TIOCSTI", "allow/ioctl+TIOCSTI", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("exec/anonymous:off", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("exec/mmap:off", "exec/anonymous:on", "lock:off"), -EOPNOTSUPP);
}

Test(policy_change, sockets_are_judged_later_only_where_they_are_from_the_start)
{
	cr_expect_eq(RENEW("sandbox/net:on", "sandbox/net:off", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("block+10.0.0.0/8", "sandbox/net:off", "lock:off"), -EOPNOTSUPP);
	cr_expect_eq(RENEW("allow/net/link+route", "lock:off"), 0);
	cr_expect_eq(RENEW("deny/net/link+route", "allow/net/link+*", "lock:off"), 0);
	cr_expect_eq(RENEW("sandbox/net:off", "lock:off"), 0);
	cr_expect_eq(RENEW("sandbox/net/bind:on", "sandbox/net/bind:off", "lock:off"), 0);
	cr_expect_eq(RENEW("allow/net/connect+any!80", "lock:off"), 0);
	cr_expect_eq(RENEW("block+10.0.0.0/8", "lock:off"), 0);
}

Test(policy_change, a_fixed_policy_is_planned_as_ever)
{
	struct policy *fixed = POLICY("sandbox/all:off", "lock:on"), *read = POLICY("sandbox/all:off", "lock:read"),
		      *open = POLICY("sandbox/all:off", "lock:drop");
	struct plan *plans[] = { plan_new(fixed, &host), plan_new(read, &host), plan_new(open, &host) };

	cr_expect(plan_is_empty(plans[0]) && plan_prepared(plans[0]) == 0);
	cr_expect(plan_find(plans[1], SC_statx) && plan_find(plans[1], SC_openat) && !plan_find(plans[1], SC_mkdir));
	cr_expect(plan_prepared(plans[1]) == 0 && plan_notifies(plans[1]) && !plan_traces(plans[1]));
	cr_expect(plan_find(plans[2], SC_mkdir) && !plan_traces(plans[2]) && !plan_find(plans[2], SC_execve));
	cr_expect_eq(plan_prepared(plans[2]),
		category_enforced() & ~(CAT_BIT(CAT_EXEC) | CAT_BIT(CAT_CHDIR) | CAT_BIT(CAT_WALK) | POLICY_NET_BITS));
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		plan_free(plans[i]);
	policy_free(fixed);
	policy_free(read);
	policy_free(open);
}

Test(policy_change, landlock_cannot_follow_rules_from_inside)
{
	const struct plan_host blind = { .landlock_abi = 7, .scopes_signals = true };
	struct policy *fixed =
		POLICY("sandbox/all:off", "sandbox/exec,write,create,delete,rename,rmdir,mkdir,symlink:on",
			"exec/mmap:off", "default/exec:filter", "allow/exec+/bin/***");
	struct policy *open =
		POLICY("sandbox/all:off", "sandbox/exec,write,create,delete,rename,rmdir,mkdir,symlink:on",
			"exec/mmap:off", "default/exec:filter", "allow/exec+/bin/***", "lock:drop");
	char why[512];

	cr_expect_null(plan_needs_ptrace(fixed, &blind, why, sizeof(why)));
	cr_expect_not_null(plan_needs_ptrace(open, &blind, why, sizeof(why)));
	cr_expect(strstr(why, "rules from inside"), "%s", why);
	policy_free(fixed);
	policy_free(open);
}
