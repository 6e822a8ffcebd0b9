/* Rules of the net categories, and lists of blocked networks. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/policy_hosts.h"
#include "core/policy_net.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_net, .timeout = 120);

#define POLICY(...) fixture_policy((const char *const[]){ "sandbox/all:off", "sandbox/net:on", __VA_ARGS__, NULL })

static struct address address_of(const char *ip, uint16_t port)
{
	struct address address = { .kind = strchr(ip, ':') ? ADDRESS_IPV6 : ADDRESS_IPV4, .port = port };

	cr_assert_eq(inet_pton(address.kind == ADDRESS_IPV6 ? AF_INET6 : AF_INET, ip, address.ip), 1);
	return address;
}

static enum action decide(const struct policy *policy, enum category category, const char *ip, uint16_t port)
{
	struct address address = address_of(ip, port);

	return policy_decide_address(policy, category, &address).action;
}

Test(policy_net, the_last_rule_that_matches_decides)
{
	struct policy *policy = POLICY("allow/net/connect+any!443", "deny/net/connect+10.0.0.0/8!0-65535",
		"warn/net/connect+10.0.0.7!443", "allow/net/bind,net/connect+loopback!8000-8080");

	cr_expect_eq(decide(policy, CAT_NET_CONNECT, "192.0.2.1", 443), ACTION_ALLOW);
	cr_expect_eq(decide(policy, CAT_NET_CONNECT, "192.0.2.1", 80), ACTION_DENY);
	cr_expect_eq(decide(policy, CAT_NET_CONNECT, "10.1.1.1", 443), ACTION_DENY);
	cr_expect_eq(decide(policy, CAT_NET_CONNECT, "10.0.0.7", 443), ACTION_WARN);
	cr_expect_eq(decide(policy, CAT_NET_BIND, "127.0.0.1", 8080), ACTION_ALLOW);
	cr_expect_eq(decide(policy, CAT_NET_BIND, "192.0.2.1", 443), ACTION_DENY);
	policy_free(policy);
}

Test(policy_net, names_of_unix_sockets_are_patterns)
{
	struct policy *policy = POLICY("allow/net/connect+/run/*.sock", "allow/net/connect+@/tmp/.X11-unix/*",
		"allow/net/sendfd+!unnamed", "allow/net/connect+any!0-65535");
	struct address display = { .kind = ADDRESS_ABSTRACT, .name = "@/tmp/.X11-unix/X0" };
	struct address unnamed = { .kind = ADDRESS_UNNAMED };

	cr_expect_eq(policy_decide(policy, CAT_NET_CONNECT, "/run/a.sock").action, ACTION_ALLOW);
	cr_expect_eq(policy_decide(policy, CAT_NET_CONNECT, "/run/b").action, ACTION_DENY, "any is about IP");
	cr_expect_eq(policy_decide_address(policy, CAT_NET_CONNECT, &display).action, ACTION_ALLOW);
	cr_expect_eq(policy_decide_address(policy, CAT_NET_CONNECT, &unnamed).action, ACTION_DENY);
	cr_expect_eq(policy_decide_address(policy, CAT_NET_SENDFD, &unnamed).action, ACTION_ALLOW);
	policy_free(policy);
}

Test(policy_net, a_path_is_no_address_unless_everything_is_meant)
{
	struct policy *paths = POLICY("allow/net/connect+/***");
	struct policy *all = fixture_policy((const char *const[]){ "allow/all+/***", NULL });

	cr_expect_eq(decide(paths, CAT_NET_CONNECT, "127.0.0.1", 80), ACTION_DENY);
	cr_expect_eq(policy_decide(paths, CAT_NET_CONNECT, "/run/x").action, ACTION_ALLOW);
	cr_expect(policy_active(paths, CAT_NET_CONNECT));
	cr_expect_eq(decide(all, CAT_NET_CONNECT, "127.0.0.1", 80), ACTION_ALLOW);
	cr_expect_eq(policy_decide_link(all, 0).action, ACTION_ALLOW);
	cr_expect_not(policy_active(all, CAT_NET_CONNECT));
	cr_expect_not(policy_active(all, CAT_NET_LINK));
	policy_free(paths);
	policy_free(all);
}

Test(policy_net, families_of_netlink_are_words)
{
	struct policy *policy = POLICY("allow/net/link+{route,sock_*}", "deny/net/link+sock_diag");

	cr_expect_eq(policy_decide_link(policy, 0).action, ACTION_ALLOW);
	cr_expect_eq(policy_decide_link(policy, 4).action, ACTION_DENY);
	cr_expect_eq(policy_decide_link(policy, 9).action, ACTION_DENY);
	cr_expect_eq(policy_decide_link(policy, 31).action, ACTION_DENY);
	policy_free(policy);
}

Test(policy_net, sets_take_what_a_value_can_be_about)
{
	struct policy *policy = POLICY("allow/net+loopback!80", "allow/net+/run/s", "allow/inet+!unnamed");
	size_t count;

	policy_rules(policy, CAT_NET_LINK, &count);
	cr_expect_eq(count, 0);
	policy_rules(policy, CAT_NET_SENDFD, &count);
	cr_expect_eq(count, 1);
	policy_rules(policy, CAT_NET_BIND, &count);
	cr_expect_eq(count, 3);
	policy_free(policy);
}

Test(policy_net, blocked_networks_need_no_category)
{
	struct policy *policy = fixture_policy((const char *const[]){ "sandbox/all:off", "block+192.0.2.0/24",
		"block+10.0.0.1", "block-10.0.0.1", "block+linklocal6", NULL });
	struct address in = address_of("192.0.2.9", 80), out = address_of("10.0.0.1", 80);
	struct address link = address_of("fe80::7", 80);

	cr_expect(policy_blocks(policy, &in));
	cr_expect_not(policy_blocks(policy, &out));
	cr_expect(policy_blocks(policy, &link));
	cr_expect(policy_active(policy, CAT_NET_CONNECT));
	cr_expect_not(policy_active(policy, CAT_NET_BIND));
	policy_free(policy);
}

Test(policy_net, lists_are_read_from_files)
{
	char name[] = "/tmp/kennel-test-XXXXXX.netset";
	int fd = mkstemps(name, 7);
	static const char text[] = "# a list\n\n192.0.2.1\n 198.51.100.0/25 # half\r\n198.51.100.128/25\n2001:db8::/32";
	struct policy_loader *loader = fixture_loader();
	struct address in = address_of("198.51.100.200", 1);
	struct policy *policy;
	char *print;

	cr_assert_eq(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	fchmod(fd, 0600);
	close(fd);
	policy_load_file(loader, name);
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	unlink(name);
	cr_assert_not_null(policy);
	cr_expect(policy_blocks(policy, &in));
	print = fixture_print(policy);
	cr_expect(strstr(print, "block+192.0.2.1/32\nblock+198.51.100.0/24\nblock+2001:db8::/32\n"), "%s", print);
	free(print);
	policy_free(policy);
}

Test(policy_net, what_is_printed_loads_again)
{
	struct policy *policy = POLICY("allow/net/connect+any!443", "allow/net/bind+@x", "deny/net/link+route",
		"block+10.0.0.1", "block+10.0.0.2/31", "block+::/0", "block+0.0.0.0/0");
	char *print = fixture_print(policy);
	struct policy_loader *loader = fixture_loader();
	struct policy *again;
	char *second;
	char *line = strtok(strdup(print), "\n");

	for (; line; line = strtok(NULL, "\n"))
		policy_load_command(loader, line);
	again = policy_loader_finish(loader, stderr);
	cr_assert_not_null(again);
	second = fixture_print(again);
	cr_expect_str_eq(second, print);
	cr_expect(strstr(print, "block+0.0.0.0/0\nblock+::/0\n"));
	free(print);
	free(second);
	policy_loader_free(loader);
	policy_free(policy);
	policy_free(again);
}

struct wrong {
	const char *command;
	const char *says;
};

static const struct wrong wrong_rows[] = {
	{ "allow/net/connect+127.0.0.1!70000", "expected a port or LOW-HIGH, up to 65535, after '!'" },
	{ "allow/net/connect+127.0.0.1/40!1", "expected ADDRESS, ADDRESS/PREFIX, an alias" },
	{ "allow/net/sendfd+127.0.0.1!1", "expected the name of a UNIX socket" },
	{ "allow/read,net/bind+127.0.0.1!1", "expected an absolute path" },
	{ "deny/net/connect+[::1]!80", "expected ADDRESS, ADDRESS/PREFIX, an alias" },
	{ "deny/net/connect+!named", "expected the name of a UNIX socket" },
	{ "deny/net/connect+./socket", "expected ADDRESS, ADDRESS/PREFIX, an alias" },
	{ "allow/net/link+rout", "unknown netlink family 'rout', expected one such as route (did you mean 'route'?)" },
	{ "block+nonsense", "expected ADDRESS, ADDRESS/PREFIX or an alias such as linklocal, found 'nonsense'" },
	{ "block+1.2.3.4!80", "expected ADDRESS, ADDRESS/PREFIX or an alias" },
	{ "allow/net/connect+", "expected a pattern after 'allow/net/connect+'" },
};

Test(policy_net, errors_say_what_was_expected)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_rows); i++) {
		struct policy_loader *loader = fixture_loader();
		char *errors;

		policy_load_command(loader, wrong_rows[i].command);
		errors = fixture_errors(loader);
		cr_expect(strstr(errors, wrong_rows[i].says), "%s: %s", wrong_rows[i].command, errors);
		free(errors);
	}
}

/* Among so many rules that they are compiled, whatever stands for /etc/hosts. */
Test(policy_net, hosts_are_among_many_rules_once_they_are_looked_up)
{
	static const char *const hosts[] = { "sandbox/stat:off", "mask+/etc/hosts" };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct policy *policy = POLICY(hosts[i], "allow/net/connect+10.0.0.1!1", "allow/net/connect+10.0.0.1!2",
			"allow/net/connect+10.0.0.1!3", "allow/net/connect+10.0.0.1!4", "allow/net/connect+10.0.0.1!5",
			"allow/net/connect+10.0.0.1!6", "allow/net/connect+10.0.0.1!7", "allow/net/connect+10.0.0.1!8",
			"allow/net/connect+localhost!80", "allow/net/connect+10.0.0.1!9");

		cr_assert_not_null(policy_rule_index(policy, CAT_NET_CONNECT));
		cr_expect(decide(policy, CAT_NET_CONNECT, "127.0.0.1", 80) == ACTION_DENY &&
			  decide(policy, CAT_NET_CONNECT, "::1", 80) == ACTION_DENY);
		cr_assert_eq(policy_hosts_resolve(policy, stderr), 0);
		cr_expect(decide(policy, CAT_NET_CONNECT, "127.0.0.1", 80) == ACTION_ALLOW ||
			  decide(policy, CAT_NET_CONNECT, "::1", 80) == ACTION_ALLOW);
		cr_expect_eq(decide(policy, CAT_NET_CONNECT, "127.0.0.1", 81), ACTION_DENY);
		policy_free(policy);
	}
}

Test(policy_net, who_connects_can_be_left_alone)
{
	struct policy *judged = POLICY("net/accept:on");
	struct policy *alone = POLICY("net/accept:off");

	cr_expect(policy_settings(judged)->judge_peers);
	cr_expect_not(policy_settings(alone)->judge_peers);
	policy_free(judged);
	policy_free(alone);
}
