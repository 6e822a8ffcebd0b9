/*
 * A matcher that is made once it has been asked for so much that it pays: most programs are short, and making one
 * takes as long as many decisions. Until then the patterns are tried one by one; the answers are the same.
 */
#ifndef KENNEL_CORE_MATCHER_LATE_H
#define KENNEL_CORE_MATCHER_LATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/automaton.h"

struct matcher_late;

/* Patterns and budget are only referred to; a list so long that making its matcher takes time has it made here. */
int matcher_late_new(const struct pattern *const *patterns, size_t count, struct automaton_budget *budget,
	struct matcher_late **matcher_out);
void matcher_late_free(struct matcher_late *matcher);

/* As matcher_last(). */
size_t matcher_late_last(struct matcher_late *matcher, const char *name, size_t length);

/* True when the matcher has been made. */
bool matcher_late_is_made(const struct matcher_late *matcher);

#endif
