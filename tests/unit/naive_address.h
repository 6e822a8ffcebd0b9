/*
 * The reference for decisions on addresses: bit by bit, pattern by pattern, from the last. Slow and obviously right.
 * Also for fuzzing, so nothing of Criterion here.
 */
#ifndef KENNEL_TESTS_NAIVE_ADDRESS_H
#define KENNEL_TESTS_NAIVE_ADDRESS_H

#include "core/address_pattern.h"

bool naive_address_in(const struct network *network, const struct address *address);

/* As address_index_last(). */
size_t naive_address_last(const struct address_pattern *const *patterns, size_t count, const struct address *address);

#endif
