/*
 * A table of all networks that patterns name, by hash: an address is looked up once for each length of prefix that
 * there is. The ports of a network are cut into spans, each with the last pattern that has them.
 */
#include "core/address_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"

#define PORTS 65536u
#define PREFIXES_MAX 129u

/* One network of one pattern. */
struct index_item {
	struct network network;
	uint16_t low, high;
	uint32_t number; /* one more than the pattern's index */
};

/* Ports from low to the next span of the network. */
struct index_span {
	uint16_t low;
	uint32_t last; /* as number; 0: none */
};

struct index_network {
	struct network network;
	uint32_t first; /* of its spans */
	uint32_t count;
};

/* Most of what is not there differs in the tag already. */
struct index_slot {
	uint32_t tag;
	uint32_t number; /* one more than the index of a network; 0: free */
};

struct index_prefixes {
	uint8_t lengths[PREFIXES_MAX]; /* the longest first */
	size_t count;
};

struct address_index {
	struct index_prefixes ipv4, ipv6;
	struct index_network *networks;
	size_t network_count;
	struct index_span *spans;
	size_t span_count;
	struct index_slot *slots;
	uint32_t mask;
};

/* ---- Asking ---- */

/* Where the table is lies in the hash: nobody can write networks that all meet in one slot. */
static uint64_t address_index_hash(const struct address_index *index, const struct network *network)
{
	uint64_t words[2];
	uint64_t hash;

	memcpy(words, network->ip, sizeof(words));
	hash = (words[0] ^ (uintptr_t)index->slots) * UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 32 ^ words[1] ^ ((uint64_t)network->prefix << 1 | network->is_ipv6);
	hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 32;
}

/* The slot of this network, or the free one that it would have. */
static struct index_slot *address_index_find(
	const struct address_index *index, const struct network *network, uint32_t *tag_out)
{
	uint64_t hash = address_index_hash(index, network);
	uint32_t tag = (uint32_t)(hash >> 32);

	*tag_out = tag;
	for (uint32_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
		struct index_slot *slot = &index->slots[at];

		if (slot->number == 0)
			return slot;
		if (slot->tag == tag &&
			memcmp(&index->networks[slot->number - 1].network, network, sizeof(*network)) == 0)
			return slot;
	}
}

static size_t address_index_ports(const struct address_index *index, const struct network *network, uint16_t port)
{
	uint32_t tag;
	uint32_t found = address_index_find(index, network, &tag)->number;
	const struct index_span *spans;
	size_t low = 0;
	size_t high;

	if (!found)
		return 0;
	spans = index->spans + index->networks[found - 1].first;
	high = index->networks[found - 1].count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (spans[middle].low <= port)
			low = middle;
		else
			high = middle;
	}
	return spans[low].last;
}

static void address_index_shorten(struct network *network, uint8_t prefix)
{
	size_t byte = prefix / 8;

	network->prefix = prefix;
	if (byte >= sizeof(network->ip))
		return;
	network->ip[byte] &= (uint8_t)(0xff00U >> prefix % 8);
	memset(network->ip + byte + 1, 0, sizeof(network->ip) - byte - 1);
}

size_t address_index_last(const struct address_index *index, const struct address *address)
{
	struct network network = network_of(address);
	const struct index_prefixes *prefixes = network.is_ipv6 ? &index->ipv6 : &index->ipv4;
	/* A pattern for the any-address itself means it, whatever it reaches. */
	const struct network any = { .is_ipv6 = network.is_ipv6, .prefix = network.prefix };
	size_t last = address->any ? address_index_ports(index, &any, address->port) : 0;

	for (size_t i = 0; i < prefixes->count; i++) {
		size_t found;

		address_index_shorten(&network, prefixes->lengths[i]);
		found = address_index_ports(index, &network, address->port);
		last = found > last ? found : last;
	}
	return last;
}

/* ---- Making ---- */

/* By network, those of the longest prefix first; of one network the last pattern first. */
static int address_index_order(const void *one, const void *other)
{
	const struct index_item *a = one, *b = other;
	int order = memcmp(a->network.ip, b->network.ip, sizeof(a->network.ip));

	if (a->network.is_ipv6 != b->network.is_ipv6)
		return a->network.is_ipv6 - b->network.is_ipv6;
	if (a->network.prefix != b->network.prefix)
		return b->network.prefix - a->network.prefix;
	if (order != 0)
		return order;
	return (a->number < b->number) - (a->number > b->number);
}

static struct index_item *address_index_items(
	const struct address_pattern *const *patterns, size_t count, size_t *item_count_out)
{
	struct index_item *items;
	size_t filled = 0;

	for (size_t i = 0; i < count; i++)
		filled += patterns[i] ? patterns[i]->network_count : 0;
	*item_count_out = filled;
	items = calloc(filled + 1, sizeof(*items));
	filled = 0;
	for (size_t i = 0; items && i < count; i++)
		for (size_t j = 0; patterns[i] && j < patterns[i]->network_count; j++)
			items[filled++] = (struct index_item){ patterns[i]->networks[j], patterns[i]->port_low,
				patterns[i]->port_high, (uint32_t)i + 1 };
	if (items)
		qsort(items, filled, sizeof(*items), address_index_order);
	return items;
}

static int address_index_span_order(const void *one, const void *other)
{
	return ((const struct index_span *)one)->low - ((const struct index_span *)other)->low;
}

/* Begins a span wherever an item begins or ends; the number of them. */
static size_t address_index_cut(const struct index_item *items, size_t count, struct index_span *spans)
{
	size_t cuts = 0;
	size_t kept = 0;

	spans[cuts++].low = 0;
	for (size_t i = 0; i < count; i++) {
		spans[cuts++].low = items[i].low;
		if (items[i].high < PORTS - 1)
			spans[cuts++].low = items[i].high + 1;
	}
	qsort(spans, cuts, sizeof(*spans), address_index_span_order);
	for (size_t i = 1; i < cuts; i++)
		if (spans[i].low != spans[kept].low)
			spans[++kept].low = spans[i].low;
	return kept + 1;
}

/* The first span from here on that has no pattern yet; what is skipped is skipped at once the next time. */
static size_t address_index_open(uint32_t *next, size_t at)
{
	while (next[at] != at)
		at = next[at] = next[next[at]];
	return at;
}

/* The last pattern comes first: what is filled stays. next: as many as there are spans, and one. */
static void address_index_paint(
	const struct index_item *items, size_t count, struct index_span *spans, size_t span_count, uint32_t *next)
{
	for (size_t i = 0; i <= span_count; i++)
		next[i] = (uint32_t)i;
	for (size_t i = 0; i < count; i++) {
		const struct index_span key = { .low = items[i].low };
		const struct index_span *first =
			bsearch(&key, spans, span_count, sizeof(*spans), address_index_span_order);
		size_t at = address_index_open(next, (size_t)(first - spans));

		for (; at < span_count && spans[at].low <= items[i].high; at = address_index_open(next, at)) {
			spans[at].last = items[i].number;
			next[at] = (uint32_t)at + 1;
		}
	}
}

static void address_index_put(struct address_index *index, const struct network *network, size_t span_count)
{
	struct index_prefixes *prefixes = network->is_ipv6 ? &index->ipv6 : &index->ipv4;
	uint32_t tag;
	struct index_slot *slot = address_index_find(index, network, &tag);

	/* Those of one length come together. */
	if (prefixes->count == 0 || prefixes->lengths[prefixes->count - 1] != network->prefix)
		prefixes->lengths[prefixes->count++] = network->prefix;
	index->networks[index->network_count++] =
		(struct index_network){ *network, (uint32_t)index->span_count, (uint32_t)span_count };
	*slot = (struct index_slot){ tag, (uint32_t)index->network_count };
	index->span_count += span_count;
}

static int address_index_fill(struct address_index *index, const struct index_item *items, size_t count)
{
	AUTO_FREE uint32_t *next = calloc(3 * count + 2, sizeof(*next));
	size_t same;

	while (index->mask < 2 * count)
		index->mask = index->mask * 2 + 1;
	index->networks = calloc(count + 1, sizeof(*index->networks));
	index->spans = calloc(3 * count + 1, sizeof(*index->spans));
	index->slots = calloc((size_t)index->mask + 1, sizeof(*index->slots));
	if (!next || !index->networks || !index->spans || !index->slots)
		return -ENOMEM;
	for (size_t i = 0; i < count; i += same) {
		struct index_span *spans = index->spans + index->span_count;
		size_t span_count;

		for (same = 1; i + same < count; same++)
			if (memcmp(&items[i].network, &items[i + same].network, sizeof(items->network)) != 0)
				break;
		span_count = address_index_cut(items + i, same, spans);
		address_index_paint(items + i, same, spans, span_count, next);
		address_index_put(index, &items[i].network, span_count);
	}
	return 0;
}

int address_index_new(const struct address_pattern *const *patterns, size_t count, struct address_index **index_out)
{
	struct address_index *index = calloc(1, sizeof(*index));
	size_t item_count = 0;
	AUTO_FREE struct index_item *items = address_index_items(patterns, count, &item_count);
	int error = index && items ? address_index_fill(index, items, item_count) : -ENOMEM;

	if (error)
		address_index_free(index);
	else
		*index_out = index;
	return error;
}

void address_index_free(struct address_index *index)
{
	if (!index)
		return;
	free(index->networks);
	free(index->spans);
	free(index->slots);
	free(index);
}
