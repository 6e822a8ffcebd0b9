/*
 * Making automata: sets of positions in the tree of tokens become states, each set once. The number
 * of states and the work are bounded by what the branches and the budget allow, so that patterns
 * made to explode are given back instead (-E2BIG), for the caller to split.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/automaton_internal.h"
#include "core/cleanup.h"

/* Per position; patterns as people write them need a fraction of this. */
#define AUTOMATON_STATES_EACH 4u
#define AUTOMATON_WORK_EACH 512u
#define AUTOMATON_FLOOR 64u

/* Where one class of bytes leads to; sorted and without repetition once automaton_settle() is done. */
struct automaton_bucket {
	uint32_t *positions;
	size_t count;
	size_t capacity;
	uint32_t deep;
	uint32_t star;
};

struct automaton_state {
	uint32_t first; /* in items */
	uint32_t count;
	uint32_t hash;
	uint32_t deep;
	uint32_t star;
	uint32_t same; /* the next state of this slot, 0: none */
};

struct automaton_builder {
	struct automaton_tokens tokens;
	struct automaton_bucket *buckets; /* one for each class */
	uint32_t *items;
	size_t item_count;
	size_t item_capacity;
	struct automaton_state *states;
	uint32_t state_count;
	uint32_t state_max;
	uint32_t *slots; /* the states by hash */
	uint32_t slot_mask;
	uint32_t *cells;
	size_t work;
	bool no_memory;
};

static void automaton_builder_release(struct automaton_builder *builder)
{
	for (uint32_t i = 0; builder->buckets && i < builder->tokens.class_count; i++)
		free(builder->buckets[i].positions);
	automaton_tokens_release(&builder->tokens);
	free(builder->buckets);
	free(builder->items);
	free(builder->states);
	free(builder->slots);
	free(builder->cells);
}

static size_t automaton_stride(const struct automaton_builder *builder)
{
	return builder->tokens.class_count + AUTOMATON_COLUMNS;
}

/* Room for wanted elements of four bytes in an array that doubles. */
static bool automaton_reserve(struct automaton_builder *builder, uint32_t **array, size_t wanted, size_t *capacity)
{
	uint32_t *grown;

	if (wanted <= *capacity)
		return true;
	grown = reallocarray(*array, wanted * 2 + 16, sizeof(*grown));
	builder->no_memory |= grown == NULL;
	if (!grown)
		return false;
	*array = grown;
	*capacity = wanted * 2 + 16;
	return true;
}

static void automaton_put(struct automaton_builder *builder, struct automaton_bucket *bucket, uint32_t position)
{
	builder->work -= builder->work > 0;
	if (automaton_reserve(builder, &bucket->positions, bucket->count + 1, &bucket->capacity))
		bucket->positions[bucket->count++] = position;
}

/* A run of stars may be empty: to stand before it is to stand in it too. Two never follow each other. */
static void automaton_put_closed(struct automaton_builder *builder, struct automaton_bucket *bucket, uint32_t position)
{
	const struct automaton_position *positions = builder->tokens.positions;

	automaton_put(builder, bucket, position);
	for (uint32_t child = positions[position].child; child; child = positions[child].next)
		if (automaton_repeats(&positions[child]))
			automaton_put(builder, bucket, child);
}

static void automaton_put_read(struct automaton_builder *builder, uint32_t reader, uint32_t to)
{
	const struct automaton_tokens *tokens = &builder->tokens;
	const struct automaton_position *position = &tokens->positions[reader];

	if (position->kind == PATTERN_BYTE) {
		automaton_put_closed(builder, &builder->buckets[tokens->classes[position->byte]], to);
		return;
	}
	for (uint32_t class = 0; class < tokens->class_count; class ++)
		if (automaton_reads(tokens, position, tokens->samples[class]))
			automaton_put_closed(builder, &builder->buckets[class], to);
}

/* Everything that can be read in one position goes into the buckets. */
static void automaton_advance(struct automaton_builder *builder, uint32_t from)
{
	const struct automaton_tokens *tokens = &builder->tokens;
	const struct automaton_position *position = &tokens->positions[from];
	struct automaton_bucket *slash = &builder->buckets[tokens->classes['/']];

	if (position->tree > slash->deep)
		slash->deep = position->tree;
	if (automaton_repeats(position))
		automaton_put_read(builder, from, from);
	for (uint32_t child = position->child; child; child = tokens->positions[child].next)
		if (!automaton_repeats(&tokens->positions[child]))
			automaton_put_read(builder, child, child);
}

static int automaton_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/*
 * What a bucket has matched for good is noted; positions that can add nothing to that are left out,
 * which is also what keeps most sets small.
 */
static void automaton_settle(const struct automaton_builder *builder, struct automaton_bucket *bucket)
{
	const struct automaton_position *positions = builder->tokens.positions;
	size_t kept = 0;

	for (size_t i = 0; i < bucket->count; i++) {
		const struct automaton_position *position = &positions[bucket->positions[i]];

		if (position->kind == PATTERN_DEEP && position->accept > bucket->deep)
			bucket->deep = position->accept;
		if (position->kind == PATTERN_STAR && position->accept > bucket->star)
			bucket->star = position->accept;
	}
	bucket->star = bucket->star > bucket->deep ? bucket->star : 0;
	if (bucket->count > 1)
		qsort(bucket->positions, bucket->count, sizeof(uint32_t), automaton_compare);
	for (size_t i = 0; i < bucket->count; i++) {
		const struct automaton_position *position = &positions[bucket->positions[i]];
		bool noted = automaton_repeats(position) && !position->child &&
			     (position->kind == PATTERN_DEEP || !position->tree);

		if (position->highest > bucket->deep && !noted &&
			(kept == 0 || bucket->positions[kept - 1] != bucket->positions[i]))
			bucket->positions[kept++] = bucket->positions[i];
	}
	bucket->count = kept;
}

static uint32_t automaton_hash(const struct automaton_bucket *bucket)
{
	uint64_t hash = bucket->deep * UINT64_C(0x9e3779b97f4a7c15) ^ bucket->star;

	for (size_t i = 0; i < bucket->count; i++)
		hash = (hash ^ bucket->positions[i]) * UINT64_C(0xd6e8feb86659fd93) + (hash >> 29);
	return (uint32_t)(hash >> 32);
}

static bool automaton_same(const struct automaton_builder *builder, const struct automaton_state *state,
	const struct automaton_bucket *bucket)
{
	return state->count == bucket->count && state->deep == bucket->deep && state->star == bucket->star &&
	       (bucket->count == 0 ||
		       memcmp(builder->items + state->first, bucket->positions, bucket->count * sizeof(uint32_t)) == 0);
}

/* The state of a settled bucket; -E2BIG when it would be one too many. */
static int automaton_state(
	struct automaton_builder *builder, const struct automaton_bucket *bucket, uint32_t *state_out)
{
	uint32_t hash = automaton_hash(bucket);
	uint32_t *slot = &builder->slots[hash & builder->slot_mask];
	struct automaton_state *state;

	for (uint32_t i = *slot; i; i = builder->states[i].same) {
		*state_out = i;
		if (builder->states[i].hash == hash && automaton_same(builder, &builder->states[i], bucket))
			return 0;
	}
	if (builder->state_count == builder->state_max)
		return -E2BIG;
	if (!automaton_reserve(
		    builder, &builder->items, builder->item_count + bucket->count + 1, &builder->item_capacity))
		return -ENOMEM;
	*state_out = builder->state_count++;
	state = &builder->states[*state_out];
	*state = (struct automaton_state){ .first = (uint32_t)builder->item_count,
		.count = (uint32_t)bucket->count,
		.hash = hash,
		.deep = bucket->deep,
		.star = bucket->star,
		.same = *slot };
	*slot = *state_out;
	if (bucket->count)
		memcpy(builder->items + builder->item_count, bucket->positions, bucket->count * sizeof(uint32_t));
	builder->item_count += bucket->count;
	return 0;
}

/* The columns of a state, and whether it must be looked at. */
static bool automaton_fill_columns(const struct automaton_builder *builder, uint32_t number, uint32_t *columns)
{
	const struct automaton_state *state = &builder->states[number];

	columns[AUTOMATON_DEEP] = state->deep;
	columns[AUTOMATON_STAR] = state->star;
	for (uint32_t i = 0; i < state->count; i++) {
		const struct automaton_position *position =
			&builder->tokens.positions[builder->items[state->first + i]];

		if (position->accept > columns[AUTOMATON_ACCEPT])
			columns[AUTOMATON_ACCEPT] = position->accept;
		if (position->highest > columns[AUTOMATON_REACH])
			columns[AUTOMATON_REACH] = position->highest;
	}
	return state->deep || state->star || columns[AUTOMATON_REACH] == 0;
}

static void automaton_clear_buckets(struct automaton_builder *builder)
{
	for (uint32_t i = 0; i < builder->tokens.class_count; i++) {
		builder->buckets[i].count = 0;
		builder->buckets[i].deep = 0;
		builder->buckets[i].star = 0;
	}
}

/* The row of one state, with numbers of states in its cells. */
static int automaton_fill_row(struct automaton_builder *builder, uint32_t number)
{
	size_t stride = automaton_stride(builder);
	const struct automaton_state state = builder->states[number];

	automaton_clear_buckets(builder);
	for (uint32_t i = 0; i < state.count; i++)
		automaton_advance(builder, builder->items[state.first + i]);
	for (uint32_t class = 0; class < builder->tokens.class_count && !builder->no_memory; class ++) {
		struct automaton_bucket *bucket = &builder->buckets[class];
		int result;

		automaton_settle(builder, bucket);
		result = automaton_state(builder, bucket, &builder->cells[number * stride + class]);
		if (result)
			return result;
	}
	if (builder->no_memory)
		return -ENOMEM;
	return builder->work > builder->tokens.class_count ? 0 : -E2BIG;
}

/* State 0 stands for no state in the slots and is never used; 1 is the start. */
static int automaton_fill_states(struct automaton_builder *builder)
{
	struct automaton_bucket *first = &builder->buckets[0];
	uint32_t start = 0;
	int result;

	builder->state_count = 1;
	automaton_put_closed(builder, first, 0);
	if (builder->no_memory)
		return -ENOMEM;
	automaton_settle(builder, first);
	result = automaton_state(builder, first, &start);
	for (uint32_t i = start; result == 0 && i < builder->state_count; i++) {
		builder->work -= builder->work > builder->tokens.class_count ? builder->tokens.class_count : 0;
		result = automaton_fill_row(builder, i);
	}
	return result;
}

/* Numbers of states become cells. */
static int automaton_finish(const struct automaton_builder *builder, struct automaton **automaton_out)
{
	const struct automaton_tokens *tokens = &builder->tokens;
	size_t stride = automaton_stride(builder);
	size_t cell_count = builder->state_count * stride;
	struct automaton *automaton = malloc(sizeof(*automaton) + cell_count * sizeof(uint32_t));
	AUTO_FREE bool *looks = calloc(builder->state_count, sizeof(*looks));

	if (!automaton || !looks) {
		free(automaton);
		return -ENOMEM;
	}
	memcpy(automaton->cells, builder->cells, cell_count * sizeof(uint32_t));
	memcpy(automaton->classes, tokens->classes, sizeof(automaton->classes));
	automaton->class_count = tokens->class_count;
	automaton->start = (uint32_t)stride | AUTOMATON_LOOK;
	for (uint32_t i = 1; i < builder->state_count; i++)
		looks[i] = automaton_fill_columns(builder, i, automaton->cells + i * stride + tokens->class_count);
	for (uint32_t i = 1; i < builder->state_count; i++) {
		for (uint32_t class = 0; class < tokens->class_count; class ++) {
			uint32_t *cell = &automaton->cells[i * stride + class];
			bool look = looks[*cell] || class == tokens->classes['/'];

			*cell = (uint32_t)(*cell * stride) | (look ? AUTOMATON_LOOK : 0);
		}
	}
	*automaton_out = automaton;
	return 0;
}

static int automaton_builder_init(struct automaton_builder *builder, const struct automaton_budget *budget)
{
	size_t stride = automaton_stride(builder);
	size_t states = builder->tokens.count * (size_t)AUTOMATON_STATES_EACH + AUTOMATON_FLOOR;
	size_t work = builder->tokens.count * (size_t)AUTOMATON_WORK_EACH + AUTOMATON_FLOOR * AUTOMATON_WORK_EACH;

	builder->state_max = (uint32_t)(states < budget->cells / stride ? states : budget->cells / stride);
	builder->work = work < budget->work ? work : budget->work;
	if (builder->state_max < 2 || builder->work == 0)
		return -E2BIG;
	builder->slot_mask = 1;
	while (builder->slot_mask < builder->state_max)
		builder->slot_mask = builder->slot_mask * 2 + 1;
	builder->buckets = calloc(builder->tokens.class_count, sizeof(*builder->buckets));
	builder->states = calloc(builder->state_max, sizeof(*builder->states));
	builder->slots = calloc(builder->slot_mask + 1, sizeof(*builder->slots));
	builder->cells = calloc(builder->state_max, stride * sizeof(*builder->cells));
	return builder->buckets && builder->states && builder->slots && builder->cells ? 0 : -ENOMEM;
}

static int automaton_build(
	struct automaton_builder *builder, struct automaton_budget *budget, struct automaton **automaton_out)
{
	int result = automaton_builder_init(builder, budget);
	size_t work = builder->work;

	if (result == 0)
		result = automaton_fill_states(builder);
	budget->work -= work - builder->work;
	if (result == 0)
		result = automaton_finish(builder, automaton_out);
	if (result == 0)
		budget->cells -= builder->state_count * automaton_stride(builder);
	return result;
}

int automaton_new(const struct automaton_branch *branches, size_t count, struct automaton_budget *budget,
	struct automaton **automaton_out)
{
	struct automaton_builder builder = { .buckets = NULL };
	size_t tokens = count;
	int result;

	for (size_t i = 0; i < count; i++)
		tokens += branches[i].branch->count - branches[i].skip;
	if (tokens > budget->work)
		return -E2BIG;
	budget->work -= tokens;
	result = automaton_tokens_init(&builder.tokens, branches, count);
	if (result == 0)
		result = automaton_build(&builder, budget, automaton_out);
	automaton_builder_release(&builder);
	return result;
}

void automaton_free(struct automaton *automaton)
{
	free(automaton);
}
