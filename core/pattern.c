/*
 * Compiling path patterns: tokens, brace expansion into branches, their literal heads; and
 * the questions answered from the compiled form without running it. The matching is in
 * core/pattern_match.c. Nothing here looks at the file system.
 */
#include "core/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/pattern_internal.h"
#include "core/util.h"

/* Tokens [from, from + count) of the expansion. */
struct pattern_list {
	uint32_t from;
	uint32_t count;
	uint32_t plain; /* so many at the beginning are in no group */
	uint32_t head;  /* so many at the beginning are bytes; known of finished lists */
};

/* Lists still to expand grow from the front, finished ones are kept at the back. Only what is counted is set. */
struct pattern_expansion {
	struct pattern_token *tokens; /* of all lists that were ever made, the scan's first */
	size_t token_count;
	size_t token_capacity;
	size_t pending_count;
	size_t done_count;
	struct pattern_list pending[PATTERN_BRANCHES_MAX];
	struct pattern_list done[PATTERN_BRANCHES_MAX];
};

static void pattern_expansion_release(struct pattern_expansion *expansion)
{
	free(expansion->tokens);
}

static size_t pattern_find_open(const struct pattern_token *tokens, const struct pattern_list *list)
{
	size_t i = list->from + list->plain;

	while (i < list->from + list->count && tokens[i].kind != PATTERN_OPEN)
		i++;
	return i;
}

/* The end of the alternative that starts at from: its NEXT or CLOSE. */
static size_t pattern_alternative_end(const struct pattern_token *tokens, size_t from)
{
	size_t depth = 0;

	for (size_t i = from;; i++) {
		enum pattern_token_kind kind = tokens[i].kind;

		if (depth == 0 && (kind == PATTERN_NEXT || kind == PATTERN_CLOSE))
			return i;
		depth += kind == PATTERN_OPEN;
		depth -= kind == PATTERN_CLOSE;
	}
}

/* Room for so many tokens in all; those that there are may be moved. */
static int pattern_reserve(struct pattern_expansion *expansion, size_t count)
{
	struct pattern_token *larger;

	if (expansion->tokens && count <= expansion->token_capacity)
		return 0;
	larger = reallocarray(expansion->tokens, count * 2 + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	expansion->tokens = larger;
	expansion->token_capacity = count * 2 + 1;
	return 0;
}

/* The next pending list; its tokens are for the caller to set. */
static int pattern_push(struct pattern_expansion *expansion, size_t count, size_t plain)
{
	struct pattern_list list = {
		.from = (uint32_t)expansion->token_count, .count = (uint32_t)count, .plain = (uint32_t)plain
	};

	if (expansion->token_count + count > PATTERN_COPIED_MAX)
		return -EFBIG;
	if (expansion->pending_count + expansion->done_count >= PATTERN_BRANCHES_MAX)
		return -E2BIG;
	if (pattern_reserve(expansion, list.from + count))
		return -ENOMEM;
	expansion->token_count += count;
	expansion->pending[expansion->pending_count++] = list;
	return 0;
}

static void pattern_copy(struct pattern_expansion *expansion, size_t to, size_t from, size_t end)
{
	memcpy(expansion->tokens + to, expansion->tokens + from, (end - from) * sizeof(*expansion->tokens));
}

/* Pushes the list with its group [open, close] replaced by [from, end): all of them indexes among all tokens. */
static int pattern_push_alternative(struct pattern_expansion *expansion, const struct pattern_list *list, size_t open,
	size_t close, size_t from, size_t end)
{
	size_t to = expansion->token_count;
	size_t list_end = list->from + list->count;
	int result =
		pattern_push(expansion, (open - list->from) + (end - from) + (list_end - close - 1), open - list->from);

	if (result)
		return result;
	pattern_copy(expansion, to, list->from, open);
	to += open - list->from;
	pattern_copy(expansion, to, from, end);
	pattern_copy(expansion, to + end - from, close + 1, list_end);
	return 0;
}

/* Replaces the first group of the list by each of its alternatives. */
static int pattern_expand_group(struct pattern_expansion *expansion, const struct pattern_list *list, size_t open)
{
	size_t close = open;
	int result = 0;

	do
		close = pattern_alternative_end(expansion->tokens, close + 1);
	while (expansion->tokens[close].kind == PATTERN_NEXT);
	for (size_t from = open + 1; from <= close && result == 0;) {
		size_t end = pattern_alternative_end(expansion->tokens, from);

		result = pattern_push_alternative(expansion, list, open, close, from, end);
		from = end + 1;
	}
	return result;
}

static int pattern_expand(struct pattern_expansion *expansion)
{
	while (expansion->pending_count > 0) {
		struct pattern_list list = expansion->pending[--expansion->pending_count];
		size_t open = pattern_find_open(expansion->tokens, &list);
		int result;

		if (open == list.from + list.count) {
			expansion->done[expansion->done_count++] = list;
			continue;
		}
		result = pattern_expand_group(expansion, &list, open);
		if (result)
			return result;
	}
	return 0;
}

/* Two runs of stars side by side, as {a,*}* makes them, are one: the wider. Their number then. */
static size_t pattern_join_stars(struct pattern_token *tokens, size_t head, size_t before)
{
	size_t count = head;

	for (size_t i = head; i < before; i++) {
		struct pattern_token token = tokens[i];
		struct pattern_token *last = count > 0 ? &tokens[count - 1] : NULL;

		if (token.kind == PATTERN_TREE)
			token.kind = PATTERN_DEEP;
		if (last && (last->kind == PATTERN_STAR || last->kind == PATTERN_DEEP) &&
			(token.kind == PATTERN_STAR || token.kind == PATTERN_DEEP)) {
			last->kind = token.kind == PATTERN_DEEP ? PATTERN_DEEP : last->kind;
			continue;
		}
		tokens[count++] = token;
	}
	return count;
}

/* The bytes of these tokens as a string; behind it. */
static char *pattern_bytes(const struct pattern_token *tokens, size_t count, char *bytes)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)tokens[i].byte;
	bytes[count] = '\0';
	return bytes + count + 1;
}

static uint32_t pattern_find_tail(const struct pattern_branch *branch, const struct pattern_token *tokens)
{
	uint32_t tail = 0;

	while (!branch->tree && branch->head_size + tail < branch->count &&
		tokens[branch->count - tail - 1].kind == PATTERN_BYTE)
		tail++;
	return tail;
}

/* Where the branches of a pattern put what they keep: one block for all of them. */
struct pattern_room {
	struct pattern_token *tokens;
	char *bytes;
};

static int pattern_branch_init(struct pattern_branch *branch, struct pattern_token *tokens,
	const struct pattern_list *list, struct pattern_room *room)
{
	size_t count = list->count;
	size_t head = list->head;
	const struct pattern_token *last = tokens + count - (count > 0);

	if (count >= 2 && last->kind == PATTERN_TREE && last[-1].kind == PATTERN_BYTE && last[-1].byte == '/') {
		branch->tree = true;
		count -= 2;
		head = head < count ? head : count; /* the slash was one of it */
	}
	count = pattern_join_stars(tokens, head, count);
	if (count > PATTERN_TOKENS_MAX)
		return -ENAMETOOLONG;
	branch->count = (uint32_t)count;
	branch->head_size = (uint32_t)head;
	branch->tail_size = pattern_find_tail(branch, tokens);
	branch->rest = room->tokens;
	memcpy(room->tokens, tokens + branch->head_size, (count - branch->head_size) * sizeof(*tokens));
	room->tokens += count - branch->head_size;
	branch->head = room->bytes;
	branch->tail = pattern_bytes(tokens, branch->head_size, branch->head);
	room->bytes = pattern_bytes(tokens + count - branch->tail_size, branch->tail_size, branch->tail);
	return 0;
}

static void pattern_cleanup(struct pattern **pattern)
{
	pattern_free(*pattern);
}

static void pattern_find_common(struct pattern *pattern)
{
	const struct pattern_branch *first = &pattern->branches[0];
	size_t common = first->head_size;

	for (size_t i = 1; i < pattern->branch_count; i++) {
		const struct pattern_branch *branch = &pattern->branches[i];
		size_t same = 0;

		while (same < common && same < branch->head_size && branch->head[same] == first->head[same])
			same++;
		common = same;
	}
	pattern->common_size = common;
}

/* The tokens that a branch keeps are those behind its head, the bytes those of both ends. */
static void pattern_measure(struct pattern_expansion *expansion, size_t *tokens_out, size_t *bytes_out)
{
	*tokens_out = *bytes_out = 0;
	for (size_t i = 0; i < expansion->done_count; i++) {
		struct pattern_list *list = &expansion->done[i];

		list->head = 0;
		while (list->head < list->count && expansion->tokens[list->from + list->head].kind == PATTERN_BYTE)
			list->head++;
		*tokens_out += list->count - list->head;
		*bytes_out += list->count + 2;
	}
}

static int pattern_build(struct pattern_expansion *expansion, const char *text, struct pattern **pattern_out)
{
	__attribute__((cleanup(pattern_cleanup))) struct pattern *pattern = NULL;
	size_t branches = expansion->done_count * sizeof(pattern->branches[0]);
	size_t text_size = strlen(text) + 1;
	size_t tokens, bytes;
	struct pattern_room room;

	pattern_measure(expansion, &tokens, &bytes);
	pattern = malloc(sizeof(*pattern) + branches + tokens * sizeof(*room.tokens) + text_size + bytes);
	if (!pattern)
		return -ENOMEM;
	memset(pattern, 0, sizeof(*pattern) + branches);
	room.tokens = (struct pattern_token *)&pattern->branches[expansion->done_count];
	pattern->text = (char *)(room.tokens + tokens);
	memcpy(pattern->text, text, text_size);
	room.bytes = pattern->text + text_size;
	for (size_t i = 0; i < expansion->done_count; i++) {
		const struct pattern_list *list = &expansion->done[i];
		int result = pattern_branch_init(
			&pattern->branches[pattern->branch_count++], expansion->tokens + list->from, list, &room);

		if (result)
			return result;
	}
	pattern_find_common(pattern);
	*pattern_out = take_ptr(pattern);
	return 0;
}

static const char *pattern_explain(int result)
{
	switch (result) {
	case -E2BIG:
		return "expected at most 256 alternatives after expanding braces";
	case -EFBIG:
		return "expected fewer or shorter alternatives: all together are too long";
	case -ENAMETOOLONG:
		return "expected a shorter pattern";
	default:
		return NULL;
	}
}

static int pattern_compile(struct pattern_scan *scan, struct pattern **pattern_out)
{
	__attribute__((cleanup(pattern_expansion_release))) struct pattern_expansion expansion;
	size_t length = strlen(scan->text);
	int result;

	expansion.tokens = NULL;
	expansion.token_count = expansion.token_capacity = expansion.pending_count = expansion.done_count = 0;
	result = pattern_push(&expansion, length, 0);
	if (result)
		return result;
	scan->tokens = expansion.tokens;
	result = pattern_scan(scan);
	if (result)
		return result;
	expansion.token_count = scan->count;
	expansion.pending[0].count = (uint32_t)scan->count;
	result = pattern_expand(&expansion);
	if (result == 0)
		result = pattern_build(&expansion, scan->text, pattern_out);
	scan->error = pattern_explain(result);
	if (scan->error)
		scan->at = 0;
	return result;
}

int pattern_new(const char *text, struct pattern **pattern_out, size_t *error_offset_out, const char **error_out)
{
	AUTO_FREE struct pattern_set *sets = NULL;
	struct pattern_scan scan = { .text = text };
	size_t set_bound = 0;
	int result;

	*error_offset_out = 0;
	*error_out = "expected a shorter pattern";
	if (strlen(text) > PATTERN_TEXT_MAX)
		return -EINVAL;
	for (const char *at = text; (at = strchr(at, '[')) != NULL; at++)
		set_bound++;
	sets = set_bound > 0 ? calloc(set_bound, sizeof(*sets)) : NULL;
	if (!sets && set_bound > 0)
		return -ENOMEM;
	scan.sets = sets;
	result = pattern_compile(&scan, pattern_out);
	if (result == 0)
		(*pattern_out)->sets = take_ptr(sets);
	*error_offset_out = scan.at;
	*error_out = scan.error;
	return result == 0 || result == -ENOMEM ? result : -EINVAL;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	free(pattern->sets);
	free(pattern);
}

size_t pattern_weight(const struct pattern *pattern)
{
	size_t weight = 0;

	for (size_t i = 0; i < pattern->branch_count; i++) {
		const struct pattern_branch *branch = &pattern->branches[i];

		weight += 16 + branch->count;
		for (size_t at = 0; at < branch->head_size; at++)
			weight += branch->head[at] == '/' ? 8 : 0;
	}
	return weight;
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

/* How much of the head is a name that holds every match of the branch. */
static size_t pattern_branch_root(const struct pattern_branch *branch)
{
	size_t length = branch->head_size;

	if (branch->head_size == branch->count)
		return length;
	while (length > 0 && branch->head[length - 1] != '/')
		length--;
	return length > 0 ? length - 1 : 0;
}

/* The length of the longest common ancestor of a[0..a_length) and b[0..b_length). */
static size_t pattern_common_root(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t i = 0;
	size_t root = 0;

	while (i < a_length && i < b_length && a[i] == b[i]) {
		if (a[i] == '/')
			root = i;
		i++;
	}
	if ((i == a_length || a[i] == '/') && (i == b_length || b[i] == '/'))
		root = i;
	return root;
}

bool pattern_literal_root(const struct pattern *pattern, char *buffer, size_t size)
{
	const struct pattern_branch *first = &pattern->branches[0];
	size_t length = pattern_branch_root(first);
	bool literal = pattern->branch_count == 1 && pattern_branch_is_literal(first);

	for (size_t i = 1; i < pattern->branch_count; i++) {
		const struct pattern_branch *branch = &pattern->branches[i];

		length = pattern_common_root(first->head, length, branch->head, pattern_branch_root(branch));
	}
	if (length == 0 || length >= size || (!literal && first->head[0] != '/')) {
		snprintf(buffer, size, "/");
		return true;
	}
	memcpy(buffer, first->head, length);
	buffer[length] = '\0';
	return !literal;
}
