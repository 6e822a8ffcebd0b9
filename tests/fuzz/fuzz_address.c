/*
 * Addresses. The first byte says how the whole rest is read as a sockaddr. As text the rest is lines of address
 * patterns, an empty line, a list of blocked networks, and behind a line "?" addresses to ask both about.
 */
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "core/address_index.h"
#include "core/policy_net.h"
#include "core/policy_net_rule.h"
#include "core/util.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/naive_address.h"

#define PATTERNS_MAX 64
#define NETWORKS_MAX 256

struct fuzz_rules {
	const struct address_pattern *patterns[PATTERNS_MAX];
	size_t count;
	struct address_index *index;
	struct network networks[NETWORKS_MAX];
	size_t network_count;
	struct policy *policy; /* NULL: its list has errors */
	char *list;
};

static const char *fuzz_lookup(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* Errors have a place; host names are left as they are. */
static void fuzz_patterns(struct fuzz_rules *rules, char **rest)
{
	const char *line;

	while (rules->count < PATTERNS_MAX && (line = fuzz_line(rest)) && *line) {
		struct address_pattern *pattern = NULL;
		size_t offset = SIZE_MAX;
		const char *error = NULL;

		if (address_pattern_new(line, &pattern, &offset, &error)) {
			FUZZ_PROMISE(error && offset <= strlen(line), "%s: error at %zu\n", line, offset);
			continue;
		}
		FUZZ_PROMISE(pattern->port_low <= pattern->port_high, "%s: no port\n", line);
		FUZZ_PROMISE(!pattern->host != !pattern->network_count, "%s: a host or networks\n", line);
		rules->patterns[rules->count++] = pattern;
	}
}

/* One line as the reference reads it; false: it is wrong. */
static bool fuzz_network(struct fuzz_rules *rules, char *line)
{
	struct network network;
	size_t length;

	line[strcspn(line, "#")] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	length = strlen(line);
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	if (length == 0)
		return true;
	if (network_parse(line, length, &network))
		return false;
	rules->networks[rules->network_count++] = network;
	return true;
}

static void fuzz_list(struct fuzz_rules *rules, char **rest)
{
	struct policy_loader *loader = policy_loader_new(fuzz_lookup, NULL);
	struct policy_place place = { .file = "fuzz.netset" };
	const char *text = *rest ? *rest : "";
	const char *end = str_starts(text, "?\n") ? text : strstr(text, "\n?\n");
	size_t length = end ? (size_t)(end - text) : strlen(text);
	FILE *nowhere = fopen("/dev/null", "w");
	bool good = true;
	char *line;

	rules->list = strndup(text, length);
	if (!loader || !nowhere || !rules->list)
		abort();
	policy_load_networks(loader, rules->list, length, &place);
	*rest = rules->list;
	while (rules->network_count < NETWORKS_MAX && (line = fuzz_line(rest)))
		good &= fuzz_network(rules, line);
	FUZZ_PROMISE(rules->network_count < NETWORKS_MAX, "the input is too long\n");
	rules->policy = policy_loader_finish(loader, nowhere);
	FUZZ_PROMISE(good == !!rules->policy, "a list and errors, or neither\n");
	*rest = (char *)end;
	fclose(nowhere);
	policy_loader_free(loader);
}

static void fuzz_ask(const struct fuzz_rules *rules, const struct address *address)
{
	size_t last = address_index_last(rules->index, address);
	size_t expected = naive_address_last(rules->patterns, rules->count, address);
	bool blocked = false;
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	FUZZ_PROMISE(last == expected, "%s: %zu, the list says %zu\n", text, last, expected);
	for (size_t i = 0; i < rules->network_count; i++)
		blocked |= naive_address_in(&rules->networks[i], address);
	if (rules->policy)
		FUZZ_PROMISE(policy_blocks(rules->policy, address) == blocked, "%s: %d\n", text, blocked);
}

/* How it is written names it and it alone. */
static void fuzz_text(const struct address *address)
{
	struct address_pattern *pattern = NULL;
	char text[ADDRESS_TEXT_SIZE];
	struct network network = network_of(address);
	size_t offset;
	const char *error;

	address_text(address, text);
	FUZZ_PROMISE(address_pattern_is(text) && address_pattern_new(text, &pattern, &offset, &error) == 0,
		"no pattern: %s\n", text);
	FUZZ_PROMISE(pattern->network_count == 1 && pattern->port_low == address->port &&
			     pattern->port_high == address->port &&
			     memcmp(&pattern->networks[0], &network, sizeof(network)) == 0,
		"another one: %s\n", text);
	address_pattern_free(pattern);
}

static void fuzz_sockaddr(const struct fuzz_rules *rules, const uint8_t *data, size_t size)
{
	static const int domains[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
	struct address_bytes bytes = { .length = 0 };
	struct address address;
	unsigned how = data[0];

	bytes.length = (socklen_t)(size - 1 < ADDRESS_BYTES_MAX ? size - 1 : ADDRESS_BYTES_MAX);
	memcpy(bytes.bytes, data + 1, bytes.length);
	address_parse(domains[how % 4], types[how / 4 % 3], (enum address_use)(how / 12 % 4), &bytes, &address);
	FUZZ_PROMISE(memchr(address.name, 0, sizeof(address.name)), "a name without an end\n");
	if (!address_is_ip(&address))
		return;
	fuzz_text(&address);
	fuzz_ask(rules, &address);
	address_say_loopback(&bytes, &address);
}

/* ADDRESS!PORT; "*" before it: it came from the any-address. */
static void fuzz_line_address(const struct fuzz_rules *rules, const char *line)
{
	struct address address = { .any = line[0] == '*' };
	const char *text = line + address.any;
	struct network network;

	if (network_parse(text, strcspn(text, "!"), &network))
		return;
	address.kind = network.is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
	memcpy(address.ip, network.ip, sizeof(address.ip));
	address.port = (uint16_t)atoi(text + strcspn(text, "!") + (strchr(text, '!') != NULL));
	fuzz_text(&address);
	fuzz_ask(rules, &address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rules rules = { .count = 0 };
	char *text = fuzz_string(data, size);
	char *rest = text + (size > 0);
	const char *line;

	fuzz_patterns(&rules, &rest);
	fuzz_list(&rules, &rest);
	FUZZ_PROMISE(address_index_new(rules.patterns, rules.count, &rules.index) == 0, "no memory\n");
	while ((line = fuzz_line(&rest)))
		fuzz_line_address(&rules, line);
	if (size > 0)
		fuzz_sockaddr(&rules, data, size);
	address_index_free(rules.index);
	for (size_t i = 0; i < rules.count; i++)
		address_pattern_free((struct address_pattern *)rules.patterns[i]);
	policy_free(rules.policy);
	free(rules.list);
	free(text);
	return 0;
}
