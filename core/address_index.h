/*
 * Which of many address patterns is the last that matches, in time that does not depend on how many there
 * are. Made once; asking allocates nothing. For core/rule_index.c.
 */
#ifndef KENNEL_CORE_ADDRESS_INDEX_H
#define KENNEL_CORE_ADDRESS_INDEX_H

#include <stddef.h>

#include "core/address_pattern.h"

struct address_index;

/* NULL among the patterns matches nothing. They are not referred to afterwards. 0 or -ENOMEM. */
int address_index_new(const struct address_pattern *const *patterns, size_t count, struct address_index **index_out);
void address_index_free(struct address_index *index);

/* One more than the index of the last pattern that matches; 0: none does. */
size_t address_index_last(const struct address_index *index, const struct address *address);

#endif
