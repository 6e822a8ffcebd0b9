/*
 * A set of IP addresses, from networks in any number and order: aggregated into ranges that
 * neither touch nor overlap, looked up by halving. For block+ and its files.
 */
#ifndef KENNEL_CORE_NETSET_H
#define KENNEL_CORE_NETSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address_pattern.h"

/* First and last address of ranges, one behind the other, `width` bytes each (4 or 16). */
struct netset_ranges {
	uint8_t *bytes;
	size_t count;
	size_t capacity;
};

struct netset {
	struct netset_ranges ipv4;
	struct netset_ranges ipv6;
	bool sealed;
};

/* 0 or -ENOMEM; never after netset_seal(). */
int netset_add(struct netset *set, const struct network *network);

/* Takes the last (or every) one that is equal away again; before netset_seal(). */
void netset_remove(struct netset *set, const struct network *network, bool every);

/* The same ranges, which more may be added to. `to` is empty. 0 or -ENOMEM. */
int netset_copy(struct netset *to, const struct netset *from);

/* Are these the ranges of the other one, in its order, and perhaps more behind them? */
bool netset_extends(const struct netset *set, const struct netset *other);

/* Adds what is in one (sealed) set and not in the other (sealed) to `less`, which is empty. 0 or -ENOMEM. */
int netset_subtract(struct netset *less, const struct netset *from, const struct netset *other);

/* Sorts and joins; from now on it can be asked. */
void netset_seal(struct netset *set);

bool netset_holds(const struct netset *set, const struct address *address);
size_t netset_count(const struct netset *set);
void netset_free(struct netset *set);

/* Visits every range in order: families, first and last address. */
typedef void netset_visit_fn(void *context, bool is_ipv6, const uint8_t *first, const uint8_t *last);
void netset_visit(const struct netset *set, netset_visit_fn *visit, void *context);

#endif
