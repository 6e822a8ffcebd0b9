/* A policy that is printed and loaded again is the same: what it prints, and what it decides. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <asm/termbits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

#define COMMANDS_MAX 64
#define TEXT_MAX 96

static const char *const actions[] = { "allow", "deny", "warn", "filter" };
static const char *const categories[] = { "all", "all", "all-x", "net", "inet", "net/connect", "net/bind", "net/link",
	"net/sendfd", "read", "read,net/link", "read,ioctl", "ioctl", "fs", "read,net", "ioctl,net/link", "exec",
	"fs,ioctl,read", "net/bind,net/link,read" };
static const char *const values[] = { "/***", "/**", "/***", "/a", "/run/*", "*", "{route,/a}", "{a,/b}", "!unnamed",
	"@x*", "10.0.0.0/8", "any!443", "::1!80", "route", "TCGETS", "ext4", "/dev/**", "{TCGETS,/x}", "!memfd:x",
	"\\!x" };
static const char *const more[] = { "block+10.0.0.0/9", "block+10.1.2.3", "block+::/3", "sandbox/net/connect:off",
	"sandbox/net:on", "default/net/bind:allow", "default/read:warn", "net/accept:off" };

static const char *pick(unsigned *seed, const char *const *from, size_t count)
{
	return from[(size_t)rand_r(seed) % count];
}

#define PICK(seed, array) pick((seed), (array), ARRAY_SIZE(array))

static void random_command(unsigned *seed, char *text)
{
	static const char ops[] = "+++++++-^";

	if (rand_r(seed) % 8 == 0)
		snprintf(text, TEXT_MAX, "%s", PICK(seed, more));
	else
		snprintf(text, TEXT_MAX, "%s/%s%c%s", PICK(seed, actions), PICK(seed, categories),
			ops[(size_t)rand_r(seed) % (sizeof(ops) - 1)], PICK(seed, values));
}

/* The command alone, so that one with an error spoils nothing. */
static bool loads(const char *command)
{
	struct policy_loader *loader = fixture_loader();
	char *errors;
	bool good;

	policy_load_command(loader, command);
	errors = fixture_errors(loader);
	good = *errors == '\0';
	free(errors);
	return good;
}

static struct policy *random_policy(unsigned *seed)
{
	struct policy_loader *loader = fixture_loader();
	size_t count = 1 + (size_t)rand_r(seed) % COMMANDS_MAX;
	struct policy *policy;

	while (count > 0) {
		char text[TEXT_MAX];

		random_command(seed, text);
		if (!loads(text))
			continue;
		policy_load_command(loader, text);
		count--;
	}
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy);
	return policy;
}

static struct policy *again(const char *print)
{
	struct policy_loader *loader = fixture_loader();
	AUTO_FREE char *copy = strdup(print);
	struct policy *policy;
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			policy_load_command(loader, line);
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy, "%s", print);
	return policy;
}

/* Of both, the action, and the text of the rule. */
static void expect_same(struct decision one, struct decision other, const char *what, const char *print)
{
	cr_assert(eq(int, one.action, other.action), "%s:\n%s", what, print);
	cr_assert(eq(int, one.rule != NULL, other.rule != NULL), "%s:\n%s", what, print);
	if (one.rule)
		cr_assert(eq(str, (char *)pattern_text(one.rule->pattern), (char *)pattern_text(other.rule->pattern)),
			"%s:\n%s", what, print);
}

static const struct address addresses[] = {
	{ .kind = ADDRESS_IPV4, .port = 443, .ip = { 10, 1, 2, 3 } },
	{ .kind = ADDRESS_IPV4, .port = 80, .ip = { 192, 0, 2, 1 } },
	{ .kind = ADDRESS_IPV4, .port = 443, .ip = { 127, 0, 0, 1 }, .any = true },
	{ .kind = ADDRESS_IPV6, .port = 80, .ip = { [15] = 1 } },
	{ .kind = ADDRESS_IPV6, .port = 81, .ip = { 0x20, 1 } },
	{ .kind = ADDRESS_ABSTRACT, .name = "@xy" },
	{ .kind = ADDRESS_UNNAMED },
};

static void expect_same_addresses(const struct policy *one, const struct policy *other, const char *print)
{
	static const enum category of[] = { CAT_NET_BIND, CAT_NET_CONNECT, CAT_NET_SENDFD };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		char text[ADDRESS_TEXT_SIZE];

		address_text(&addresses[i], text);
		for (size_t j = 0; j < ARRAY_SIZE(of); j++)
			expect_same(policy_decide_address(one, of[j], &addresses[i]),
				policy_decide_address(other, of[j], &addresses[i]), text, print);
		cr_assert(eq(int, policy_blocks(one, &addresses[i]), policy_blocks(other, &addresses[i])));
	}
	for (unsigned family = 0; family < POLICY_LINK_FAMILIES; family++)
		expect_same(policy_decide_link(one, family), policy_decide_link(other, family), "net/link", print);
}

static void expect_same_names(const struct policy *one, const struct policy *other, const char *print)
{
	static const char *const names[] = { "/", "/a", "/b", "/run/x", "/dev/null", "!memfd:x" };

	for (unsigned i = 0; i < CAT_COUNT; i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			expect_same(policy_decide(one, (enum category)i, names[j]),
				policy_decide(other, (enum category)i, names[j]), names[j], print);
	expect_same(policy_decide_request(one, TCGETS), policy_decide_request(other, TCGETS), "TCGETS", print);
}

Test(policy_again, random_policies_are_the_same_again, .timeout = 360)
{
	unsigned seed = 5;

	for (int round = 0; round < 1000; round++) {
		struct policy *policy = random_policy(&seed);
		char *print = fixture_print(policy);
		struct policy *same = again(print);
		char *second = fixture_print(same);

		cr_assert(eq(str, second, print));
		expect_same_addresses(policy, same, print);
		expect_same_names(policy, same, print);
		cr_assert(eq(int, policy_active_bits(policy) == policy_active_bits(same), 1), "%s", print);
		free(print);
		free(second);
		policy_free(policy);
		policy_free(same);
	}
}

Test(policy_again, what_is_left_of_everything_is_everything_there, .timeout = 60)
{
	struct policy *policy = fixture_policy((const char *const[]){
		"allow/all+/***", "allow/read,net/bind-/***", "deny/all-x+/**", "deny/exec+/x", NULL });
	char *print = fixture_print(policy);
	struct policy *same = again(print);

	cr_expect_not_null(strstr(print, "+/***\nallow/read,net/bind-/***\n"), "%s", print);
	cr_expect(eq(int, policy_decide_address(same, CAT_NET_CONNECT, &addresses[0]).action, ACTION_DENY));
	policy_free(policy);
	policy_free(same);
	free(print);
	policy = fixture_policy((const char *const[]){ "allow/all+/***", "allow/read,net/bind-/***", NULL });
	print = fixture_print(policy);
	same = again(print);
	cr_expect(eq(int, policy_decide_address(same, CAT_NET_CONNECT, &addresses[0]).action, ACTION_ALLOW));
	cr_expect(eq(int, policy_decide_address(same, CAT_NET_BIND, &addresses[0]).action, ACTION_DENY));
	cr_expect(eq(int, policy_decide_link(same, 7).action, ACTION_ALLOW));
	policy_free(policy);
	policy_free(same);
	free(print);
}

/* ---- Compiled and asked one by one ---- */

static const struct rule *plain_rule(const struct policy *policy, enum category category, const struct address *address)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	while (count > 0 && !policy_rule_has_address(&rules[count - 1], address))
		count--;
	return count > 0 ? &rules[count - 1] : NULL;
}

static const struct rule *plain_link(const struct policy *policy, unsigned family)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_NET_LINK, &count);

	while (count > 0 && !policy_rule_has_link(&rules[count - 1], family))
		count--;
	return count > 0 ? &rules[count - 1] : NULL;
}

Test(policy_again, compiled_rules_decide_as_the_plain_list, .timeout = 360)
{
	size_t compiled = 0;
	unsigned seed = 6;

	for (int round = 0; round < 1000; round++) {
		struct policy *policy = random_policy(&seed);

		compiled += policy_rule_index(policy, CAT_NET_CONNECT) && policy_rule_index(policy, CAT_NET_LINK);
		for (size_t i = 0; policy_is_on(policy, CAT_NET_CONNECT) && i < ARRAY_SIZE(addresses); i++)
			cr_assert(eq(ptr, (void *)policy_decide_address(policy, CAT_NET_CONNECT, &addresses[i]).rule,
				(void *)plain_rule(policy, CAT_NET_CONNECT, &addresses[i])));
		for (unsigned family = 0; policy_is_on(policy, CAT_NET_LINK) && family < POLICY_LINK_FAMILIES; family++)
			cr_assert(eq(ptr, (void *)policy_decide_link(policy, family).rule,
				(void *)plain_link(policy, family)));
		policy_free(policy);
	}
	cr_expect(gt(sz, compiled, 100));
}
