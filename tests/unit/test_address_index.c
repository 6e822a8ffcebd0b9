/* Tables of address patterns: the same answer as the plain list, on random ones and on many. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address_index.h"
#include "core/util.h"
#include "tests/unit/naive_address.h"

#define PATTERNS_MAX 40
#define TEXT_MAX 64

struct patterns {
	char texts[PATTERNS_MAX][TEXT_MAX];
	const struct address_pattern *patterns[PATTERNS_MAX];
	size_t count;
	struct address_index *index;
};

static struct address_pattern *compile_pattern(const char *text)
{
	struct address_pattern *pattern = NULL;
	size_t offset;
	const char *error = NULL;

	cr_assert(eq(int, address_pattern_new(text, &pattern, &offset, &error), 0), "%s: %s", text, error);
	return pattern;
}

static void patterns_compile(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		patterns->patterns[i] = *patterns->texts[i] ? compile_pattern(patterns->texts[i]) : NULL;
	cr_assert(eq(int, address_index_new(patterns->patterns, patterns->count, &patterns->index), 0));
}

static void patterns_release(struct patterns *patterns)
{
	address_index_free(patterns->index);
	for (size_t i = 0; i < patterns->count; i++)
		address_pattern_free((struct address_pattern *)patterns->patterns[i]);
}

static struct address address_of(const char *ip, uint16_t port)
{
	struct address address = { .port = port };
	struct network network;

	cr_assert(eq(int, network_parse(ip, strlen(ip), &network), 0));
	address.kind = network.is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
	memcpy(address.ip, network.ip, sizeof(address.ip));
	return address;
}

static size_t patterns_last(const struct patterns *patterns, const char *ip, uint16_t port)
{
	struct address address = address_of(ip, port);

	return address_index_last(patterns->index, &address);
}

Test(address_index, the_last_pattern_that_matches_is_found, .timeout = 60)
{
	struct patterns patterns = { .count = 7,
		.texts = { "any!443", "10.0.0.0/8", "10.1.0.0/16!100-200", "", "10.0.0.0/8!150", "::/0!0",
			"10.1.2.3!443" } };

	patterns_compile(&patterns);
	cr_expect(eq(sz, patterns_last(&patterns, "192.0.2.1", 443), 1));
	cr_expect(eq(sz, patterns_last(&patterns, "192.0.2.1", 80), 0));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 65535), 2));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 100), 3));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 200), 3));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 201), 2));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 150), 5));
	cr_expect(eq(sz, patterns_last(&patterns, "10.1.2.3", 443), 7));
	cr_expect(eq(sz, patterns_last(&patterns, "::1", 0), 6));
	cr_expect(eq(sz, patterns_last(&patterns, "::1", 1), 0));
	patterns_release(&patterns);
}

Test(address_index, the_any_address_is_found_by_its_own_name_alone, .timeout = 60)
{
	struct patterns patterns = { .count = 3, .texts = { "127.0.0.1!80", "0.0.0.0!80", "0.0.0.0/8!80" } };
	struct address address = address_of("127.0.0.1", 80);

	patterns_compile(&patterns);
	cr_expect(eq(sz, address_index_last(patterns.index, &address), 1));
	address.any = true;
	cr_expect(eq(sz, address_index_last(patterns.index, &address), 2));
	patterns_release(&patterns);
}

Test(address_index, of_no_patterns_nothing_matches, .timeout = 60)
{
	struct patterns patterns = { .count = 0 };

	patterns_compile(&patterns);
	cr_expect(eq(sz, patterns_last(&patterns, "::1", 0), 0));
	patterns_release(&patterns);
}

/* Many networks with many ports of their own, and one network with all of them. */
Test(address_index, a_hundred_thousand_are_found, .timeout = 180)
{
	static const struct address_pattern *patterns[100000];
	struct address_index *index = NULL;
	char text[TEXT_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (i % 2)
			snprintf(text, sizeof(text), "10.0.0.0/8!%u-%u", i / 2, i / 2 + 10000);
		else
			snprintf(text, sizeof(text), "10.%u.%u.%u!%u", i >> 16, i >> 8 & 255, i & 255, i & 1023);
		patterns[i] = compile_pattern(text);
	}
	cr_assert(eq(int, address_index_new(patterns, ARRAY_SIZE(patterns), &index), 0));
	for (unsigned i = 0; i < ARRAY_SIZE(patterns); i += 997) {
		struct address address = { .kind = ADDRESS_IPV4, .port = (uint16_t)(i & 1023) };
		const uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

		memcpy(address.ip, ip, sizeof(ip));
		cr_assert(eq(sz, address_index_last(index, &address),
			naive_address_last(patterns, ARRAY_SIZE(patterns), &address)));
	}
	address_index_free(index);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		address_pattern_free((struct address_pattern *)patterns[i]);
}

/* ---- Random ones ---- */

static const char *const networks[] = { "any", "any4", "any6", "loopback", "local", "local6", "10.0.0.0/8",
	"10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "10.1.2.2/31", "0.0.0.0", "0.0.0.0/1",
	"128.0.0.0/1", "::", "::1", "::/1", "fe80::/10", "fe80::1", "2001:db8::/32", "2001:db8:1::/48", "2001:db8::1",
	"::ffff:10.1.2.3", "::ffff:10.0.0.0/104" };
static const char *const ips[] = { "10.1.2.3", "10.1.2.2", "10.1.9.9", "10.129.0.1", "127.0.0.1", "127.9.9.9",
	"192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "fe80::2", "2001:db8::1", "2001:db8:1::7",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:10.1.2.3" };

static unsigned random_port(unsigned *seed)
{
	static const uint16_t ports[] = { 0, 1, 79, 80, 81, 443, 65534, 65535 };

	return ports[(size_t)rand_r(seed) % ARRAY_SIZE(ports)];
}

static void random_patterns(unsigned *seed, struct patterns *patterns)
{
	patterns->count = 1 + (size_t)rand_r(seed) % PATTERNS_MAX;
	for (size_t i = 0; i < patterns->count; i++) {
		const char *network = networks[(size_t)rand_r(seed) % ARRAY_SIZE(networks)];
		unsigned low = random_port(seed), high = random_port(seed);
		unsigned form = (unsigned)rand_r(seed) % 8;

		*patterns->texts[i] = '\0';
		if (form < 3)
			snprintf(patterns->texts[i], TEXT_MAX, "%s!%u", network, low);
		else if (form < 6 && low <= high)
			snprintf(patterns->texts[i], TEXT_MAX, "%s!%u-%u", network, low, high);
		else if (form < 7)
			snprintf(patterns->texts[i], TEXT_MAX, "%s", network);
	}
}

Test(address_index, decides_as_the_plain_list_does_on_random_patterns, .timeout = 600)
{
	const char *wanted = getenv("KENNEL_MATCHER_PAIRS");
	unsigned long pairs = wanted ? strtoul(wanted, NULL, 10) : 100000;
	unsigned long matched = 0;
	unsigned seed = 13;

	for (unsigned long done = 0; done < pairs;) {
		struct patterns patterns;

		random_patterns(&seed, &patterns);
		patterns_compile(&patterns);
		for (int i = 0; i < 16; i++, done++) {
			struct address address =
				address_of(ips[(size_t)rand_r(&seed) % ARRAY_SIZE(ips)], (uint16_t)random_port(&seed));
			size_t expected;

			address.any = rand_r(&seed) % 4 == 0;
			expected = naive_address_last(patterns.patterns, patterns.count, &address);
			cr_assert(eq(sz, address_index_last(patterns.index, &address), expected), "seed %u", seed);
			matched += expected > 0;
		}
		patterns_release(&patterns);
	}
	cr_expect(gt(ulong, matched, pairs / 8));
	cr_expect(lt(ulong, matched, pairs - pairs / 16));
}
