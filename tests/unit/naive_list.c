/* The plain list of patterns, asked one by one from the last to the first. */
#include "tests/unit/naive_list.h"

#include "core/pattern.h"

size_t naive_list_last(const struct pattern *const *patterns, size_t count, const char *name, size_t length)
{
	while (count > 0 && !pattern_match_length(patterns[count - 1], name, length))
		count--;
	return count;
}
