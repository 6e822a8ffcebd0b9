/*
 * When to make a matcher: after as many decisions as cost about what making it does, whatever the number of
 * patterns, because both grow with that. The matching is in core/matcher.c and core/pattern_match.c.
 */
#include "core/matcher_late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/matcher.h"
#include "core/pattern.h"

#define MATCHER_LATE_DECISIONS 128u
#define MATCHER_LATE_PATTERNS 256u /* of more, making one would hold up the calls that wait */

struct matcher_late {
	struct matcher *matcher; /* NULL: not yet, or no memory for one */
	struct automaton_budget *budget;
	unsigned decisions;
	size_t count;
	const struct pattern *patterns[];
};

int matcher_late_new(const struct pattern *const *patterns, size_t count, struct automaton_budget *budget,
	struct matcher_late **matcher_out)
{
	struct matcher_late *late = malloc(sizeof(*late) + count * sizeof(*patterns));
	int result = 0;

	if (!late)
		return -ENOMEM;
	*late = (struct matcher_late){ .budget = budget, .count = count };
	if (count)
		memcpy(late->patterns, patterns, count * sizeof(*patterns));
	if (count > MATCHER_LATE_PATTERNS)
		result = matcher_new(late->patterns, count, budget, &late->matcher);
	if (result)
		free(late);
	else
		*matcher_out = late;
	return result;
}

void matcher_late_free(struct matcher_late *late)
{
	if (!late)
		return;
	matcher_free(late->matcher);
	free(late);
}

size_t matcher_late_last(struct matcher_late *late, const char *name, size_t length)
{
	size_t last = late->count;

	/* Once: without memory for it the list goes on being walked. */
	if (!late->matcher && late->decisions <= MATCHER_LATE_DECISIONS && late->decisions++ == MATCHER_LATE_DECISIONS)
		matcher_new(late->patterns, late->count, late->budget, &late->matcher);
	if (late->matcher)
		return matcher_last(late->matcher, name, length);
	while (last > 0 && !(late->patterns[last - 1] && pattern_match_length(late->patterns[last - 1], name, length)))
		last--;
	return last;
}

bool matcher_late_is_made(const struct matcher_late *late)
{
	return late->matcher != NULL;
}
