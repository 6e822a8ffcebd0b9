/*
 * The compiled form of an automaton, and the tree of tokens that it is made from: shared by
 * core/automaton*.c and nobody else.
 */
#ifndef KENNEL_CORE_AUTOMATON_INTERNAL_H
#define KENNEL_CORE_AUTOMATON_INTERNAL_H

#include <stdbool.h>

#include "core/automaton.h"
#include "core/pattern_internal.h"

#define AUTOMATON_SETS_MAX 256u

/*
 * A state is a row: the cells of the classes (row of the next state, perhaps with LOOK), then
 * these, all of them rules.
 */
enum automaton_column {
	AUTOMATON_ACCEPT, /* matched if the text ends here */
	AUTOMATON_DEEP,   /* matched whatever follows */
	AUTOMATON_STAR,   /* matched unless a slash follows */
	AUTOMATON_REACH,  /* the highest that can still be matched in another way */
	AUTOMATON_COLUMNS,
};

/* In a cell: the row says more than where to go next, or a slash was read. */
#define AUTOMATON_LOOK (UINT32_C(1) << 31)

struct automaton {
	uint32_t class_count;
	uint32_t start; /* a cell */
	uint8_t classes[256];
	uint32_t cells[];
};

/* Position in one or more branches: these tokens have been read. Position 0 is the start. */
struct automaton_position {
	uint8_t kind; /* of the last token read */
	uint8_t byte;
	uint16_t set;     /* index into sets */
	uint32_t child;   /* 0: none */
	uint32_t next;    /* sibling */
	uint32_t accept;  /* the highest rule whose branch ends here */
	uint32_t tree;    /* the same, of those that take everything below too */
	uint32_t highest; /* of this position and all that follow */
};

struct automaton_tokens {
	struct automaton_position *positions;
	uint32_t count;
	const struct pattern_set *sets[AUTOMATON_SETS_MAX];
	uint32_t set_count;
	uint8_t classes[256]; /* bytes that no token tells apart are one class */
	uint8_t samples[256]; /* a byte of each class */
	uint32_t class_count;
};

/* core/automaton_tokens.c: 0, -ENOMEM, -E2BIG. */
int automaton_tokens_init(struct automaton_tokens *tokens, const struct automaton_branch *branches, size_t count);
void automaton_tokens_release(struct automaton_tokens *tokens);

/* True when the token of the position can read this byte. */
static inline bool automaton_reads(
	const struct automaton_tokens *tokens, const struct automaton_position *position, uint8_t byte)
{
	switch ((enum pattern_token_kind)position->kind) {
	case PATTERN_BYTE:
		return position->byte == byte;
	case PATTERN_SET:
		return tokens->sets[position->set]->bits[byte / 64] >> (byte % 64) & 1;
	case PATTERN_ANY:
	case PATTERN_STAR:
		return byte != '/';
	case PATTERN_DEEP:
	case PATTERN_TREE:
	case PATTERN_OPEN:
	case PATTERN_NEXT:
	case PATTERN_CLOSE:
		break;
	}
	return true;
}

static inline bool automaton_repeats(const struct automaton_position *position)
{
	return position->kind == PATTERN_STAR || position->kind == PATTERN_DEEP;
}

#endif
