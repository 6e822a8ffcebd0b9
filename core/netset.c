/*
 * Ranges are kept as bytes in network order, so that memcmp() is their order for both families.
 */
#include "core/netset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_WIDTH 4
#define IPV6_WIDTH 16

static uint8_t *netset_at(const struct netset_ranges *ranges, size_t width, size_t index)
{
	return ranges->bytes + index * width * 2;
}

static struct netset_ranges *netset_family(struct netset *set, bool is_ipv6)
{
	return is_ipv6 ? &set->ipv6 : &set->ipv4;
}

static void netset_bounds(const struct network *network, size_t width, uint8_t range_out[2 * IPV6_WIDTH])
{
	memcpy(range_out, network->ip, width);
	memcpy(range_out + width, network->ip, width);
	for (size_t bit = network->prefix; bit < width * 8; bit++)
		range_out[width + bit / 8] |= (uint8_t)(0x80U >> bit % 8);
}

/* Room for one more range; NULL: no memory. */
static uint8_t *netset_append(struct netset_ranges *ranges, size_t width)
{
	if (ranges->count == ranges->capacity) {
		size_t capacity = ranges->capacity * 2 + 64;
		uint8_t *larger = reallocarray(ranges->bytes, capacity, width * 2);

		if (!larger)
			return NULL;
		ranges->bytes = larger;
		ranges->capacity = capacity;
	}
	return netset_at(ranges, width, ranges->count++);
}

int netset_add(struct netset *set, const struct network *network)
{
	size_t width = network->is_ipv6 ? IPV6_WIDTH : IPV4_WIDTH;
	uint8_t *range = netset_append(netset_family(set, network->is_ipv6), width);

	if (!range)
		return -ENOMEM;
	netset_bounds(network, width, range);
	return 0;
}

static int netset_copy_ranges(struct netset_ranges *to, const struct netset_ranges *from, size_t width)
{
	if (!from->count)
		return 0;
	to->bytes = reallocarray(NULL, from->count, width * 2);
	if (!to->bytes)
		return -ENOMEM;
	memcpy(to->bytes, from->bytes, from->count * width * 2);
	to->count = to->capacity = from->count;
	return 0;
}

int netset_copy(struct netset *to, const struct netset *from)
{
	int error = netset_copy_ranges(&to->ipv4, &from->ipv4, IPV4_WIDTH);

	return error ? error : netset_copy_ranges(&to->ipv6, &from->ipv6, IPV6_WIDTH);
}

static bool netset_extends_ranges(const struct netset_ranges *ranges, const struct netset_ranges *other, size_t width)
{
	return ranges->count >= other->count &&
	       (!other->count || memcmp(ranges->bytes, other->bytes, other->count * width * 2) == 0);
}

bool netset_extends(const struct netset *set, const struct netset *other)
{
	return netset_extends_ranges(&set->ipv4, &other->ipv4, IPV4_WIDTH) &&
	       netset_extends_ranges(&set->ipv6, &other->ipv6, IPV6_WIDTH);
}

void netset_remove(struct netset *set, const struct network *network, bool every)
{
	struct netset_ranges *ranges = netset_family(set, network->is_ipv6);
	size_t width = network->is_ipv6 ? IPV6_WIDTH : IPV4_WIDTH;
	uint8_t range[2 * IPV6_WIDTH];

	netset_bounds(network, width, range);
	for (size_t i = ranges->count; i-- > 0;) {
		uint8_t *found = netset_at(ranges, width, i);

		if (memcmp(found, range, width * 2) != 0)
			continue;
		ranges->count--;
		memmove(found, found + width * 2, (ranges->count - i) * width * 2);
		if (!every)
			return;
	}
}

static int netset_order4(const void *one, const void *other)
{
	return memcmp(one, other, IPV4_WIDTH);
}

static int netset_order6(const void *one, const void *other)
{
	return memcmp(one, other, IPV6_WIDTH);
}

/* The address behind this one; false behind the last of all. */
static bool netset_next(const uint8_t *address, size_t width, uint8_t *next_out)
{
	memcpy(next_out, address, width);
	for (size_t i = width; i-- > 0;)
		if (++next_out[i])
			return true;
	return false;
}

static void netset_before(const uint8_t *address, size_t width, uint8_t *before_out)
{
	memcpy(before_out, address, width);
	for (size_t i = width; i-- > 0;)
		if (before_out[i]-- > 0)
			return;
}

/* Begins this range inside of the other one, or right behind it? */
static bool netset_touches(const uint8_t *range, const uint8_t *earlier, size_t width)
{
	uint8_t next[IPV6_WIDTH];

	return !netset_next(earlier + width, width, next) || memcmp(range, next, width) <= 0;
}

static void netset_join(struct netset_ranges *ranges, size_t width)
{
	size_t kept = 0;

	for (size_t i = 1; i < ranges->count; i++) {
		uint8_t *last = netset_at(ranges, width, kept);
		const uint8_t *range = netset_at(ranges, width, i);

		if (!netset_touches(range, last, width))
			memmove(netset_at(ranges, width, ++kept), range, width * 2);
		else if (memcmp(range + width, last + width, width) > 0)
			memcpy(last + width, range + width, width);
	}
	if (ranges->count > 0)
		ranges->count = kept + 1;
}

void netset_seal(struct netset *set)
{
	if (set->ipv4.count > 0)
		qsort(set->ipv4.bytes, set->ipv4.count, (size_t)IPV4_WIDTH * 2, netset_order4);
	if (set->ipv6.count > 0)
		qsort(set->ipv6.bytes, set->ipv6.count, (size_t)IPV6_WIDTH * 2, netset_order6);
	netset_join(&set->ipv4, IPV4_WIDTH);
	netset_join(&set->ipv6, IPV6_WIDTH);
	set->sealed = true;
}

static int netset_keep(struct netset_ranges *less, size_t width, const uint8_t *first, const uint8_t *last)
{
	uint8_t *range = netset_append(less, width);

	if (!range)
		return -ENOMEM;
	memcpy(range, first, width);
	memcpy(range + width, last, width);
	return 0;
}

/* What is left of one range; *at: the first of the other set's that does not end before it. */
static int netset_subtract_range(
	struct netset_ranges *less, const uint8_t *range, const struct netset_ranges *other, size_t width, size_t *at)
{
	uint8_t first[IPV6_WIDTH];
	uint8_t last[IPV6_WIDTH];

	memcpy(first, range, width);
	while (*at < other->count && memcmp(netset_at(other, width, *at) + width, first, width) < 0)
		++*at;
	for (; *at < other->count; ++*at) {
		const uint8_t *without = netset_at(other, width, *at);

		if (memcmp(without, range + width, width) > 0)
			break;
		netset_before(without, width, last);
		if (memcmp(without, first, width) > 0 && netset_keep(less, width, first, last))
			return -ENOMEM;
		/* It may reach into the next range, too. */
		if (memcmp(without + width, range + width, width) >= 0)
			return 0;
		netset_next(without + width, width, first);
	}
	return netset_keep(less, width, first, range + width);
}

static int netset_subtract_ranges(
	struct netset_ranges *less, const struct netset_ranges *from, const struct netset_ranges *other, size_t width)
{
	size_t at = 0;
	int error = 0;

	for (size_t i = 0; i < from->count && error == 0; i++)
		error = netset_subtract_range(less, netset_at(from, width, i), other, width, &at);
	return error;
}

int netset_subtract(struct netset *less, const struct netset *from, const struct netset *other)
{
	int error = netset_subtract_ranges(&less->ipv4, &from->ipv4, &other->ipv4, IPV4_WIDTH);

	return error ? error : netset_subtract_ranges(&less->ipv6, &from->ipv6, &other->ipv6, IPV6_WIDTH);
}

static bool netset_find(const struct netset_ranges *ranges, size_t width, const uint8_t *ip)
{
	size_t low = 0;
	size_t high = ranges->count;

	/* The last range that begins at the address or before it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(netset_at(ranges, width, middle), ip, width) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && memcmp(ip, netset_at(ranges, width, low - 1) + width, width) <= 0;
}

bool netset_holds(const struct netset *set, const struct address *address)
{
	if (address->kind == ADDRESS_IPV4)
		return netset_find(&set->ipv4, IPV4_WIDTH, address->ip);
	return address->kind == ADDRESS_IPV6 && netset_find(&set->ipv6, IPV6_WIDTH, address->ip);
}

size_t netset_count(const struct netset *set)
{
	return set->ipv4.count + set->ipv6.count;
}

void netset_visit(const struct netset *set, netset_visit_fn *visit, void *context)
{
	for (size_t i = 0; i < set->ipv4.count; i++) {
		const uint8_t *range = netset_at(&set->ipv4, IPV4_WIDTH, i);

		visit(context, false, range, range + IPV4_WIDTH);
	}
	for (size_t i = 0; i < set->ipv6.count; i++) {
		const uint8_t *range = netset_at(&set->ipv6, IPV6_WIDTH, i);

		visit(context, true, range, range + IPV6_WIDTH);
	}
}

void netset_free(struct netset *set)
{
	free(set->ipv4.bytes);
	free(set->ipv6.bytes);
	*set = (struct netset){ 0 };
}
