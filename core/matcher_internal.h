/*
 * The compiled form of a matcher, shared by core/matcher*.c and nobody else. Rules count from 1,
 * as in automata.
 */
#ifndef KENNEL_CORE_MATCHER_INTERNAL_H
#define KENNEL_CORE_MATCHER_INTERNAL_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "core/matcher.h"

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

/* A component of a name. */
struct matcher_piece {
	const char *text;
	size_t length;
	uint64_t first; /* its first eight bytes, or all of it and zeros */
	uint32_t hash;
};

/* Up to eight bytes of name[at..length), and zeros; no byte behind them is read. */
static inline uint64_t matcher_load(const char *name, size_t length, size_t at)
{
	uint64_t word = 0;

	if (length - at >= 8) {
		memcpy(&word, name + at, 8);
		return le64toh(word);
	}
	if (length >= 8 && at < length) {
		memcpy(&word, name + length - 8, 8);
		return le64toh(word) >> (8 * (8 - (length - at)));
	}
	for (size_t i = length; i-- > at;)
		word = word << 8 | (unsigned char)name[i];
	return word;
}

/* Where the first slash is among the eight bytes; 8: there is none. */
static inline size_t matcher_slash(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t other = word ^ ones * '/';
	uint64_t found = (other - ones) & ~other & ones << 7;

	return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

/* The component of name[0..length) that starts at at, to the next slash or the end. */
static inline struct matcher_piece matcher_piece(const char *name, size_t length, size_t at)
{
	struct matcher_piece piece = { .text = name + at };
	uint64_t hash = 0;
	size_t taken;

	do {
		uint64_t word = matcher_load(name, length, at);

		taken = matcher_slash(word);
		if (taken < 8)
			word &= (UINT64_C(1) << 8 * taken) - 1;
		if (taken > length - at)
			taken = length - at;
		if (piece.length == 0)
			piece.first = word;
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
		piece.length += taken;
		at += taken;
	} while (taken == 8);
	piece.hash = (uint32_t)hash;
	return piece;
}

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
