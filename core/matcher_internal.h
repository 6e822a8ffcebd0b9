/*
 * The compiled form of a matcher, shared by core/matcher*.c and nobody else. Rules count from 1,
 * as in automata.
 */
#ifndef KENNEL_CORE_MATCHER_INTERNAL_H
#define KENNEL_CORE_MATCHER_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "core/matcher.h"

/* A literal name: its parent's, and one component more. Node 0 stands before the first one. */
struct matcher_node {
	const char *text; /* the component, in some pattern */
	uint32_t length;
	uint32_t parent;
	uint32_t exact;   /* the rule that is this name */
	uint32_t tree;    /* the rule that is this name and everything below */
	uint32_t highest; /* of this node and all below it */
	uint32_t first;   /* in parts: what is matched below this name otherwise */
	uint32_t part_count;
	bool parental; /* has children */
};

/* Parts of a node are ordered from the last rule to the first. */
struct matcher_part {
	uint32_t highest;
	struct automaton *automaton;   /* on what follows the node's slash, or */
	const struct pattern *pattern; /* on the whole name */
};

struct matcher_slot {
	uint32_t hash;
	uint32_t node; /* 0: free */
};

struct matcher {
	struct matcher_node *nodes;
	uint32_t node_count;
	size_t node_capacity;
	struct matcher_slot *slots;
	uint32_t slot_mask;
	struct matcher_part *parts;
	size_t part_count;
	size_t part_capacity;
	size_t leftover;
};

/* Reads no byte beyond text[length - 1]. */
static inline uint32_t matcher_hash(uint32_t parent, const char *text, size_t length)
{
	const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t hash = (parent + UINT64_C(1)) * factor + length;
	uint64_t word = 0;
	uint32_t half[2] = { 0, 0 };

	for (; length > 8; text += 8, length -= 8) {
		memcpy(&word, text, 8);
		hash = (hash ^ word) * factor;
		hash ^= hash >> 32;
	}
	if (length >= 4) {
		memcpy(&half[0], text, 4);
		memcpy(&half[1], text + length - 4, 4);
	} else if (length > 0) {
		half[0] = (uint32_t)(unsigned char)text[0] | (uint32_t)(unsigned char)text[length / 2] << 8;
		half[1] = (unsigned char)text[length - 1];
	}
	hash = (hash ^ half[0] ^ (uint64_t)half[1] << 32) * factor;
	return (uint32_t)(hash >> 32);
}

/* The child of a node for a component, 0: none. */
static inline uint32_t matcher_find(
	const struct matcher *matcher, uint32_t parent, const char *text, size_t length, uint32_t hash)
{
	for (uint32_t i = hash & matcher->slot_mask; matcher->slots[i].node; i = (i + 1) & matcher->slot_mask) {
		const struct matcher_node *node = &matcher->nodes[matcher->slots[i].node];

		if (matcher->slots[i].hash == hash && node->parent == parent && node->length == length &&
			memcmp(node->text, text, length) == 0)
			return matcher->slots[i].node;
	}
	return 0;
}

#endif
