/*
 * Two ordered lists of patterns side by side, in each of which the last that matches wins: which
 * pairs of winners there are, over all names that can exist, and a shortest name for each pair.
 */
#ifndef KENNEL_CORE_PATTERN_PRODUCT_H
#define KENNEL_CORE_PATTERN_PRODUCT_H

#include "core/pattern.h"

struct pattern_row {
	const struct pattern *const *patterns;
	size_t count;
};

enum pattern_names {
	PATTERN_NAMES_PATHS,    /* canonical absolute paths */
	PATTERN_NAMES_BELOW,    /* paths but the root */
	PATTERN_NAMES_FILES,    /* paths, and the names of memory files */
	PATTERN_NAMES_WORDS,    /* words without a slash */
	PATTERN_NAMES_ABSTRACT, /* '@' and anything: UNIX sockets that are no files */
};

/* a, b: the winner's index in its list, its count where none matches. */
typedef void pattern_pair_fn(void *context, size_t a, size_t b, const char *name);

/*
 * Calls pair once for each pair of winners. 0: for all that there are; -E2BIG: there were too many
 * combinations to look at, and some pairs may be missing; -ENOMEM.
 */
int pattern_product(const struct pattern_row *a, const struct pattern_row *b, enum pattern_names names,
	pattern_pair_fn *pair, void *context);

/* The number of branches that braces make, and some name that one of them matches; false: too long. */
size_t pattern_branches(const struct pattern *pattern);
bool pattern_witness(const struct pattern *pattern, size_t branch, char *buffer, size_t size);

#endif
