/*
 * Running automata. One table look-up for each byte; the row is only looked at where it says so.
 * What a "**" at the end or a directory with all below it has matched stays matched, so it is kept
 * aside as a number, and the states need not remember it. How automata are made is in
 * core/automaton_build.c.
 */
#include "core/automaton.h"

#include <string.h>

#include "core/automaton_internal.h"

static uint32_t automaton_higher(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Nothing but star can still change best, and a slash would take that away. */
static uint32_t automaton_end(const char *rest, size_t length, uint32_t best, uint32_t star)
{
	return star > best && (length == 0 || !memchr(rest, '/', length)) ? star : best;
}

uint32_t automaton_run(const struct automaton *automaton, const char *text, size_t length, uint32_t best)
{
	uint32_t cell = automaton->start;
	uint32_t star = 0;

	for (size_t i = 0;; i++) {
		const uint32_t *row = automaton->cells + (cell & ~AUTOMATON_LOOK);
		const uint32_t *columns = row + automaton->class_count;

		if (cell & AUTOMATON_LOOK) {
			star = i > 0 && text[i - 1] == '/' ? 0 : star;
			star = automaton_higher(star, columns[AUTOMATON_STAR]);
			best = automaton_higher(best, columns[AUTOMATON_DEEP]);
			if (columns[AUTOMATON_REACH] <= best)
				return automaton_end(text + i, length - i, best, star);
		}
		if (i == length)
			return automaton_higher(automaton_higher(best, star), columns[AUTOMATON_ACCEPT]);
		cell = row[automaton->classes[(unsigned char)text[i]]];
	}
}
