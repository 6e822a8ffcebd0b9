/* Comparing policies: what is told is so, and what is so is told. */
#include "core/policy_diff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <asm/termbits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/address_pattern.h"
#include "core/policy_net.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_diff, .timeout = 360);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })
#define TOLD_MAX 512

struct told {
	struct policy_difference rows[TOLD_MAX];
	size_t count;
	char name[256]; /* of the last */
	bool inexact;
	const struct policy *a, *b;
};

static struct address told_address(enum category category, const char *name)
{
	struct address address = { .kind = ADDRESS_UNNAMED };
	struct network network;

	if (name[0] == '@')
		address.kind = ADDRESS_ABSTRACT;
	snprintf(address.name, sizeof(address.name), "%s", name);
	if (!address_pattern_is(name))
		return address;
	cr_assert(eq(int, network_parse(name, strcspn(name, "!"), &network), 0), "%s", name);
	address.kind = network.is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
	address.port = (uint16_t)atoi(strchr(name, '!') + 1);
	address.any = category == CAT_NET_CONNECT && (str_starts(name, "0.0.0.0!") || str_starts(name, "::!"));
	memcpy(address.ip, network.ip, sizeof(address.ip));
	if (address.any)
		memcpy(address.ip, network.is_ipv6 ? &(uint8_t[16]){ [15] = 1 } : &(uint8_t[16]){ 127, 0, 0, 1 }, 16);
	return address;
}

static enum action told_decide(const struct policy *policy, enum category category, const char *name)
{
	struct address address;

	if (category == CAT_NET_LINK) {
		for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++)
			if (policy_link_name(i) && str_equal(policy_link_name(i), name))
				return policy_decide_link(policy, i).action;
		return policy_decide_link(policy, POLICY_LINK_FAMILIES - 1).action;
	}
	if (!(CAT_BIT(category) & POLICY_NET_BITS) || name[0] == '/')
		return policy_decide(policy, category, name).action;
	address = told_address(category, name);
	return policy_decide_address(policy, category, &address).action;
}

static void told_difference(void *context, const struct policy_difference *difference)
{
	struct told *told = context;
	enum category category = difference->category;

	cr_assert(told->count < TOLD_MAX);
	snprintf(told->name, sizeof(told->name), "%s", difference->name);
	told->rows[told->count++] = *difference;
	if (category == CAT_FS || category == CAT_IOCTL)
		return;
	/* What is told is what the policies themselves say of the name. */
	cr_expect(eq(int, (int)difference->a.action, (int)told_decide(told->a, category, difference->name)));
	cr_expect(eq(int, (int)difference->b.action, (int)told_decide(told->b, category, difference->name)));
	cr_expect(ne(int, (int)difference->a.action, (int)difference->b.action));
}

static void told_inexact(void *context, uint64_t categories)
{
	struct told *told = context;

	(void)categories;
	told->inexact = true;
}

static struct told told;

static void compare(const struct policy *a, const struct policy *b)
{
	const struct policy_diff_report report = { told_difference, told_inexact, &told };

	told = (struct told){ .a = a, .b = b };
	cr_assert(eq(int, policy_diff(a, b, &report), 0));
}

static bool told_pair(enum category category, struct decision a, struct decision b)
{
	for (size_t i = 0; i < told.count; i++)
		if (told.rows[i].category == category && told.rows[i].a.rule == a.rule &&
			told.rows[i].b.rule == b.rule && told.rows[i].a.action == a.action)
			return true;
	return false;
}

static void expect_same(struct policy *a, struct policy *b)
{
	compare(a, b);
	cr_expect(eq(sz, told.count, 0));
	cr_expect_not(told.inexact);
	policy_free(a);
	policy_free(b);
}

static void expect_count(struct policy *a, struct policy *b, size_t count)
{
	compare(a, b);
	cr_expect(eq(sz, told.count, count));
	policy_free(a);
	policy_free(b);
}

Test(policy_diff, policies_that_decide_the_same_are_the_same_however_they_are_written)
{
	char request[32];

	snprintf(request, sizeof(request), "allow/ioctl+%#x", (unsigned)TCGETS);
	expect_same(POLICY("allow/read+/a/***"), POLICY("allow/read+/a", "allow/read+/a/**"));
	expect_same(POLICY("allow/read+/{a,b}/x"), POLICY("allow/read+/b/x", "allow/read+/a/x"));
	expect_same(POLICY("default/read:allow"), POLICY("sandbox/read:off"));
	expect_same(POLICY("deny/read+/a/b", "allow/read+/a/***"), POLICY("allow/read+/a/***"));
	expect_same(POLICY("allow/read+/[a-c]"), POLICY("allow/read+/{a,b,c}"));
	expect_same(POLICY("allow/read+/***", "allow/read+!memfd:**", "allow/read+!memfd_secret\\:"),
		POLICY("default/read:allow"));
	expect_same(POLICY("allow/fs+{ext4,xfs}"), POLICY("allow/fs+xfs", "allow/fs+ext4"));
	expect_same(POLICY("allow/ioctl+TCGETS"), POLICY(request));
	expect_same(POLICY("allow/walk+/**"), POLICY("allow/walk+/***"));
}

Test(policy_diff, names_that_cannot_exist_make_no_difference)
{
	expect_same(POLICY("allow/read+/?"), POLICY("allow/read+/[!.]", "allow/read+/.x", "deny/read+/.x"));
	expect_same(POLICY("allow/read+/a/*"), POLICY("allow/read+/a/?*"));
	expect_same(POLICY("allow/mkdir+/***"), POLICY("default/mkdir:allow"));
}

Test(policy_diff, each_pair_of_rules_is_told_once)
{
	expect_count(POLICY("allow/read+/a/***"), POLICY("allow/read+/a/***", "deny/read+/a/b/***"), 1);
	expect_count(POLICY("allow/read+/a/***"), POLICY("deny/read+/x"), 1);
	expect_count(POLICY("allow/read+/***", "deny/read+/a"), POLICY("deny/read+/***", "allow/read+/a"), 2);
	expect_count(POLICY("allow/fs+ext*"), POLICY("allow/fs+ext4"), 1);
	expect_count(POLICY("default/ioctl:allow"), POLICY("sandbox/ioctl:on"), 1);
	expect_count(POLICY("deny/ioctl+/dev/x"), POLICY("sandbox/ioctl:on"), 1);
	expect_count(POLICY("warn/read+/a"), POLICY("allow/read+/a"), 1);
}

Test(policy_diff, addresses_are_compared_by_what_they_mean)
{
	struct policy *a = POLICY("allow/net/connect+any!80"), *b = POLICY("allow/net/connect+any!81");

	compare(a, b);
	cr_expect(eq(sz, told.count, 2));
	cr_expect_not(told.inexact);
	policy_free(a);
	policy_free(b);
	expect_same(POLICY("allow/net+any!80", "allow/net+/s"),
		POLICY("allow/net/bind,net/connect+any!80", "allow/net+/s"));
	expect_same(POLICY("sandbox/net:off", "allow/net+any!80"), POLICY("sandbox/net:off"));
	expect_same(POLICY("allow/inet+10.0.0.0/8"),
		POLICY("allow/inet+10.128.0.0/9!0-79", "allow/inet+10.0.0.0/9", "allow/inet+10.128.0.0/9!80-65535"));
	expect_same(POLICY("allow/net/connect+::ffff:10.0.0.0/104"), POLICY("allow/net/connect+10.9.8.7/8"));
	expect_same(POLICY("allow/net/connect+0.0.0.0/0", "allow/net/connect+::/0"), POLICY("allow/net/connect+any"));
	expect_same(POLICY("allow/net/link+{route,generic}"), POLICY("allow/net/link+generic", "allow/net/link+route"));
	expect_same(POLICY("allow/net/bind+@{a,b}"), POLICY("allow/net/bind+@b", "allow/net/bind+@a"));
}

Test(policy_diff, the_any_address_differs_from_the_loopback_that_it_reaches)
{
	struct policy *a = POLICY("allow/net/connect+0.0.0.0!80"), *b = POLICY("allow/net/connect+loopback6!0-65535");

	compare(a, b);
	cr_expect(eq(sz, told.count, 2));
	cr_expect(told_decide(a, CAT_NET_CONNECT, "0.0.0.0!80") == ACTION_ALLOW);
	cr_expect(eq(str, told.name, "0.0.0.0!80"));
	policy_free(a);
	policy_free(b);
}

Test(policy_diff, names_of_hosts_are_equal_to_themselves_alone)
{
	struct policy *a = POLICY("allow/net/connect+example.org!80"), *b = POLICY("allow/net/connect+any!81");

	compare(a, b);
	cr_expect(told.inexact);
	policy_free(a);
	policy_free(b);
	expect_same(POLICY("allow/net/connect+example.org!80"), POLICY("allow/net/connect+example.org!80"));
}

Test(policy_diff, everything_is_all_that_is_no_path_too)
{
	struct policy *a = POLICY("allow/all+/***"), *b = POLICY("allow/all+/***", "deny/net+@x", "deny/net+!unnamed");

	compare(a, b);
	cr_expect(eq(sz, told.count, 6));
	cr_expect_not(told.inexact);
	policy_free(a);
	policy_free(b);
}

Test(policy_diff, the_name_that_is_told_is_a_shortest)
{
	struct policy *a = POLICY("allow/read+/a/**/z");
	struct policy *b = POLICY("deny/read+/x");

	compare(a, b);
	cr_assert(eq(sz, told.count, 1));
	cr_expect(eq(str, told.name, "/a/x/z"));
	policy_free(a);
	policy_free(b);
}

/* All canonical names of up to six bytes over a small alphabet. */
static bool next_name(char *name)
{
	static const char letters[] = "/ab.";
	size_t length = strlen(name);

	for (size_t i = length; i-- > 1;) {
		const char *at = strchr(letters, name[i]);

		if (at[1]) {
			name[i] = at[1];
			return true;
		}
		name[i] = letters[0];
	}
	if (length == 6)
		return false;
	memset(name + 1, letters[0], length);
	name[length + 1] = '\0';
	return true;
}

static bool is_canonical(const char *name)
{
	size_t length = strlen(name);

	if (length == 1)
		return true;
	return name[length - 1] != '/' && !strstr(name, "//") && !strstr(name, "/./") && !strstr(name, "/../") &&
	       !(length > 1 && str_equal(name + length - 2, "/.")) &&
	       !(length > 2 && str_equal(name + length - 3, "/.."));
}

static void expect_complete(const struct policy *a, const struct policy *b)
{
	char name[8] = "/";

	do {
		struct decision left;
		struct decision right;

		if (!is_canonical(name))
			continue;
		left = policy_decide(a, CAT_READ, name);
		right = policy_decide(b, CAT_READ, name);
		if (left.action != right.action)
			cr_expect(told_pair(CAT_READ, left, right), "%s is decided differently and not told", name);
	} while (next_name(name));
}

static struct policy *random_policy(unsigned *seed, char commands[4][64])
{
	static const char *const patterns[] = { "/a", "/b", "/*", "/**", "/***", "/a/*", "/a/**", "/a/***", "/?",
		"/[ab]", "/[!a]", "/{a,b}/***", "/*/b", "/**/b", "/**b", "/a*b", "/.a", "/.*", "/a/{a,b/***}", "/*.b",
		"/a?/*" };
	static const char *const actions[] = { "allow", "deny", "warn" };
	const char *list[5] = { NULL };

	for (size_t i = 0; i < 4; i++) {
		snprintf(commands[i], 64, "%s/read+%s", actions[(size_t)rand_r(seed) % ARRAY_SIZE(actions)],
			patterns[(size_t)rand_r(seed) % ARRAY_SIZE(patterns)]);
		list[i] = commands[i];
	}
	return fixture_policy(list);
}

Test(policy_diff, every_difference_is_told_and_no_other)
{
	unsigned seed = 7;
	size_t same = 0;

	for (int round = 0; round < 200; round++) {
		char left[4][64];
		char right[4][64];
		struct policy *a = random_policy(&seed, left);
		struct policy *b = random_policy(&seed, right);

		compare(a, b);
		cr_assert_not(told.inexact);
		expect_complete(a, b);
		same += told.count == 0;
		policy_free(a);
		policy_free(b);
	}
	cr_expect(same < 100);
}

/* ---- Random rules about addresses ---- */

static void expect_complete_net(const struct policy *a, const struct policy *b)
{
	static const char *const names[] = { "0.0.0.0", "0.0.0.1", "10.0.0.0", "10.1.2.3", "10.1.2.4", "10.200.0.1",
		"127.0.0.1", "192.0.2.1", "255.255.255.255", "::", "::1", "::2", "2001:db8::1", "fe80::1" };
	static const unsigned ports[] = { 0, 1, 80, 81, 443, 444, 65535 };

	for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(ports) * 2; i++) {
		enum category category = i % 2 ? CAT_NET_BIND : CAT_NET_CONNECT;
		char name[64];
		struct address address;
		struct decision of_a, of_b;

		snprintf(name, sizeof(name), "%s!%u", names[i / 2 / ARRAY_SIZE(ports)],
			ports[i / 2 % ARRAY_SIZE(ports)]);
		address = told_address(category, name);
		of_a = policy_decide_address(a, category, &address);
		of_b = policy_decide_address(b, category, &address);
		cr_expect(of_a.action == of_b.action || told_pair(category, of_a, of_b),
			"%s is decided differently and not told", name);
	}
}

static struct policy *random_net(unsigned *seed)
{
	static const char *const networks[] = { "any", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0", "::", "::/0",
		"::1", "127.0.0.0/8", "2001:db8::/32", "local", "0.0.0.0/1", "128.0.0.0/1", "::fffe:0:0/96" };
	static const char *const ranges[] = { "", "!80", "!0-80", "!81-65535", "!443", "!0" };
	static const char *const acts[] = { "allow", "deny", "warn" };
	static const char *const sets[] = { "inet", "net/bind", "net/connect" };
	char commands[12][64];
	const char *list[13] = { NULL };

	for (size_t i = 0; i < 1 + (size_t)rand_r(seed) % 12; i++) {
		snprintf(commands[i], 64, "%s/%s+%s%s", acts[(size_t)rand_r(seed) % ARRAY_SIZE(acts)],
			sets[(size_t)rand_r(seed) % ARRAY_SIZE(sets)],
			networks[(size_t)rand_r(seed) % ARRAY_SIZE(networks)],
			ranges[(size_t)rand_r(seed) % ARRAY_SIZE(ranges)]);
		list[i] = commands[i];
	}
	return fixture_policy(list);
}

Test(policy_diff, every_difference_of_addresses_is_told_and_no_other)
{
	unsigned seed = 9;

	for (int round = 0; round < 500; round++) {
		struct policy *a = random_net(&seed), *b = random_net(&seed);

		compare(a, b);
		cr_assert_not(told.inexact);
		expect_complete_net(a, b);
		policy_free(a);
		policy_free(b);
	}
}

/* As many lines as a list of blocked networks may have, and rules of which all differ. */
Test(policy_diff, long_lists_are_compared_at_once)
{
	struct policy_loader *loader[2] = { fixture_loader(), fixture_loader() };
	struct policy *policy[2];
	struct policy_diff_result result;
	FILE *nowhere = fopen("/dev/null", "w");
	char text[64];

	for (unsigned i = 0; i < 200000; i++) {
		snprintf(text, sizeof(text), "block+10.%u.%u.%u", i >> 15, i >> 7 & 255, i * 2 & 255);
		policy_load_command(loader[i % 2], text);
		snprintf(text, sizeof(text), "allow/net/connect+192.%u.%u.0/24!%u", i >> 8 & 255, i & 255, i % 16);
		if (i < 40000)
			policy_load_command(loader[i % 2], text);
	}
	for (int i = 0; i < 2; i++) {
		policy[i] = policy_loader_finish(loader[i], stderr);
		policy_loader_free(loader[i]);
		cr_assert_not_null(policy[i]);
	}
	cr_assert(eq(int, policy_diff_print(policy[0], policy[1], false, nowhere, &result), 0));
	cr_expect(result.differs);
	cr_expect_not(result.inexact);
	fclose(nowhere);
	policy_free(policy[0]);
	policy_free(policy[1]);
}

Test(policy_diff, where_there_is_too_much_to_compare_it_says_so)
{
	struct policy *a = POLICY("allow/read+/**a???????????????????????", "allow/read+/only");
	struct policy *b = POLICY("allow/read+/**b???????????????????????");

	compare(a, b);
	cr_expect(told.inexact);
	cr_expect(ge(sz, told.count, 2));
	policy_free(a);
	policy_free(b);
}

static char *printed(struct policy *a, struct policy *b, bool json)
{
	struct policy_diff_result result;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert(eq(int, policy_diff_print(a, b, json, stream, &result), 0));
	fclose(stream);
	cr_expect(eq(int, result.differs, json || size > 0));
	policy_free(a);
	policy_free(b);
	return text;
}

Test(policy_diff, text_names_the_rules_and_the_settings)
{
	char *text = printed(POLICY("allow/read,write+/a", "exit/wait_all:on"), POLICY("kill/read,write+/a"), false);

	cr_expect(eq(str, text,
		"only in A: exit/wait_all:on\n"
		"only in B: exit/wait_all:off\n"
		"read,write /a: only A allows it\n"
		"  A  allow/read,write+/a (-m:1)\n"
		"  B  kill/read,write+/a (-m:1)\n"));
	free(text);
}

Test(policy_diff, of_lists_of_networks_what_is_in_one_alone_is_told)
{
	char *text = printed(POLICY("block+10.0.0.0/8", "block+0.0.0.0/5", "block+ff00::/8", "block+::1"),
		POLICY("block+10.0.0.0/9", "block+255.255.255.255", "block+0.0.0.0/8", "block+ff80::/9", "block+::1"),
		false);

	cr_expect(eq(str, text,
		"only in A: block+1.0.0.0/8\n"
		"only in A: block+2.0.0.0/7\n"
		"only in A: block+4.0.0.0/6\n"
		"only in A: block+10.128.0.0/9\n"
		"only in A: block+ff00::/9\n"
		"only in B: block+255.255.255.255/32\n"));
	free(text);
	text = printed(POLICY("block+10.0.0.0/8"), POLICY("block+10.0.0.0/9", "block+10.128.0.0/9"), false);
	cr_expect(eq(str, text, ""));
	free(text);
	text = printed(POLICY("block+::/1"), POLICY("ghost!"), true);
	cr_expect(eq(str, text,
		"{\"settings\":[{\"only_in\":\"B\",\"text\":\"ghost!\"},"
		"{\"only_in\":\"A\",\"text\":\"block+::/1\"}],\"differences\":[],\"inexact\":[],\"differs\":true}\n"));
	free(text);
}

Test(policy_diff, json_has_the_same)
{
	char *text = printed(POLICY("allow/read+/a"), POLICY("default/write:deny"), true);

	cr_expect(eq(str, text,
		"{\"settings\":[],\"differences\":[{\"categories\":[\"read\"],\"name\":\"/a\","
		"\"a\":{\"allowed\":true,\"action\":\"allow\",\"rule\":{\"text\":\"allow/read+/a\","
		"\"action\":\"allow\",\"file\":\"-m\",\"line\":1}},"
		"\"b\":{\"allowed\":false,\"action\":\"deny\",\"rule\":null}}],\"inexact\":[],\"differs\":true}\n"));
	free(text);
}
