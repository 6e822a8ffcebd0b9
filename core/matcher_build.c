/*
 * Making matchers: a node for each directory that a pattern spells out, and below it an automaton
 * of what is no literal there. Branches of which no automaton can be made are halved until it
 * works; one that is too much alone is left to core/pattern_match.c, which is bounded too.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/matcher_internal.h"
#include "core/pattern_internal.h"
#include "core/util.h"

#define MATCHER_SLOTS_MIN 16u

/* A branch with wildcards, and the node below which they stand. */
struct matcher_entry {
	uint32_t node;
	struct automaton_branch branch;
};

struct matcher_builder {
	struct matcher *matcher;
	struct automaton_budget *budget;
	struct matcher_entry *entries;
	size_t entry_count;
	size_t entry_capacity;
};

static void matcher_slot_put(struct matcher *matcher, uint32_t number)
{
	const struct matcher_node *node = &matcher->nodes[number];
	const struct matcher_piece piece = { .hash = node->hash };
	uint32_t i = matcher_slot(matcher, node->parent, &piece);

	while (matcher->slots[i])
		i = (i + 1) & matcher->slot_mask;
	matcher->slots[i] = number;
}

/* At most half of the slots are taken. */
static int matcher_slots_grow(struct matcher *matcher)
{
	uint32_t wanted = matcher->slots ? (matcher->slot_mask + 1) * 2 : MATCHER_SLOTS_MIN;
	uint32_t *grown;

	if (matcher->slots && matcher->node_count * 2 < matcher->slot_mask)
		return 0;
	grown = calloc(wanted, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	free(matcher->slots);
	matcher->slots = grown;
	matcher->slot_mask = wanted - 1;
	for (uint32_t i = 1; i < matcher->node_count; i++)
		matcher_slot_put(matcher, i);
	return 0;
}

/* Makes the child when there is none. */
static int matcher_child(
	struct matcher *matcher, uint32_t parent, const struct matcher_piece *piece, uint32_t *child_out)
{
	int result;

	*child_out = matcher_find(matcher, parent, piece);
	if (*child_out)
		return 0;
	result = matcher_slots_grow(matcher);
	if (result == 0)
		result = array_grow(
			&matcher->nodes, matcher->node_count, &matcher->node_capacity, sizeof(*matcher->nodes));
	if (result)
		return result;
	*child_out = matcher->node_count++;
	matcher->nodes[parent].parental = true;
	matcher->nodes[*child_out] = (struct matcher_node){ .text = piece->text,
		.first = piece->first,
		.hash = piece->hash,
		.length = (uint32_t)piece->length,
		.parent = parent };
	matcher_slot_put(matcher, *child_out);
	return 0;
}

/* The node of the name text[0..length). */
static int matcher_descend(struct matcher *matcher, const char *text, size_t length, uint32_t *node_out)
{
	int result = 0;

	*node_out = 0;
	for (size_t at = 0; at <= length && result == 0;) {
		struct matcher_piece piece = matcher_piece(text, length, at);

		result = matcher_child(matcher, *node_out, &piece, node_out);
		at += piece.length + 1;
	}
	return result;
}

/* The name in front of the last slash of the head; what follows is the automaton's. */
static int matcher_add_wild(struct matcher_builder *builder, struct automaton_branch branch)
{
	const char *head = branch.branch->head;
	const char *slash = memrchr(head, '/', branch.branch->head_size);
	uint32_t node = 0;
	int result = 0;

	if (slash) {
		branch.skip = (size_t)(slash - head) + 1;
		result = matcher_descend(builder->matcher, head, (size_t)(slash - head), &node);
	}
	if (result == 0)
		result = array_grow(
			&builder->entries, builder->entry_count, &builder->entry_capacity, sizeof(*builder->entries));
	if (result == 0)
		builder->entries[builder->entry_count++] = (struct matcher_entry){ node, branch };
	return result;
}

/* Rules come in order: the later one takes the place of the earlier. */
static int matcher_add(struct matcher_builder *builder, const struct pattern *pattern, uint32_t rule)
{
	int result = 0;

	for (size_t i = 0; i < pattern->branch_count && result == 0; i++) {
		const struct pattern_branch *branch = &pattern->branches[i];
		uint32_t node;

		if (branch->head_size < branch->count) {
			result = matcher_add_wild(builder, (struct automaton_branch){ pattern, branch, 0, rule });
			continue;
		}
		result = matcher_descend(builder->matcher, branch->head, branch->head_size, &node);
		if (result)
			break;
		builder->matcher->nodes[node].exact = rule;
		if (branch->tree)
			builder->matcher->nodes[node].tree = rule;
	}
	return result;
}

static int matcher_entry_compare(const void *a, const void *b)
{
	const struct matcher_entry *left = a;
	const struct matcher_entry *right = b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	return (left->branch.rule > right->branch.rule) - (left->branch.rule < right->branch.rule);
}

static void matcher_merge_ends(struct matcher_part *part, const struct matcher_part *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(part->ends); i++)
		part->ends[i] |= other->ends[i];
}

/* Branches of one pattern follow each other, and the pattern stands for all of them. */
static bool matcher_has_part(const struct matcher *matcher, uint32_t node, const struct pattern *pattern)
{
	return pattern && matcher->nodes[node].part_count > 0 &&
	       matcher->parts[matcher->part_count - 1].pattern == pattern;
}

/* What ends in a star, or takes all below, ends in any byte. */
static void matcher_add_end(struct matcher_part *part, const struct pattern_branch *branch)
{
	unsigned char end = branch->tail_size > 0 ? (unsigned char)branch->tail[branch->tail_size - 1] : 0;

	if (branch->tail_size > 0)
		part->ends[end / 64] |= UINT64_C(1) << (end % 64);
	else
		memset(part->ends, 0xff, sizeof(part->ends));
}

/* One part of the branches of a node, which are in order; -E2BIG: only of fewer of them. */
static int matcher_add_part(
	struct matcher_builder *builder, uint32_t node, const struct automaton_branch *branches, size_t count)
{
	struct matcher *matcher = builder->matcher;
	struct matcher_part part = { .highest = branches[count - 1].rule };
	int result = array_grow(&matcher->parts, matcher->part_count, &matcher->part_capacity, sizeof(part));

	for (size_t i = 0; i < count; i++)
		matcher_add_end(&part, branches[i].branch);
	if (result == 0)
		result = automaton_new(branches, count, builder->budget, &part.automaton);
	if (result == -E2BIG && count == 1) {
		part.pattern = branches[0].pattern;
		matcher->leftover++;
		result = 0;
	}
	if (result)
		return result;
	if (matcher_has_part(matcher, node, part.pattern)) {
		matcher_merge_ends(&matcher->parts[matcher->part_count - 1], &part);
		return 0;
	}
	matcher->parts[matcher->part_count++] = part;
	matcher->nodes[node].part_count++;
	return 0;
}

/* Halves what is too much, the later half first: lows are the starts of the earlier ones. */
static int matcher_add_parts(
	struct matcher_builder *builder, uint32_t node, const struct automaton_branch *branches, size_t count)
{
	size_t lows[64] = { 0 };
	size_t depth = 1;
	size_t end = count;

	builder->matcher->nodes[node].part = (uint32_t)builder->matcher->part_count;
	while (depth > 0) {
		size_t low = lows[depth - 1];
		int result = matcher_add_part(builder, node, branches + low, end - low);

		if (result == -E2BIG) {
			lows[depth++] = low + (end - low) / 2;
			continue;
		}
		if (result)
			return result;
		end = low;
		depth--;
	}
	return 0;
}

static int matcher_add_automata(struct matcher_builder *builder)
{
	struct matcher_entry *entries = builder->entries;
	AUTO_FREE struct automaton_branch *branches = calloc(builder->entry_count + 1, sizeof(*branches));
	int result = 0;

	if (!branches)
		return -ENOMEM;
	if (builder->entry_count > 1)
		qsort(entries, builder->entry_count, sizeof(*entries), matcher_entry_compare);
	for (size_t i = 0; i < builder->entry_count && result == 0;) {
		uint32_t node = entries[i].node;
		size_t count = 0;

		for (; i < builder->entry_count && entries[i].node == node; i++)
			branches[count++] = entries[i].branch;
		result = matcher_add_parts(builder, node, branches, count);
	}
	return result;
}

/* Children have higher numbers than their parents. */
static void matcher_find_highest(struct matcher *matcher)
{
	for (uint32_t i = matcher->node_count; i-- > 0;) {
		struct matcher_node *node = &matcher->nodes[i];
		uint32_t *above = &matcher->nodes[node->parent].highest;

		if (node->part_count && matcher->parts[node->part].highest > node->highest)
			node->highest = matcher->parts[node->part].highest;
		if (node->exact > node->highest)
			node->highest = node->exact;
		if (node->highest > *above)
			*above = node->highest;
	}
}

static int matcher_build(struct matcher_builder *builder, const struct pattern *const *patterns, size_t count)
{
	struct matcher *matcher = builder->matcher;
	int result = array_grow(&matcher->nodes, 0, &matcher->node_capacity, sizeof(*matcher->nodes));

	if (result)
		return result;
	matcher->nodes[matcher->node_count++] = (struct matcher_node){ .text = "" };
	result = matcher_slots_grow(matcher);
	for (size_t i = 0; i < count && result == 0; i++)
		if (patterns[i])
			result = matcher_add(builder, patterns[i], (uint32_t)i + 1);
	if (result == 0)
		result = matcher_add_automata(builder);
	if (result == 0)
		matcher_find_highest(matcher);
	return result;
}

int matcher_new(const struct pattern *const *patterns, size_t count, struct automaton_budget *budget,
	struct matcher **matcher_out)
{
	struct matcher_builder builder = { .budget = budget };
	int result = -ENOMEM;

	builder.matcher = calloc(1, sizeof(*builder.matcher));
	if (builder.matcher)
		result = matcher_build(&builder, patterns, count);
	free(builder.entries);
	if (result)
		matcher_free(builder.matcher);
	else
		*matcher_out = builder.matcher;
	return result;
}
