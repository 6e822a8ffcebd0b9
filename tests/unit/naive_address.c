/* The plain list of address patterns, asked one by one from the last to the first. */
#include "tests/unit/naive_address.h"

static bool naive_address_bit(const uint8_t *ip, unsigned bit)
{
	return (ip[bit / 8] >> (7 - bit % 8)) & 1;
}

bool naive_address_in(const struct network *network, const struct address *address)
{
	if (address->kind != (network->is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4))
		return false;
	for (unsigned bit = 0; bit < network->prefix; bit++)
		if (naive_address_bit(network->ip, bit) != naive_address_bit(address->ip, bit))
			return false;
	return true;
}

/* What is to be reached by the any-address is also the any-address. */
static bool naive_address_named(const struct network *network, const struct address *address)
{
	struct address zero = { .kind = address->kind };

	return naive_address_in(network, address) ||
	       (address->any && network->prefix == (network->is_ipv6 ? 128 : 32) && naive_address_in(network, &zero));
}

static bool naive_address_matches(const struct address_pattern *pattern, const struct address *address)
{
	if (address->port < pattern->port_low || address->port > pattern->port_high)
		return false;
	for (size_t i = 0; i < pattern->network_count; i++)
		if (naive_address_named(&pattern->networks[i], address))
			return true;
	return false;
}

size_t naive_address_last(const struct address_pattern *const *patterns, size_t count, const struct address *address)
{
	while (count > 0 && !(patterns[count - 1] && naive_address_matches(patterns[count - 1], address)))
		count--;
	return count;
}
