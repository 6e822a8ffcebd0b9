/*
 * The compiled form of a matcher, shared by core/matcher*.c and nobody else. Rules count from 1,
 * as in automata.
 */
#ifndef KENNEL_CORE_MATCHER_INTERNAL_H
#define KENNEL_CORE_MATCHER_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "core/matcher.h"
#include "core/matcher_piece.h"

/* A literal name: its parent's, and one component more. Node 0 stands before the first one. */
struct matcher_node {
	const char *text; /* the component, in some pattern */
	uint64_t first;   /* as in a piece */
	uint32_t hash;
	uint32_t length;
	uint32_t parent;
	uint32_t exact;   /* the rule that is this name */
	uint32_t tree;    /* the rule that is this name and everything below */
	uint32_t highest; /* of this node and all below it */
	uint32_t part;    /* the first of what is matched below this name otherwise */
	uint32_t part_count;
	bool parental; /* has children */
};

/* Parts of a node are ordered from the last rule to the first. */
struct matcher_part {
	uint32_t highest;
	struct automaton *automaton;   /* on what follows the node's slash, or */
	const struct pattern *pattern; /* on the whole name */
	uint64_t ends[4];              /* the bytes with which a name can end that some of it matches */
};

struct matcher {
	struct matcher_node *nodes;
	uint32_t node_count;
	size_t node_capacity;
	uint32_t *slots; /* nodes by parent and component, 0: free */
	uint32_t slot_mask;
	struct matcher_part *parts;
	size_t part_count;
	size_t part_capacity;
	size_t leftover;
};

static inline uint32_t matcher_slot(const struct matcher *matcher, uint32_t parent, const struct matcher_piece *piece)
{
	return (piece->hash + parent * UINT32_C(0x85ebca6b)) & matcher->slot_mask;
}

/* The child of a node, 0: none. */
static inline uint32_t matcher_find(const struct matcher *matcher, uint32_t parent, const struct matcher_piece *piece)
{
	for (uint32_t i = matcher_slot(matcher, parent, piece); matcher->slots[i]; i = (i + 1) & matcher->slot_mask) {
		const struct matcher_node *node = &matcher->nodes[matcher->slots[i]];

		if (node->first == piece->first && node->parent == parent && node->length == piece->length &&
			(piece->length <= 8 || memcmp(node->text + 8, piece->text + 8, piece->length - 8) == 0))
			return matcher->slots[i];
	}
	return 0;
}

#endif
