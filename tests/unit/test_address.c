/* Socket addresses as rules judge them, patterns of them, and sets of networks. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/address_pattern.h"
#include "core/netset.h"
#include "core/util.h"

TestSuite(address, .timeout = 120);

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

static struct address_bytes inet_bytes(int family, const char *ip, uint16_t port)
{
	struct address_bytes bytes = { .length = family == AF_INET ? sizeof(struct sockaddr_in)
								   : sizeof(struct sockaddr_in6) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = 1 };

	cr_assert_eq(inet_pton(family, ip, family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr), 1);
	if (family == AF_INET)
		memcpy(bytes.bytes, &in, sizeof(in));
	else
		memcpy(bytes.bytes, &in6, sizeof(in6));
	return bytes;
}

static struct address_bytes unix_bytes(const char *path, size_t length)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct address_bytes bytes = { .length = (socklen_t)(PATH_OFFSET + length) };

	memcpy(un.sun_path, path, length);
	memcpy(bytes.bytes, &un, sizeof(un));
	return bytes;
}

static const char *text_of(int domain, enum address_use use, const struct address_bytes *bytes)
{
	static char text[ADDRESS_TEXT_SIZE];
	struct address address;

	address_parse(domain, SOCK_STREAM, use, bytes, &address);
	if (address.kind == ADDRESS_NONE || address.kind == ADDRESS_DISSOLVE)
		return address.kind == ADDRESS_NONE ? "none" : "dissolve";
	address_text(&address, text);
	return text;
}

struct spelling {
	int domain;
	int family;
	const char *ip;
	enum address_use use;
	const char *means;
};

static const struct spelling spellings[] = {
	{ AF_INET, AF_INET, "127.0.0.1", ADDRESS_CONNECT, "127.0.0.1!80" },
	{ AF_INET, AF_INET, "0.0.0.0", ADDRESS_CONNECT, "127.0.0.1!80" },
	{ AF_INET, AF_INET, "0.0.0.0", ADDRESS_SEND, "127.0.0.1!80" },
	{ AF_INET, AF_INET, "0.0.0.0", ADDRESS_BIND, "0.0.0.0!80" },
	{ AF_INET6, AF_INET6, "::", ADDRESS_CONNECT, "::1!80" },
	{ AF_INET6, AF_INET6, "::", ADDRESS_BIND, "::!80" },
	{ AF_INET6, AF_INET6, "::ffff:10.1.2.3", ADDRESS_CONNECT, "10.1.2.3!80" },
	{ AF_INET6, AF_INET6, "::ffff:0.0.0.0", ADDRESS_SEND, "127.0.0.1!80" },
	{ AF_INET6, AF_INET6, "::ffff:0.0.0.0", ADDRESS_BIND, "0.0.0.0!80" },
	{ AF_INET6, AF_INET6, "fe80::1", ADDRESS_CONNECT, "fe80::1!80" },
	{ AF_INET6, AF_INET6, "::1", ADDRESS_PEER, "::1!80" },
	{ AF_INET6, AF_INET, "10.0.0.1", ADDRESS_SEND, "10.0.0.1!80" },
	{ AF_INET6, AF_INET, "10.0.0.1", ADDRESS_BIND, "none" },
	{ AF_INET, AF_INET6, "::1", ADDRESS_CONNECT, "none" },
};

Test(address, is_judged_as_what_it_reaches)
{
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		const struct spelling *row = &spellings[i];
		struct address_bytes bytes = inet_bytes(row->family, row->ip, 80);

		cr_expect_str_eq(text_of(row->domain, row->use, &bytes), row->means, "row %zu", i);
	}
}

Test(address, family_zero_is_what_the_socket_makes_of_it)
{
	struct address_bytes bytes = inet_bytes(AF_INET, "10.0.0.1", 53);

	memset(bytes.bytes, 0, 2);
	cr_expect_str_eq(text_of(AF_INET, ADDRESS_SEND, &bytes), "10.0.0.1!53", "udp takes it for IPv4");
	cr_expect_str_eq(text_of(AF_INET, ADDRESS_CONNECT, &bytes), "dissolve");
	cr_expect_str_eq(text_of(AF_INET6, ADDRESS_SEND, &bytes), "none", "a send without destination");
	bytes.length = 2;
	cr_expect_str_eq(text_of(AF_INET6, ADDRESS_CONNECT, &bytes), "dissolve");
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "none", "no stream socket dissolves");
}

Test(address, short_ones_are_left_to_the_kernel)
{
	for (socklen_t length = 0; length < 16; length++) {
		struct address_bytes bytes = inet_bytes(AF_INET, "10.0.0.1", 53);

		bytes.length = length;
		cr_expect_str_eq(text_of(AF_INET, ADDRESS_CONNECT, &bytes), "none", "%u", length);
	}
	for (socklen_t length = 2; length <= 28; length++) {
		struct address_bytes bytes = inet_bytes(AF_INET6, "::1", 53);

		bytes.length = length;
		cr_expect_str_eq(text_of(AF_INET6, ADDRESS_CONNECT, &bytes), length < 24 ? "none" : "::1!53");
	}
}

Test(address, unix_names_of_every_kind)
{
	char full[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char spread[128] = "";
	struct address_bytes bytes = unix_bytes("/tmp/x", 7);

	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "/tmp/x");
	bytes = unix_bytes("/tmp/x", 4);
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "/tmp", "the length ends it, too");
	memset(full, 'a', sizeof(full));
	bytes = unix_bytes(full, sizeof(full));
	memcpy(spread, full, sizeof(full));
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_BIND, &bytes), spread, "108 bytes without a NUL");
	bytes.length++;
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_PEER, &bytes), spread, "as a socket bound so is told");
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "none");
	bytes = unix_bytes("\0name\0\0\0", 8);
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "@name");
	bytes = unix_bytes("\0a\0b", 4);
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "@a@b");
	bytes = unix_bytes("", 0);
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_BIND, &bytes), "!unnamed", "the kernel chooses");
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_CONNECT, &bytes), "none");
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_PEER, &bytes), "!unnamed");
	bytes.length = sizeof(struct sockaddr_un) + 1;
	cr_expect_str_eq(text_of(AF_UNIX, ADDRESS_BIND, &bytes), "none");
}

Test(address, the_any_address_is_sent_as_the_loopback)
{
	struct address_bytes bytes = inet_bytes(AF_INET6, "::ffff:0.0.0.0", 80);
	struct address_bytes wanted = inet_bytes(AF_INET6, "::ffff:127.0.0.1", 80);
	struct address address;

	address_parse(AF_INET6, SOCK_STREAM, ADDRESS_CONNECT, &bytes, &address);
	address_say_loopback(&bytes, &address);
	cr_expect_arr_eq(bytes.bytes, wanted.bytes, sizeof(struct sockaddr_in6));
	bytes = inet_bytes(AF_INET6, "::", 80);
	wanted = inet_bytes(AF_INET6, "::1", 80);
	address_parse(AF_INET6, SOCK_STREAM, ADDRESS_CONNECT, &bytes, &address);
	address_say_loopback(&bytes, &address);
	cr_expect_arr_eq(bytes.bytes, wanted.bytes, sizeof(struct sockaddr_in6));
	bytes = inet_bytes(AF_INET, "0.0.0.0", 80);
	wanted = inet_bytes(AF_INET, "127.0.0.1", 80);
	address_parse(AF_INET, SOCK_STREAM, ADDRESS_CONNECT, &bytes, &address);
	address_say_loopback(&bytes, &address);
	cr_expect_arr_eq(bytes.bytes, wanted.bytes, sizeof(struct sockaddr_in));
}

static bool matches(const char *pattern_text, const char *ip, uint16_t port, enum address_use use)
{
	struct address_pattern *pattern = NULL;
	struct address_bytes bytes = inet_bytes(strchr(ip, ':') ? AF_INET6 : AF_INET, ip, port);
	struct address address;
	const char *error;
	size_t offset;
	bool matched;

	cr_assert_eq(address_pattern_new(pattern_text, &pattern, &offset, &error), 0, "%s", pattern_text);
	address_parse(strchr(ip, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, use, &bytes, &address);
	matched = address_pattern_match(pattern, &address);
	address_pattern_free(pattern);
	return matched;
}

struct match_row {
	const char *pattern;
	const char *ip;
	uint16_t port;
	bool matches;
};

static const struct match_row match_rows[] = {
	{ "127.0.0.1!80", "127.0.0.1", 80, true },
	{ "127.0.0.1!80", "127.0.0.1", 81, false },
	{ "127.0.0.1!80", "0.0.0.0", 80, true },
	{ "0.0.0.0!80", "0.0.0.0", 80, true },
	{ "0.0.0.0!80", "127.0.0.1", 80, false },
	{ "10.0.0.0/8!1-1023", "10.255.0.1", 1023, true },
	{ "10.0.0.0/8!1-1023", "10.255.0.1", 1024, false },
	{ "10.0.0.0/8!1-1023", "11.0.0.1", 80, false },
	{ "10.77.0.0/9", "10.127.255.255", 9, true },
	{ "10.77.0.0/9", "10.128.0.0", 9, false },
	{ "::ffff:10.0.0.0/104!80", "10.1.1.1", 80, true },
	{ "10.0.0.0/8!80", "::ffff:10.1.1.1", 80, true },
	{ "any!80", "::1", 80, true },
	{ "any4!80", "::1", 80, false },
	{ "any4!80", "::ffff:1.2.3.4", 80, true },
	{ "any6!80", "::ffff:1.2.3.4", 80, false },
	{ "any6!80", "2001:db8::1", 80, true },
	{ "loopback!80", "127.3.2.1", 80, true },
	{ "loopback!80", "::", 80, true },
	{ "loopback6!80", "127.0.0.1", 80, false },
	{ "local!0-65535", "192.168.1.1", 80, true },
	{ "local!0-65535", "172.32.0.1", 80, false },
	{ "local6!80", "fd00::1", 80, true },
	{ "linklocal!80", "169.254.1.1", 80, true },
	{ "linklocal6!80", "fe80::1", 80, true },
	{ "2001:db8::/33!443", "2001:db8:7fff::1", 443, true },
	{ "2001:db8::/33!443", "2001:db8:8000::1", 443, false },
	{ "0.0.0.0/0", "1.2.3.4", 0, true },
};

Test(address, patterns_match_networks_and_ports)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_rows); i++)
		cr_expect_eq(matches(match_rows[i].pattern, match_rows[i].ip, match_rows[i].port, ADDRESS_CONNECT),
			match_rows[i].matches, "%s and %s", match_rows[i].pattern, match_rows[i].ip);
	cr_expect_not(matches("loopback!80", "0.0.0.0", 80, ADDRESS_BIND), "bound, it is every address");
	cr_expect(matches("any!80", "0.0.0.0", 80, ADDRESS_BIND));
	cr_expect(matches("0.0.0.0!80", "0.0.0.0", 80, ADDRESS_BIND));
}

Test(address, wrong_patterns_are_refused)
{
	static const char *const wrong[] = { "127.0.0.1!65536", "127.0.0.1!", "127.0.0.1!9-8", "127.0.0.1/33!1",
		"::1/129!1", "1.2.3!80", "127.0.0.1/!80", "nowhere", "loopback!x", ":::!80", "-x!80", "a_b c!80",
		"1!80", "127.0.0.1!1-2-3", "loopback/8!80" };
	struct address_pattern *pattern = NULL;
	const char *error = NULL;
	size_t offset;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_expect_eq(address_pattern_new(wrong[i], &pattern, &offset, &error), -EINVAL, "%s", wrong[i]);
		cr_expect_eq(strncmp(error, "expected ", 9), 0);
	}
}

Test(address, a_host_name_has_no_addresses_until_they_are_given)
{
	struct address_pattern *pattern = NULL;
	struct network network;
	struct address_bytes bytes = inet_bytes(AF_INET, "192.0.2.1", 443);
	struct address address;
	const char *error;
	size_t offset;

	cr_assert_eq(address_pattern_new("www.example.org!443", &pattern, &offset, &error), 0);
	cr_expect_str_eq(pattern->host, "www.example.org");
	address_parse(AF_INET, SOCK_STREAM, ADDRESS_CONNECT, &bytes, &address);
	cr_expect_not(address_pattern_match(pattern, &address));
	cr_assert_eq(network_parse("192.0.2.1", 9, &network), 0);
	cr_assert_eq(address_pattern_add(pattern, &network), 0);
	cr_expect(address_pattern_match(pattern, &address));
	address_pattern_free(pattern);
}

static bool set_holds(const struct netset *set, const char *ip)
{
	struct address_bytes bytes = inet_bytes(strchr(ip, ':') ? AF_INET6 : AF_INET, ip, 1);
	struct address address;

	address_parse(strchr(ip, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, ADDRESS_BIND, &bytes, &address);
	return netset_holds(set, &address);
}

static void set_add(struct netset *set, const char *text)
{
	struct network network;

	cr_assert_eq(network_parse(text, strlen(text), &network), 0, "%s", text);
	cr_assert_eq(netset_add(set, &network), 0);
}

Test(address, sets_are_aggregated)
{
	struct netset set = { 0 };

	set_add(&set, "10.0.0.0/25");
	set_add(&set, "192.0.2.7");
	set_add(&set, "10.0.0.128/25");
	set_add(&set, "10.0.0.4/30");
	set_add(&set, "255.255.255.255");
	set_add(&set, "255.255.255.254");
	set_add(&set, "2001:db8::/32");
	set_add(&set, "2001:db9::/32");
	netset_seal(&set);
	cr_expect_eq(set.ipv4.count, 3);
	cr_expect_eq(set.ipv6.count, 1);
	cr_expect(set_holds(&set, "10.0.0.255"));
	cr_expect_not(set_holds(&set, "10.0.1.0"));
	cr_expect_not(set_holds(&set, "9.255.255.255"));
	cr_expect(set_holds(&set, "192.0.2.7"));
	cr_expect(set_holds(&set, "::ffff:192.0.2.7"));
	cr_expect(set_holds(&set, "255.255.255.255"));
	cr_expect(set_holds(&set, "2001:db9:ffff::"));
	cr_expect_not(set_holds(&set, "2001:dba::"));
	netset_free(&set);
}

/* Against the list itself, one by one. */
Test(address, sets_agree_with_a_plain_search)
{
	static struct network networks[500];
	struct netset set = { 0 };
	unsigned hits = 0;

	srand(7);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		char text[32];

		snprintf(
			text, sizeof(text), "10.%d.%d.%d/%d", rand() % 4, rand() % 256, rand() % 256, 20 + rand() % 13);
		cr_assert_eq(network_parse(text, strlen(text), &networks[i]), 0);
		cr_assert_eq(netset_add(&set, &networks[i]), 0);
	}
	netset_seal(&set);
	for (unsigned i = 0; i < 20000; i++) {
		struct address address = { .kind = ADDRESS_IPV4,
			.ip = { 10, (uint8_t)(rand() % 5), (uint8_t)rand(), (uint8_t)rand() } };
		bool found = false;

		for (size_t n = 0; n < ARRAY_SIZE(networks) && !found; n++)
			found = network_holds(&networks[n], &address);
		cr_assert_eq(netset_holds(&set, &address), found);
		hits += found;
	}
	cr_expect_gt(hits, 100);
	cr_expect_lt(hits, 19900);
	netset_free(&set);
}

Test(address, everything_fits_into_one_range)
{
	struct netset set = { 0 };

	set_add(&set, "0.0.0.0/0");
	set_add(&set, "1.2.3.4");
	set_add(&set, "255.255.255.255");
	netset_seal(&set);
	cr_expect_eq(netset_count(&set), 1);
	cr_expect(set_holds(&set, "0.0.0.0"));
	cr_expect(set_holds(&set, "255.255.255.255"));
	netset_free(&set);
}
