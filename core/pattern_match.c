/*
 * Running compiled patterns over names: the set of reachable positions is advanced byte by
 * byte, so that a match costs at most tokens times bytes whatever the pattern, without
 * recursion and without allocation. Literal heads are compared at once.
 */
#include <string.h>

#include "core/pattern_internal.h"

#define PATTERN_WORDS (PATTERN_TOKENS_MAX / 64 + 1)

/* Bit i: the first i tokens have matched what was read so far. */
struct pattern_states {
	uint64_t bits[PATTERN_WORDS];
};

enum pattern_run { PATTERN_RUN_DEAD, PATTERN_RUN_LIVE, PATTERN_RUN_INSIDE };

static size_t pattern_words(const struct pattern_branch *branch)
{
	return branch->count / 64 + 1;
}

static bool pattern_states_has(const struct pattern_states *states, size_t index)
{
	return states->bits[index / 64] >> (index % 64) & 1;
}

/* A run of stars may be empty, so that standing before it is standing behind it too. */
static void pattern_states_add(const struct pattern_branch *branch, struct pattern_states *states, size_t index)
{
	states->bits[index / 64] |= UINT64_C(1) << (index % 64);
	while (index < branch->count && pattern_token_is_run(pattern_token_at(branch, index))) {
		index++;
		states->bits[index / 64] |= UINT64_C(1) << (index % 64);
	}
}

static void pattern_states_clear(const struct pattern_branch *branch, struct pattern_states *states)
{
	memset(states->bits, 0, pattern_words(branch) * sizeof(states->bits[0]));
}

static void pattern_advance(const struct pattern *pattern, const struct pattern_branch *branch,
	struct pattern_states *to, size_t index, unsigned char byte)
{
	struct pattern_token token;
	bool matches = false;

	if (index == branch->count)
		return;
	token = pattern_token_at(branch, index);
	if (token.kind == PATTERN_BYTE)
		matches = token.byte == byte;
	else if (token.kind == PATTERN_ANY)
		matches = byte != '/';
	else if (token.kind == PATTERN_SET)
		matches = pattern->sets[token.set].bits[byte / 64] >> (byte % 64) & 1;
	else if (token.kind == PATTERN_DEEP || byte != '/')
		pattern_states_add(branch, to, index);
	if (matches)
		pattern_states_add(branch, to, index + 1);
}

static bool pattern_step(const struct pattern *pattern, const struct pattern_branch *branch,
	const struct pattern_states *from, struct pattern_states *to, unsigned char byte)
{
	uint64_t any = 0;

	pattern_states_clear(branch, to);
	for (size_t word = 0; word < pattern_words(branch); word++) {
		for (uint64_t bits = from->bits[word]; bits; bits &= bits - 1)
			pattern_advance(pattern, branch, to, word * 64 + (size_t)__builtin_ctzll(bits), byte);
	}
	for (size_t word = 0; word < pattern_words(branch); word++)
		any |= to->bits[word];
	return any != 0;
}

/*
 * Reads text from the position after skip tokens that have already matched. INSIDE: a
 * branch with tree has matched a directory above, nothing that follows can change it.
 */
static enum pattern_run pattern_run(const struct pattern *pattern, const struct pattern_branch *branch, size_t skip,
	const char *text, struct pattern_states *states_out)
{
	struct pattern_states other;
	struct pattern_states *from = states_out;
	struct pattern_states *to = &other;

	pattern_states_clear(branch, from);
	pattern_states_add(branch, from, skip);
	for (; *text; text++) {
		struct pattern_states *swap = from;

		if (*text == '/' && branch->tree && pattern_states_has(from, branch->count))
			return PATTERN_RUN_INSIDE;
		if (!pattern_step(pattern, branch, from, to, (unsigned char)*text))
			return PATTERN_RUN_DEAD;
		from = to;
		to = swap;
	}
	if (from != states_out)
		memcpy(states_out->bits, from->bits, pattern_words(branch) * sizeof(from->bits[0]));
	return PATTERN_RUN_LIVE;
}

/*
 * From the start of text, whose part within the literal head is only compared. A text that
 * ends within the head has matched as many tokens.
 */
static enum pattern_run pattern_run_whole(const struct pattern *pattern, const struct pattern_branch *branch,
	const char *text, struct pattern_states *states_out)
{
	size_t same = 0;

	while (same < branch->head_size && text[same] == branch->head[same])
		same++;
	if (same < branch->head_size && text[same] != '\0')
		return PATTERN_RUN_DEAD;
	return pattern_run(pattern, branch, same, text + same, states_out);
}

/* The last byte tells most names apart, and costs no call. */
static bool pattern_ends_with(const char *name, size_t length, const char *end, size_t size)
{
	return size == 0 || (name[length - 1] == end[size - 1] && memcmp(name + length - size, end, size) == 0);
}

/* The caller has compared what all branches begin with. */
static bool pattern_branch_match(
	const struct pattern *pattern, const struct pattern_branch *branch, const char *name, size_t length)
{
	struct pattern_states states;
	const char *rest = name + branch->head_size;
	size_t known = pattern->common_size;

	if (length < branch->head_size + branch->tail_size ||
		!pattern_ends_with(name, branch->head_size, branch->head + known, branch->head_size - known))
		return false;
	if (branch->head_size == branch->count)
		return *rest == '\0' || (branch->tree && *rest == '/');
	if (!pattern_ends_with(name, length, branch->tail, branch->tail_size))
		return false;
	switch (pattern_run(pattern, branch, branch->head_size, rest, &states)) {
	case PATTERN_RUN_DEAD:
		return false;
	case PATTERN_RUN_LIVE:
		return pattern_states_has(&states, branch->count);
	case PATTERN_RUN_INSIDE:
		return true;
	}
	return false;
}

bool pattern_match_length(const struct pattern *pattern, const char *name, size_t length)
{
	size_t common = pattern->common_size;

	if (length < common || !pattern_ends_with(name, common, pattern->branches[0].head, common))
		return false;
	for (size_t i = 0; i < pattern->branch_count; i++)
		if (pattern_branch_match(pattern, &pattern->branches[i], name, length))
			return true;
	return false;
}

bool pattern_match(const struct pattern *pattern, const char *name)
{
	return pattern_match_length(pattern, name, strlen(name));
}

/* Does everything that can follow match? Below the root no slash follows. */
static bool pattern_takes_all(const struct pattern_branch *branch, const struct pattern_states *states, bool root)
{
	if (branch->tree)
		return !root && pattern_states_has(states, branch->count);
	return branch->count > 0 && pattern_token_at(branch, branch->count - 1U).kind == PATTERN_DEEP &&
	       pattern_states_has(states, branch->count - 1);
}

static enum pattern_cover pattern_branch_cover(
	const struct pattern *pattern, const struct pattern_branch *branch, const char *directory)
{
	struct pattern_states states;
	struct pattern_states below;
	bool root = strcmp(directory, "/") == 0;

	switch (pattern_run_whole(pattern, branch, directory, &states)) {
	case PATTERN_RUN_DEAD:
		return PATTERN_COVERS_NONE;
	case PATTERN_RUN_INSIDE:
		return PATTERN_COVERS_ALL;
	case PATTERN_RUN_LIVE:
		break;
	}
	if (pattern_takes_all(branch, &states, root))
		return PATTERN_COVERS_ALL;
	if (root || pattern_states_has(&states, branch->count))
		return PATTERN_COVERS_SOME;
	return pattern_step(pattern, branch, &states, &below, '/') ? PATTERN_COVERS_SOME : PATTERN_COVERS_NONE;
}

/* What all branches begin with leads to the directory, or on from it: most patterns are about other places. */
static bool pattern_reaches(const struct pattern *pattern, const char *directory)
{
	size_t length = strlen(directory);

	if (length > pattern->common_size)
		length = pattern->common_size;
	return memcmp(pattern->branches[0].head, directory, length) == 0;
}

enum pattern_cover pattern_cover(const struct pattern *pattern, const char *directory)
{
	enum pattern_cover cover = PATTERN_COVERS_NONE;

	if (!pattern_reaches(pattern, directory))
		return PATTERN_COVERS_NONE;
	for (size_t i = 0; i < pattern->branch_count && cover != PATTERN_COVERS_ALL; i++) {
		enum pattern_cover one = pattern_branch_cover(pattern, &pattern->branches[i], directory);

		cover = one > cover ? one : cover;
	}
	return cover;
}

bool pattern_same_below(const struct pattern *pattern, const char *directory, const char *other)
{
	/* Names below the root are made without a further slash, so no suffix is shared. */
	if (strcmp(directory, "/") == 0 || strcmp(other, "/") == 0)
		return strcmp(directory, other) == 0;
	for (size_t i = 0; i < pattern->branch_count; i++) {
		const struct pattern_branch *branch = &pattern->branches[i];
		struct pattern_states a;
		struct pattern_states b;
		enum pattern_run run = pattern_run_whole(pattern, branch, directory, &a);

		if (run != pattern_run_whole(pattern, branch, other, &b))
			return false;
		if (run == PATTERN_RUN_LIVE && memcmp(a.bits, b.bits, pattern_words(branch) * sizeof(a.bits[0])) != 0)
			return false;
	}
	return true;
}

/* Behind the name that begins here. */
static size_t pattern_child_end(const struct pattern_branch *branch, size_t from)
{
	for (; from < branch->count; from++) {
		struct pattern_token token = pattern_token_at(branch, from);

		if (token.kind == PATTERN_BYTE && token.byte == '/')
			break;
	}
	return from;
}

/* The tokens from here on, if they are a name and nothing else; or one that leads to something, with `way`. */
static enum pattern_children pattern_child_literal(
	const struct pattern_branch *branch, size_t from, bool way, char *buffer, size_t size)
{
	size_t end = pattern_child_end(branch, from);
	size_t length = 0;

	if (end < branch->count && !way)
		return PATTERN_CHILDREN_NONE;
	for (size_t i = from; i < end; i++) {
		struct pattern_token token = pattern_token_at(branch, i);

		if (token.kind != PATTERN_BYTE || length + 1 >= size)
			return PATTERN_CHILDREN_MANY;
		buffer[length++] = (char)token.byte;
	}
	buffer[length] = '\0';
	return length > 0 ? PATTERN_CHILDREN_ONE : PATTERN_CHILDREN_NONE;
}

static enum pattern_children pattern_branch_child(const struct pattern *pattern, const struct pattern_branch *branch,
	const char *directory, bool way, char *buffer, size_t size)
{
	enum pattern_children children = PATTERN_CHILDREN_NONE;
	struct pattern_states states;
	struct pattern_states below;
	enum pattern_run run = pattern_run_whole(pattern, branch, directory, &states);

	if (run == PATTERN_RUN_DEAD)
		return PATTERN_CHILDREN_NONE;
	if (run == PATTERN_RUN_INSIDE || (branch->tree && pattern_states_has(&states, branch->count)))
		return PATTERN_CHILDREN_MANY;
	if (strcmp(directory, "/") == 0)
		below = states;
	else if (!pattern_step(pattern, branch, &states, &below, '/'))
		return PATTERN_CHILDREN_NONE;
	for (size_t i = 0; i <= branch->count; i++) {
		enum pattern_children one = PATTERN_CHILDREN_NONE;

		if (pattern_states_has(&below, i))
			one = pattern_child_literal(branch, i, way, buffer, size);
		if (one != PATTERN_CHILDREN_NONE && children != PATTERN_CHILDREN_NONE)
			return PATTERN_CHILDREN_MANY;
		children = one != PATTERN_CHILDREN_NONE ? one : children;
	}
	return children;
}

static enum pattern_children pattern_next(
	const struct pattern *pattern, const char *directory, size_t *branch, bool way, char *buffer, size_t size)
{
	while (*branch < pattern->branch_count) {
		enum pattern_children children =
			pattern_branch_child(pattern, &pattern->branches[(*branch)++], directory, way, buffer, size);

		if (children != PATTERN_CHILDREN_NONE)
			return children;
	}
	return PATTERN_CHILDREN_NONE;
}

enum pattern_children pattern_next_child(
	const struct pattern *pattern, const char *directory, size_t *branch, char *buffer, size_t size)
{
	return pattern_next(pattern, directory, branch, false, buffer, size);
}

enum pattern_children pattern_next_way(
	const struct pattern *pattern, const char *directory, size_t *branch, char *buffer, size_t size)
{
	return pattern_next(pattern, directory, branch, true, buffer, size);
}
