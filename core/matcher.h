/*
 * Which of many patterns is the last that matches a name, in time that does not depend on how
 * many there are: literal beginnings in a tree by component, the rest in automata. Made once;
 * deciding allocates nothing.
 */
#ifndef KENNEL_CORE_MATCHER_H
#define KENNEL_CORE_MATCHER_H

#include <stddef.h>
#include <stdint.h>

#include "core/automaton.h"

struct matcher;

/*
 * The patterns are only referred to; NULL matches nothing. The budget bounds the automata of all matchers that share
 * it; what does not fit is matched pattern by pattern. 0 or -ENOMEM.
 */
int matcher_new(const struct pattern *const *patterns, size_t count, struct automaton_budget *budget,
	struct matcher **matcher_out);
void matcher_free(struct matcher *matcher);

/* One more than the index of the last pattern that matches; 0: none does. */
size_t matcher_last(const struct matcher *matcher, const char *name, size_t length);

/* How many pattern branches are matched one by one, because no automaton could be made of them. */
size_t matcher_leftover(const struct matcher *matcher);

#endif
