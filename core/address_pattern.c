/*
 * Parsing and matching of networks, aliases and port ranges. Pure but for the memory of a pattern.
 */
#include "core/address_pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"

#define PORT_MAX 65535
#define HOST_MAX 253

struct network_alias {
	const char *name;
	const char *networks[8];
};

static const struct network_alias aliases[] = {
	{ "any", { "0.0.0.0/0", "::/0" } },
	{ "any4", { "0.0.0.0/0" } },
	{ "any6", { "::/0" } },
	{ "loopback", { "127.0.0.0/8", "::1" } },
	{ "loopback4", { "127.0.0.0/8" } },
	{ "loopback6", { "::1" } },
	{ "local", { "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fe80::/10", "fec0::/10",
			   "fc00::/7" } },
	{ "local4", { "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16" } },
	{ "local6", { "::1", "fe80::/10", "fec0::/10", "fc00::/7" } },
	{ "linklocal", { "169.254.0.0/16", "fe80::/10" } },
	{ "linklocal4", { "169.254.0.0/16" } },
	{ "linklocal6", { "fe80::/10" } },
};

static void network_clear_behind(struct network *network)
{
	for (unsigned bit = network->prefix; bit < (network->is_ipv6 ? 128 : 32); bit++)
		network->ip[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

/* ::ffff:a.b.c.d is a.b.c.d, whatever the spelling. */
static void network_unmap(struct network *network)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!network->is_ipv6 || network->prefix < 96 || memcmp(network->ip, mapped, sizeof(mapped)) != 0)
		return;
	memmove(network->ip, network->ip + 12, 4);
	memset(network->ip + 4, 0, 12);
	network->is_ipv6 = false;
	network->prefix = (uint8_t)(network->prefix - 96);
}

/* Digits only, up to max; -1 otherwise. */
static long network_number(const char *text, size_t length, long max)
{
	long number = 0;

	if (length == 0 || length > 5)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number <= max ? number : -1;
}

int network_parse(const char *text, size_t length, struct network *network_out)
{
	const char *slash = memchr(text, '/', length);
	size_t ip_length = slash ? (size_t)(slash - text) : length;
	char ip[INET6_ADDRSTRLEN];
	long prefix;

	*network_out = (struct network){ .is_ipv6 = memchr(text, ':', ip_length) != NULL };
	if (ip_length >= sizeof(ip) || memchr(text, '\0', ip_length))
		return -EINVAL;
	memcpy(ip, text, ip_length);
	ip[ip_length] = '\0';
	if (inet_pton(network_out->is_ipv6 ? AF_INET6 : AF_INET, ip, network_out->ip) != 1)
		return -EINVAL;
	prefix = network_out->is_ipv6 ? 128 : 32;
	if (slash)
		prefix = network_number(slash + 1, length - ip_length - 1, prefix);
	if (prefix < 0)
		return -EINVAL;
	network_out->prefix = (uint8_t)prefix;
	network_clear_behind(network_out);
	network_unmap(network_out);
	return 0;
}

bool network_holds(const struct network *network, const struct address *address)
{
	unsigned bytes = network->prefix / 8;
	unsigned bits = network->prefix % 8;

	if (network->is_ipv6 ? address->kind != ADDRESS_IPV6 : address->kind != ADDRESS_IPV4)
		return false;
	if (memcmp(network->ip, address->ip, bytes) != 0)
		return false;
	return bits == 0 || (address->ip[bytes] ^ network->ip[bytes]) >> (8 - bits) == 0;
}

struct network network_of(const struct address *address)
{
	struct network network = { .is_ipv6 = address->kind == ADDRESS_IPV6 };

	network.prefix = network.is_ipv6 ? 128 : 32;
	memcpy(network.ip, address->ip, network.is_ipv6 ? 16 : 4);
	return network;
}

bool address_pattern_is(const char *text)
{
	return isalnum((unsigned char)text[0]) || text[0] == ':';
}

int address_pattern_add(struct address_pattern *pattern, const struct network *network)
{
	struct network *larger = reallocarray(pattern->networks, pattern->network_count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	pattern->networks = larger;
	larger[pattern->network_count++] = *network;
	return 0;
}

static const struct network_alias *address_pattern_alias(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strlen(aliases[i].name) == length && memcmp(aliases[i].name, text, length) == 0)
			return &aliases[i];
	return NULL;
}

static int address_pattern_expand(struct address_pattern *pattern, const struct network_alias *alias)
{
	struct network network;
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alias->networks) && alias->networks[i] && error == 0; i++) {
		error = network_parse(alias->networks[i], strlen(alias->networks[i]), &network);
		if (error == 0)
			error = address_pattern_add(pattern, &network);
	}
	return error;
}

/* Letters, digits, hyphens, dots; never what somebody may have meant as an address. */
static bool address_pattern_host(const char *text, size_t length)
{
	bool letter = false;

	if (length == 0 || length > HOST_MAX || text[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isascii((unsigned char)text[i]) || (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i])))
			return false;
		letter |= isalpha((unsigned char)text[i]) != 0;
	}
	return letter;
}

/* "PORT" or "LOW-HIGH"; without one, all of them. */
static int address_pattern_ports(struct address_pattern *pattern, const char *text)
{
	const char *dash = text ? strchr(text, '-') : NULL;
	long low, high;

	pattern->port_high = PORT_MAX;
	if (!text)
		return 0;
	low = network_number(text, dash ? (size_t)(dash - text) : strlen(text), PORT_MAX);
	high = dash ? network_number(dash + 1, strlen(dash + 1), PORT_MAX) : low;
	if (low < 0 || high < low)
		return -EINVAL;
	pattern->port_low = (uint16_t)low;
	pattern->port_high = (uint16_t)high;
	return 0;
}

static int address_pattern_fill(
	struct address_pattern *pattern, const char *text, size_t *offset_out, const char **error_out)
{
	const char *bang = strchr(text, '!');
	size_t length = bang ? (size_t)(bang - text) : strlen(text);
	const struct network_alias *alias = address_pattern_alias(text, length);
	struct network network;

	*offset_out = bang ? length + 1 : 0;
	*error_out = "expected a port or LOW-HIGH, up to 65535, after '!'";
	if (address_pattern_ports(pattern, bang ? bang + 1 : NULL))
		return -EINVAL;
	*offset_out = 0;
	*error_out = "expected ADDRESS, ADDRESS/PREFIX, an alias such as loopback, or NAME!PORT";
	if (alias)
		return address_pattern_expand(pattern, alias);
	if (network_parse(text, length, &network) == 0)
		return address_pattern_add(pattern, &network);
	if (!bang || !address_pattern_host(text, length))
		return -EINVAL;
	pattern->host = strndup(text, length);
	return pattern->host ? 0 : -ENOMEM;
}

int address_pattern_new(
	const char *text, struct address_pattern **pattern_out, size_t *offset_out, const char **error_out)
{
	struct address_pattern *pattern = calloc(1, sizeof(*pattern));
	int error = pattern ? address_pattern_fill(pattern, text, offset_out, error_out) : -ENOMEM;

	if (error) {
		address_pattern_free(pattern);
		return error;
	}
	*pattern_out = pattern;
	return 0;
}

struct address_pattern *address_pattern_copy(const struct address_pattern *pattern)
{
	struct address_pattern *copy = calloc(1, sizeof(*copy));
	int error = copy ? 0 : -ENOMEM;

	if (!copy)
		return NULL;
	copy->port_low = pattern->port_low;
	copy->port_high = pattern->port_high;
	copy->host = pattern->host ? strdup(pattern->host) : NULL;
	if (pattern->host && !copy->host)
		error = -ENOMEM;
	for (size_t i = 0; i < pattern->network_count && !error; i++)
		error = address_pattern_add(copy, &pattern->networks[i]);
	if (!error)
		return copy;
	address_pattern_free(copy);
	return NULL;
}

void address_pattern_free(struct address_pattern *pattern)
{
	if (!pattern)
		return;
	free(pattern->host);
	free(pattern->networks);
	free(pattern);
}

bool address_pattern_match(const struct address_pattern *pattern, const struct address *address)
{
	static const uint8_t any[16];

	if (address->port < pattern->port_low || address->port > pattern->port_high)
		return false;
	for (size_t i = 0; i < pattern->network_count; i++) {
		const struct network *network = &pattern->networks[i];

		if (network_holds(network, address))
			return true;
		/* A rule for the any-address itself means it, whatever it reaches. */
		if (address->any && network->is_ipv6 == (address->kind == ADDRESS_IPV6) &&
			network->prefix == (network->is_ipv6 ? 128 : 32) && memcmp(network->ip, any, 16) == 0)
			return true;
	}
	return false;
}
