/*
 * All names at once: states are sets of positions in the patterns of both lists, reached byte by byte
 * from the empty name, shortest first. A position that accepts whatever follows makes everything earlier
 * in its list pointless, which keeps the sets small. Bounded in states and memory.
 */
#include "core/pattern_product.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/pattern_internal.h"
#include "core/pattern_names.h"
#include "core/util.h"

#define PRODUCT_STATES_MAX (1u << 17)
#define PRODUCT_POOL_MAX (1u << 23)      /* positions of all states together */
#define PRODUCT_POSITIONS_MAX (1u << 22) /* of all patterns */
#define PRODUCT_PAIRS_MAX (1u << 26)
#define PRODUCT_SLOTS (PRODUCT_STATES_MAX * 2)
#define PRODUCT_NAME_MAX 8192

/* One branch of a pattern. Its positions: the tokens, behind them, and for ever (whatever follows). */
struct product_branch {
	const struct pattern *pattern;
	const struct pattern_branch *branch;
	uint32_t base; /* number of its first position */
	uint32_t rank; /* index of the pattern in its list */
	bool second;   /* of list b */
};

struct product_state {
	uint32_t at; /* first position in the pool */
	uint32_t count;
	uint32_t parent;
	unsigned char byte; /* that led here from the parent */
	uint8_t name;       /* enum pattern_name */
};

struct product {
	enum pattern_names names;
	size_t a_count, b_count;
	struct product_branch *branches;
	size_t branch_count;
	uint32_t *owners; /* for each position its branch */
	size_t position_count;
	uint32_t *pool;
	size_t pool_count;
	struct product_state *states;
	size_t state_count;
	uint32_t *slots; /* hash table of states, index + 1 */
	uint8_t *seen;   /* bits: pairs of winners */
	uint32_t *mark;  /* for each position: the step that put it into next */
	uint32_t step;
	uint32_t *next; /* the set that is being made */
	size_t next_count;
	pattern_pair_fn *pair;
	void *context;
};

static void product_release(struct product *product)
{
	free(product->branches);
	free(product->owners);
	free(product->pool);
	free(product->states);
	free(product->slots);
	free(product->seen);
	free(product->mark);
	free(product->next);
}

/* ---- Positions ---- */

static uint32_t product_end(const struct product_branch *branch)
{
	return branch->base + (uint32_t)branch->branch->count;
}

static uint32_t product_for_ever(const struct product_branch *branch)
{
	return product_end(branch) + 1;
}

static void product_put(struct product *product, uint32_t position)
{
	if (product->mark[position] == product->step)
		return;
	product->mark[position] = product->step;
	product->next[product->next_count++] = position;
}

/* Standing before a run of stars is standing behind it, too; a run of any bytes at the end is for ever. */
static void product_add(struct product *product, const struct product_branch *branch, uint32_t position)
{
	for (;;) {
		size_t index = position - branch->base;
		bool at_end = index >= branch->branch->count;
		struct pattern_token token = { 0 };

		if (!at_end)
			token = pattern_token_at(branch->branch, index);
		if (!at_end && token.kind == PATTERN_DEEP && index + 1 == branch->branch->count) {
			product_put(product, product_for_ever(branch));
			return;
		}
		product_put(product, position);
		if (at_end || !pattern_token_is_run(token))
			return;
		position++;
	}
}

static bool product_token_matches(const struct product_branch *branch, struct pattern_token token, unsigned char byte)
{
	if (token.kind == PATTERN_BYTE)
		return token.byte == byte;
	if (token.kind == PATTERN_SET)
		return branch->pattern->sets[token.set].bits[byte / 64] >> (byte % 64) & 1;
	return token.kind == PATTERN_DEEP || byte != '/';
}

static void product_advance(struct product *product, uint32_t position, unsigned char byte)
{
	const struct product_branch *branch = &product->branches[product->owners[position]];
	struct pattern_token token;

	if (position == product_for_ever(branch)) {
		product_put(product, position);
	} else if (position == product_end(branch)) {
		if (branch->branch->tree && byte == '/')
			product_put(product, product_for_ever(branch));
	} else {
		token = pattern_token_at(branch->branch, position - branch->base);
		if (!product_token_matches(branch, token, byte))
			return;
		product_add(product, branch, position + !pattern_token_is_run(token));
	}
}

/* ---- Sets ---- */

static int product_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Takes out what can win no more: patterns before one that has won for ever. */
static void product_prune(struct product *product)
{
	uint32_t floors[2] = { 0, 0 };
	size_t kept = 0;

	for (size_t i = 0; i < product->next_count; i++) {
		const struct product_branch *branch = &product->branches[product->owners[product->next[i]]];

		if (product->next[i] == product_for_ever(branch) && branch->rank + 1 > floors[branch->second])
			floors[branch->second] = branch->rank + 1;
	}
	for (size_t i = 0; i < product->next_count; i++) {
		const struct product_branch *branch = &product->branches[product->owners[product->next[i]]];
		uint32_t floor = floors[branch->second];

		if (branch->rank + 1 > floor ||
			(branch->rank + 1 == floor && product->next[i] == product_for_ever(branch)))
			product->next[kept++] = product->next[i];
	}
	product->next_count = kept;
	qsort(product->next, kept, sizeof(*product->next), product_compare);
}

static size_t product_hash(const struct product *product, unsigned name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ name;

	for (size_t i = 0; i < product->next_count; i++)
		hash = (hash ^ product->next[i]) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 29) % PRODUCT_SLOTS;
}

static bool product_is(const struct product *product, const struct product_state *state, unsigned name)
{
	return state->name == name && state->count == product->next_count &&
	       memcmp(product->pool + state->at, product->next, state->count * sizeof(uint32_t)) == 0;
}

/* Keeps the set that was made, unless it is known. */
static int product_keep(struct product *product, uint32_t parent, unsigned char byte, unsigned name)
{
	size_t slot;

	product_prune(product);
	slot = product_hash(product, name);
	for (; product->slots[slot]; slot = (slot + 1) % PRODUCT_SLOTS)
		if (product_is(product, &product->states[product->slots[slot] - 1], name))
			return 0;
	if (product->state_count == PRODUCT_STATES_MAX || product->pool_count + product->next_count > PRODUCT_POOL_MAX)
		return -E2BIG;
	memcpy(product->pool + product->pool_count, product->next, product->next_count * sizeof(uint32_t));
	product->states[product->state_count] = (struct product_state){ (uint32_t)product->pool_count,
		(uint32_t)product->next_count, parent, byte, (uint8_t)name };
	product->pool_count += product->next_count;
	product->slots[slot] = (uint32_t)++product->state_count;
	return 0;
}

static void product_begin_set(struct product *product)
{
	product->step++;
	product->next_count = 0;
}

static int product_follow(struct product *product, uint32_t index, unsigned char byte)
{
	const struct product_state *state = &product->states[index];
	unsigned name = pattern_name_next(product->names, state->name, byte);

	if (name == PATTERN_NAME_DEAD)
		return 0;
	product_begin_set(product);
	for (uint32_t i = 0; i < state->count; i++)
		product_advance(product, product->pool[state->at + i], byte);
	return product_keep(product, index, byte, name);
}

/* ---- Bytes ---- */

/*
 * Bytes that no position of a state tells apart lead to the same set, so that one of them stands for
 * all. Each position mixes its own number into the keys of the bytes that it matches.
 */
static void product_keys(const struct product *product, const struct product_state *state, uint64_t keys[256])
{
	memset(keys, 0, 256 * sizeof(keys[0]));
	for (uint32_t i = 0; i < state->count; i++) {
		uint32_t position = product->pool[state->at + i];
		const struct product_branch *branch = &product->branches[product->owners[position]];
		uint64_t mix = (position + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
		struct pattern_token token;

		mix ^= mix >> 31;
		if (position >= product_end(branch))
			continue;
		token = pattern_token_at(branch->branch, position - branch->base);
		if (token.kind == PATTERN_BYTE)
			keys[token.byte] += mix;
		for (unsigned byte = 0; token.kind == PATTERN_SET && byte < 256; byte++)
			if (product_token_matches(branch, token, (unsigned char)byte))
				keys[byte] += mix;
	}
}

/* Names that people can read come first. A path's slash is a class of its own. */
static size_t product_classes(const uint64_t keys[256], unsigned char bytes[256])
{
	static const char nice[] = "xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+,:";
	size_t count = 0;

	bytes[count++] = '/';
	for (unsigned i = 0; i < sizeof(nice) - 1 + 255; i++) {
		unsigned char byte =
			i < sizeof(nice) - 1 ? (unsigned char)nice[i] : (unsigned char)(i - (sizeof(nice) - 2));
		bool known = byte == '/';

		for (size_t j = 1; j < count && !known; j++)
			known = keys[bytes[j]] == keys[byte];
		if (!known)
			bytes[count++] = byte;
	}
	return count;
}

/* ---- Winners ---- */

static void product_winners(const struct product *product, const struct product_state *state, size_t *a, size_t *b)
{
	size_t *winners[2] = { a, b };

	*a = product->a_count;
	*b = product->b_count;
	for (uint32_t i = 0; i < state->count; i++) {
		uint32_t position = product->pool[state->at + i];
		const struct product_branch *branch = &product->branches[product->owners[position]];
		size_t none = branch->second ? product->b_count : product->a_count;
		size_t *winner = winners[branch->second];

		if (position >= product_end(branch) && (*winner == none || branch->rank > *winner))
			*winner = branch->rank;
	}
}

static bool product_name(const struct product *product, uint32_t index, char name[PRODUCT_NAME_MAX])
{
	size_t length = 0;

	for (uint32_t i = index; i != 0; i = product->states[i].parent)
		length++;
	if (length >= PRODUCT_NAME_MAX)
		return false;
	name[length] = '\0';
	for (uint32_t i = index; i != 0; i = product->states[i].parent)
		name[--length] = (char)product->states[i].byte;
	return true;
}

static void product_report(struct product *product, uint32_t index)
{
	char name[PRODUCT_NAME_MAX];
	size_t a;
	size_t b;
	size_t bit;

	if (!pattern_name_ends(product->names, product->states[index].name))
		return;
	product_winners(product, &product->states[index], &a, &b);
	bit = a * (product->b_count + 1) + b;
	if (product->seen[bit / 8] >> (bit % 8) & 1 || !product_name(product, index, name))
		return;
	product->seen[bit / 8] |= (uint8_t)(1u << (bit % 8));
	product->pair(product->context, a, b, name);
}

/* ---- The whole ---- */

static int product_run(struct product *product)
{
	int error = product_keep(product, 0, 0, PATTERN_NAME_START);

	for (uint32_t index = 0; error == 0 && index < product->state_count; index++) {
		unsigned char bytes[256];
		uint64_t keys[256];
		size_t count;

		product_report(product, index);
		product_keys(product, &product->states[index], keys);
		/* These are states of names, not of patterns: each byte has its own road. */
		for (unsigned i = 0; i < 256 && product->states[index].name >= PATTERN_NAME_LITERAL; i++)
			keys[i] = i + 1;
		if (product->states[index].name == PATTERN_NAME_START)
			keys['!'] = UINT64_MAX;
		count = product_classes(keys, bytes);
		for (size_t i = 0; i < count && error == 0; i++)
			error = product_follow(product, index, bytes[i]);
	}
	return error;
}

static void product_number(struct product *product, const struct pattern_row *row, bool second)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct pattern *pattern = row->patterns[i];

		for (size_t j = 0; j < pattern->branch_count; j++) {
			struct product_branch *branch = &product->branches[product->branch_count];

			*branch = (struct product_branch){ pattern, &pattern->branches[j],
				(uint32_t)product->position_count, (uint32_t)i, second };
			for (size_t k = 0; k < pattern->branches[j].count + 2; k++)
				product->owners[product->position_count++] = (uint32_t)product->branch_count;
			product->branch_count++;
		}
	}
}

static void product_measure(const struct pattern_row *row, size_t *branches, size_t *positions)
{
	for (size_t i = 0; i < row->count; i++) {
		*branches += row->patterns[i]->branch_count;
		for (size_t j = 0; j < row->patterns[i]->branch_count; j++)
			*positions += row->patterns[i]->branches[j].count + 2;
	}
}

static int product_allocate(struct product *product, size_t branches, size_t positions)
{
	size_t pairs = (product->a_count + 1) * (product->b_count + 1);

	product->branches = calloc(branches + 1, sizeof(*product->branches));
	product->owners = calloc(positions + 1, sizeof(*product->owners));
	product->mark = calloc(positions + 1, sizeof(*product->mark));
	product->next = calloc(positions + 1, sizeof(*product->next));
	product->pool = calloc(PRODUCT_POOL_MAX, sizeof(*product->pool));
	product->states = calloc(PRODUCT_STATES_MAX, sizeof(*product->states));
	product->slots = calloc(PRODUCT_SLOTS, sizeof(*product->slots));
	product->seen = calloc(pairs / 8 + 1, 1);
	if (!product->branches || !product->owners || !product->mark || !product->next || !product->pool ||
		!product->states || !product->slots || !product->seen)
		return -ENOMEM;
	return 0;
}

int pattern_product(const struct pattern_row *a, const struct pattern_row *b, enum pattern_names names,
	pattern_pair_fn *pair, void *context)
{
	struct product product = {
		.names = names, .a_count = a->count, .b_count = b->count, .pair = pair, .context = context
	};
	size_t branches = 0;
	size_t positions = 0;
	int error;

	product_measure(a, &branches, &positions);
	product_measure(b, &branches, &positions);
	if (positions > PRODUCT_POSITIONS_MAX || (a->count + 1) * (b->count + 1) > PRODUCT_PAIRS_MAX)
		return -E2BIG;
	error = product_allocate(&product, branches, positions);
	if (error == 0) {
		product_number(&product, a, false);
		product_number(&product, b, true);
		product_begin_set(&product);
		for (size_t i = 0; i < product.branch_count; i++)
			product_add(&product, &product.branches[i], product.branches[i].base);
		error = product_run(&product);
	}
	product_release(&product);
	return error;
}

size_t pattern_branches(const struct pattern *pattern)
{
	return pattern->branch_count;
}

static unsigned char pattern_set_member(const struct pattern_set *set)
{
	for (unsigned byte = 'a'; byte < 256; byte++)
		if (set->bits[byte / 64] >> (byte % 64) & 1)
			return (unsigned char)byte;
	for (unsigned byte = 1; byte < 'a'; byte++)
		if (set->bits[byte / 64] >> (byte % 64) & 1)
			return (unsigned char)byte;
	return 'x';
}

bool pattern_witness(const struct pattern *pattern, size_t branch, char *buffer, size_t size)
{
	const struct pattern_branch *tokens = &pattern->branches[branch];

	if (tokens->count >= size)
		return false;
	for (size_t i = 0; i < tokens->count; i++) {
		struct pattern_token token = pattern_token_at(tokens, i);

		if (token.kind == PATTERN_BYTE)
			buffer[i] = (char)token.byte;
		else if (token.kind == PATTERN_SET)
			buffer[i] = (char)pattern_set_member(&pattern->sets[token.set]);
		else
			buffer[i] = 'x';
	}
	buffer[tokens->count] = '\0';
	return true;
}
