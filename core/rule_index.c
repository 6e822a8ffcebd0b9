/*
 * A matcher for the rules about names, a table for those about addresses, and the last one for everything.
 */
#include "core/rule_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/address_index.h"
#include "core/cleanup.h"
#include "core/matcher_late.h"

struct rule_index {
	struct matcher_late *names;
	struct address_index *addresses;
	size_t everything; /* as what is answered */
};

int rule_index_new(
	const struct rule *rules, size_t count, struct automaton_budget *budget, struct rule_index **index_out)
{
	AUTO_FREE const struct pattern **patterns = calloc(count + 1, sizeof(*patterns));
	AUTO_FREE const struct address_pattern **addresses = calloc(count + 1, sizeof(*addresses));
	struct rule_index *index = calloc(1, sizeof(*index));
	int error = patterns && addresses && index ? 0 : -ENOMEM;

	for (size_t i = 0; error == 0 && i < count; i++) {
		addresses[i] = rules[i].address;
		patterns[i] = rules[i].address ? NULL : rules[i].pattern;
		if (rules[i].everything)
			index->everything = i + 1;
	}
	if (error == 0)
		error = matcher_late_new(patterns, count, budget, &index->names);
	if (error == 0)
		error = address_index_new(addresses, count, &index->addresses);
	if (error)
		rule_index_free(index);
	else
		*index_out = index;
	return error;
}

void rule_index_free(struct rule_index *index)
{
	if (!index)
		return;
	matcher_late_free(index->names);
	address_index_free(index->addresses);
	free(index);
}

size_t rule_index_name(const struct rule_index *index, const char *name, size_t length)
{
	return matcher_late_last(index->names, name, length);
}

size_t rule_index_word(const struct rule_index *index, const char *word)
{
	size_t last = matcher_late_last(index->names, word, strlen(word));

	return last > index->everything ? last : index->everything;
}

size_t rule_index_address(const struct rule_index *index, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	size_t last;

	if (address_is_ip(address)) {
		last = address_index_last(index->addresses, address);
		return last > index->everything ? last : index->everything;
	}
	address_text(address, text);
	return rule_index_word(index, text);
}
