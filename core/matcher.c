/*
 * Matching: down the tree along the name, as deep as some rule goes and can still matter. How a
 * matcher is made is in core/matcher_build.c.
 */
#include "core/matcher.h"

#include <stdlib.h>

#include "core/matcher_internal.h"
#include "core/pattern.h"

/* The parts of a node, whose names begin at rest. */
static uint32_t matcher_parts(const struct matcher *matcher, const struct matcher_node *node, const char *name,
	size_t length, size_t rest, uint32_t best)
{
	unsigned char end = length > 0 ? (unsigned char)name[length - 1] : 0;

	for (uint32_t i = 0; i < node->part_count; i++) {
		const struct matcher_part *part = &matcher->parts[node->part + i];

		if (part->highest <= best)
			break;
		if (!(part->ends[end / 64] >> (end % 64) & 1))
			continue;
		if (part->automaton)
			best = automaton_run(part->automaton, name + rest, length - rest, best);
		else if (pattern_match_length(part->pattern, name, length))
			best = part->highest;
	}
	return best;
}

size_t matcher_last(const struct matcher *matcher, const char *name, size_t length)
{
	const struct matcher_node *node = &matcher->nodes[0];
	uint32_t best = matcher_parts(matcher, node, name, length, 0, 0);
	size_t at = 0;

	while (node->parental) {
		struct matcher_piece piece = matcher_piece(name, length, at);

		node = matcher->nodes + matcher_find(matcher, (uint32_t)(node - matcher->nodes), &piece);
		if (node == matcher->nodes || node->highest <= best)
			break;
		best = node->tree > best ? node->tree : best;
		at += piece.length + 1;
		if (at > length)
			return node->exact > best ? node->exact : best;
		best = matcher_parts(matcher, node, name, length, at, best);
	}
	return best;
}

size_t matcher_leftover(const struct matcher *matcher)
{
	return matcher->leftover;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	for (size_t i = 0; i < matcher->part_count; i++)
		automaton_free(matcher->parts[i].automaton);
	free(matcher->parts);
	free(matcher->nodes);
	free(matcher->slots);
	free(matcher);
}
