/*
 * The branches of many patterns as one tree of tokens, in which equal beginnings are one, and the
 * classes of bytes that the tokens tell apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/automaton_internal.h"

/* The number of a set; equal sets of different patterns are one. -1: too many. */
static int automaton_set(struct automaton_tokens *tokens, const struct pattern_set *set)
{
	for (uint32_t i = 0; i < tokens->set_count; i++)
		if (memcmp(tokens->sets[i], set, sizeof(*set)) == 0)
			return (int)i;
	if (tokens->set_count == AUTOMATON_SETS_MAX)
		return -1;
	tokens->sets[tokens->set_count] = set;
	return (int)tokens->set_count++;
}

/* The child of a position that this token leads to, made when there is none. */
static uint32_t automaton_child(
	struct automaton_tokens *tokens, uint32_t parent, struct pattern_token token, uint16_t set)
{
	struct automaton_position *positions = tokens->positions;
	uint32_t child = positions[parent].child;

	while (child && (positions[child].kind != token.kind || positions[child].byte != token.byte ||
				positions[child].set != set))
		child = positions[child].next;
	if (child)
		return child;
	child = tokens->count++;
	positions[child] = (struct automaton_position){
		.kind = token.kind, .byte = token.byte, .set = set, .next = positions[parent].child
	};
	positions[parent].child = child;
	return child;
}

static void automaton_raise(uint32_t *rule, uint32_t to)
{
	*rule = *rule > to ? *rule : to;
}

static int automaton_insert(struct automaton_tokens *tokens, const struct automaton_branch *source)
{
	const struct pattern_branch *branch = source->branch;
	uint32_t at = 0;

	automaton_raise(&tokens->positions[at].highest, source->rule);
	for (size_t i = source->skip; i < branch->count; i++) {
		struct pattern_token token = pattern_token_at(branch, i);
		int set = 0;

		if (token.kind == PATTERN_SET)
			set = automaton_set(tokens, &source->pattern->sets[token.set]);
		if (set < 0)
			return -E2BIG;
		at = automaton_child(tokens, at, token, (uint16_t)set);
		automaton_raise(&tokens->positions[at].highest, source->rule);
	}
	automaton_raise(&tokens->positions[at].accept, source->rule);
	if (branch->tree)
		automaton_raise(&tokens->positions[at].tree, source->rule);
	return 0;
}

/* Splits every class by what the token reads. */
static void automaton_refine(struct automaton_tokens *tokens, const struct automaton_position *position)
{
	int split[256];
	uint32_t count = tokens->class_count;

	memset(split, -1, sizeof(split));
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t class = tokens->classes[byte];
		bool same = automaton_reads(tokens, position, (uint8_t)byte) ==
			    automaton_reads(tokens, position, tokens->samples[class]);

		if (same)
			continue;
		if (split[class] < 0) {
			split[class] = (int)count;
			tokens->samples[count++] = (uint8_t)byte;
		}
		tokens->classes[byte] = (uint8_t)split[class];
	}
	tokens->class_count = count;
}

/* A byte that some token names is a class of its own; all others are one to begin with. */
static void automaton_classify(struct automaton_tokens *tokens)
{
	bool named[256] = { ['/'] = true };
	uint32_t others = 0;

	for (uint32_t i = 1; i < tokens->count; i++)
		if (tokens->positions[i].kind == PATTERN_BYTE)
			named[tokens->positions[i].byte] = true;
	for (unsigned byte = 0; byte < 256; byte++)
		others += !named[byte];
	tokens->class_count = others > 0;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t class = named[byte] ? tokens->class_count++ : 0;

		tokens->classes[byte] = (uint8_t) class;
		tokens->samples[class] = (uint8_t)byte;
	}
	for (uint32_t i = 0; i < tokens->set_count; i++) {
		struct automaton_position position = { .kind = PATTERN_SET, .set = (uint16_t)i };

		automaton_refine(tokens, &position);
	}
}

int automaton_tokens_init(struct automaton_tokens *tokens, const struct automaton_branch *branches, size_t count)
{
	size_t room = 1;

	*tokens = (struct automaton_tokens){ .count = 1 };
	for (size_t i = 0; i < count; i++)
		room += branches[i].branch->count - branches[i].skip;
	tokens->positions = calloc(room, sizeof(*tokens->positions));
	if (!tokens->positions)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int result = automaton_insert(tokens, &branches[i]);

		if (result)
			return result;
	}
	automaton_classify(tokens);
	return 0;
}

void automaton_tokens_release(struct automaton_tokens *tokens)
{
	free(tokens->positions);
	tokens->positions = NULL;
}
