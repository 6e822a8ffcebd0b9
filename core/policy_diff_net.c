/*
 * Addresses are compared by one of each kind: where no network of either policy begins or ends, and no range of ports,
 * all are decided alike.
 */
#include "core/policy_diff_net.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/address_pattern.h"
#include "core/cleanup.h"
#include "core/policy_net.h"
#include "core/util.h"

#define DIFF_CELLS_MAX 4000000u
#define DIFF_PORTS 65536u

/* An address as bytes that memcmp() orders. */
struct diff_ip {
	uint8_t is_ipv6;
	uint8_t ip[16];
};

struct diff_pair {
	const struct rule *a, *b;
};

struct diff_grid {
	const struct policy *a, *b;
	enum category category;
	struct diff_ip *ips;
	size_t ip_count;
	uint32_t *ports;
	size_t port_count;
	bool hosts;
	void *told; /* a tree of pairs */
	bool out_of_memory;
	policy_diff_tell_fn *tell;
	void *context;
};

/* ---- What there is ---- */

static const struct rule *diff_rules(const struct policy *policy, enum category category, size_t *count_out)
{
	const struct rule *rules = policy_rules(policy, category, count_out);

	if (!policy_is_on(policy, category))
		*count_out = 0;
	return rules;
}

/* How many networks the rules name, which is at least as many as ranges of ports. */
static size_t diff_networks(const struct policy *policy, enum category category)
{
	size_t count;
	size_t sum = 0;
	const struct rule *rules = diff_rules(policy, category, &count);

	for (size_t i = 0; i < count; i++)
		sum += rules[i].address ? rules[i].address->network_count + 1 : 0;
	return sum;
}

/* The address behind the network's last; false: there is none. */
static bool diff_behind(const struct network *network, struct diff_ip *ip_out)
{
	unsigned bit = network->prefix;

	*ip_out = (struct diff_ip){ .is_ipv6 = network->is_ipv6 };
	memcpy(ip_out->ip, network->ip, sizeof(network->ip));
	/* One more in the place of the prefix's last bit. */
	while (bit-- > 0) {
		ip_out->ip[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
		if (ip_out->ip[bit / 8] & (0x80U >> bit % 8))
			return true;
	}
	return false;
}

static void diff_add_network(struct diff_grid *grid, const struct network *network)
{
	struct diff_ip *first = &grid->ips[grid->ip_count++];

	first->is_ipv6 = network->is_ipv6;
	memcpy(first->ip, network->ip, sizeof(network->ip));
	if (diff_behind(network, &grid->ips[grid->ip_count]))
		grid->ip_count++;
}

static void diff_add_rules(struct diff_grid *grid, const struct policy *policy)
{
	size_t count;
	const struct rule *rules = diff_rules(policy, grid->category, &count);

	for (size_t i = 0; i < count; i++) {
		const struct address_pattern *address = rules[i].address;

		if (!address)
			continue;
		grid->hosts |= address->host && address->network_count == 0;
		grid->ports[grid->port_count++] = address->port_low;
		grid->ports[grid->port_count++] = (address->port_high + 1U) % DIFF_PORTS;
		for (size_t j = 0; j < address->network_count; j++)
			diff_add_network(grid, &address->networks[j]);
	}
}

/* Sorted, each once; the number of them. */
static size_t diff_sort(void *array, size_t count, size_t size, int (*order)(const void *, const void *))
{
	uint8_t *bytes = array;
	size_t kept = 0;

	qsort(array, count, size, order);
	for (size_t i = 1; i < count; i++)
		if (memcmp(bytes + i * size, bytes + kept * size, size) != 0)
			memcpy(bytes + ++kept * size, bytes + i * size, size);
	return kept + 1;
}

static int diff_ip_order(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(struct diff_ip));
}

static int diff_port_order(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

/* The first of each kind. What begins where addresses of IPv4 are mapped has its first one behind them. */
static int diff_fill(struct diff_grid *grid)
{
	const struct network all4 = { .is_ipv6 = false }, all6 = { .is_ipv6 = true };
	const struct network behind_mapped = { .is_ipv6 = true, .prefix = 128, .ip = { [9] = 1 } };
	size_t count = diff_networks(grid->a, grid->category) + diff_networks(grid->b, grid->category);

	grid->ips = calloc(2 * count + 8, sizeof(*grid->ips));
	grid->ports = calloc(2 * count + 1, sizeof(*grid->ports));
	if (!grid->ips || !grid->ports)
		return -ENOMEM;
	grid->port_count = 1;
	diff_add_network(grid, &all4);
	diff_add_network(grid, &all6);
	diff_add_network(grid, &behind_mapped);
	diff_add_rules(grid, grid->a);
	diff_add_rules(grid, grid->b);
	grid->ip_count = diff_sort(grid->ips, grid->ip_count, sizeof(*grid->ips), diff_ip_order);
	grid->port_count = diff_sort(grid->ports, grid->port_count, sizeof(*grid->ports), diff_port_order);
	return 0;
}

/* ---- Comparing ---- */

static int diff_pair_order(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(struct diff_pair));
}

/* False: it was told before. */
static bool diff_is_new(struct diff_grid *grid, struct decision a, struct decision b)
{
	struct diff_pair *pair = malloc(sizeof(*pair));
	struct diff_pair **found;

	grid->out_of_memory |= !pair;
	if (!pair)
		return false;
	*pair = (struct diff_pair){ a.rule, b.rule };
	found = tsearch(pair, &grid->told, diff_pair_order);
	grid->out_of_memory |= !found;
	if (found && *found == pair)
		return true;
	free(pair);
	return false;
}

static void diff_address(struct diff_grid *grid, const struct address *address)
{
	struct decision a = policy_decide_address(grid->a, grid->category, address);
	struct decision b = policy_decide_address(grid->b, grid->category, address);
	char text[ADDRESS_TEXT_SIZE];

	if (a.action == b.action || !diff_is_new(grid, a, b))
		return;
	address_text(address, text);
	if (address->any)
		snprintf(text, sizeof(text), "%s!%u", address->kind == ADDRESS_IPV4 ? "0.0.0.0" : "::", address->port);
	grid->tell(grid->context, a, b, text);
}

static void diff_cell(struct diff_grid *grid, const struct diff_ip *ip, uint32_t port)
{
	static const uint8_t zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct address address = { .kind = ip->is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4, .port = (uint16_t)port };

	if (ip->is_ipv6 && memcmp(ip->ip, mapped, sizeof(mapped)) == 0)
		return;
	memcpy(address.ip, ip->ip, sizeof(ip->ip));
	/* Nothing is connected to the any-address: it is the loopback. */
	if (grid->category == CAT_NET_CONNECT && memcmp(ip->ip, zero, sizeof(zero)) == 0)
		address.ip[ip->is_ipv6 ? 15 : 3] = 1;
	diff_address(grid, &address);
}

static void diff_any(struct diff_grid *grid, uint32_t port)
{
	const struct address any4 = {
		.kind = ADDRESS_IPV4, .port = (uint16_t)port, .any = true, .ip = { 127, 0, 0, 1 }
	};
	const struct address any6 = { .kind = ADDRESS_IPV6, .port = (uint16_t)port, .any = true, .ip = { [15] = 1 } };

	diff_address(grid, &any4);
	diff_address(grid, &any6);
}

/* Too many together: where networks begin, with the ports of one after the other. */
static void diff_some(struct diff_grid *grid)
{
	size_t ip = 0, port = 0;

	for (size_t i = 0; i < grid->ip_count || i < grid->port_count; i++) {
		diff_cell(grid, &grid->ips[ip], grid->ports[port]);
		ip = ip + 1 < grid->ip_count ? ip + 1 : 0;
		port = port + 1 < grid->port_count ? port + 1 : 0;
	}
}

static int diff_compare(struct diff_grid *grid)
{
	bool all = grid->ip_count * grid->port_count <= DIFF_CELLS_MAX;

	for (size_t i = 0; i < grid->ip_count && all; i++)
		for (size_t j = 0; j < grid->port_count; j++)
			diff_cell(grid, &grid->ips[i], grid->ports[j]);
	if (!all)
		diff_some(grid);
	for (size_t i = 0; i < grid->port_count && grid->category == CAT_NET_CONNECT; i++)
		diff_any(grid, grid->ports[i]);
	return !all || grid->hosts ? -E2BIG : 0;
}

int policy_diff_addresses(const struct policy *a, const struct policy *b, enum category category,
	policy_diff_tell_fn *tell, void *context)
{
	struct diff_grid grid = { .a = a, .b = b, .category = category, .tell = tell, .context = context };
	int error = diff_fill(&grid);

	if (error == 0)
		error = diff_compare(&grid);
	tdestroy(grid.told, free);
	free(grid.ips);
	free(grid.ports);
	return grid.out_of_memory ? -ENOMEM : error;
}

void policy_diff_families(const struct policy *a, const struct policy *b, policy_diff_tell_fn *tell, void *context)
{
	struct diff_pair told[POLICY_LINK_FAMILIES];

	for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++) {
		struct decision of_a = policy_decide_link(a, i), of_b = policy_decide_link(b, i);
		unsigned before = 0;

		told[i] = (struct diff_pair){ of_a.rule, of_b.rule };
		while (diff_pair_order(&told[before], &told[i]) != 0)
			before++;
		if (before == i && of_a.action != of_b.action)
			tell(context, of_a, of_b, policy_link_name(i) ? policy_link_name(i) : "any other family");
	}
}
