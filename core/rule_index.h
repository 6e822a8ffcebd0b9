/*
 * The ordered rules of one category compiled, so that the last that matches is found in time that does not depend on
 * their number. Refers to the rules' patterns; deciding allocates nothing.
 */
#ifndef KENNEL_CORE_RULE_INDEX_H
#define KENNEL_CORE_RULE_INDEX_H

#include <stddef.h>

#include "core/address.h"
#include "core/automaton.h"
#include "core/policy.h"

struct rule_index;

/* The budget is that of matcher_late_new(), and lives as long as the index. 0 or -ENOMEM. */
int rule_index_new(
	const struct rule *rules, size_t count, struct automaton_budget *budget, struct rule_index **index_out);
void rule_index_free(struct rule_index *index);

/* One more than the index of the last rule that matches; 0: none does. */
size_t rule_index_name(const struct rule_index *index, const char *name, size_t length);
size_t rule_index_word(const struct rule_index *index, const char *word); /* net/link: no path is one */
size_t rule_index_address(const struct rule_index *index, const struct address *address);

#endif
