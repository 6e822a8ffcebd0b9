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

struct pattern_list {
	struct pattern_token *tokens;
	size_t count;
};

/* Lists still to expand grow from the front, finished ones are kept at the back. */
struct pattern_expansion {
	struct pattern_list pending[PATTERN_BRANCHES_MAX];
	size_t pending_count;
	struct pattern_list done[PATTERN_BRANCHES_MAX];
	size_t done_count;
	size_t copied; /* tokens, in all lists that were ever made */
};

static void pattern_expansion_free(struct pattern_expansion **expansion)
{
	if (!*expansion)
		return;
	for (size_t i = 0; i < (*expansion)->pending_count; i++)
		free((*expansion)->pending[i].tokens);
	for (size_t i = 0; i < (*expansion)->done_count; i++)
		free((*expansion)->done[i].tokens);
	free(*expansion);
}

static size_t pattern_find_open(const struct pattern_list *list)
{
	size_t i = 0;

	while (i < list->count && list->tokens[i].kind != PATTERN_OPEN)
		i++;
	return i;
}

/* The end of the alternative that starts at from: its NEXT or CLOSE. */
static size_t pattern_alternative_end(const struct pattern_list *list, size_t from)
{
	size_t depth = 0;

	for (size_t i = from;; i++) {
		enum pattern_token_kind kind = list->tokens[i].kind;

		if (depth == 0 && (kind == PATTERN_NEXT || kind == PATTERN_CLOSE))
			return i;
		depth += kind == PATTERN_OPEN;
		depth -= kind == PATTERN_CLOSE;
	}
}

/* The next pending list, zeroed, with room for count tokens. */
static int pattern_push(struct pattern_expansion *expansion, size_t count, struct pattern_list **list_out)
{
	struct pattern_list *list = &expansion->pending[expansion->pending_count];

	expansion->copied += count;
	if (expansion->copied > PATTERN_COPIED_MAX)
		return -EFBIG;
	if (expansion->pending_count + expansion->done_count >= PATTERN_BRANCHES_MAX)
		return -E2BIG;
	list->tokens = calloc(count + 1, sizeof(*list->tokens));
	list->count = count;
	if (!list->tokens)
		return -ENOMEM;
	expansion->pending_count++;
	*list_out = list;
	return 0;
}

static void pattern_copy(struct pattern_token *to, const struct pattern_list *list, size_t from, size_t end)
{
	memcpy(to, list->tokens + from, (end - from) * sizeof(*to));
}

/* Pushes list with its group [open, close] replaced by [from, end). */
static int pattern_push_alternative(struct pattern_expansion *expansion, const struct pattern_list *list, size_t open,
	size_t close, size_t from, size_t end)
{
	struct pattern_list *made = NULL;
	size_t tail = open + end - from;
	int result = pattern_push(expansion, tail + list->count - close - 1, &made);

	if (result)
		return result;
	pattern_copy(made->tokens, list, 0, open);
	pattern_copy(made->tokens + open, list, from, end);
	pattern_copy(made->tokens + tail, list, close + 1, list->count);
	return 0;
}

/* Replaces the first group of the list by each of its alternatives. */
static int pattern_expand_group(struct pattern_expansion *expansion, const struct pattern_list *list, size_t open)
{
	size_t close = open;
	int result = 0;

	do
		close = pattern_alternative_end(list, close + 1);
	while (list->tokens[close].kind == PATTERN_NEXT);
	for (size_t from = open + 1; from <= close && result == 0;) {
		size_t end = pattern_alternative_end(list, from);

		result = pattern_push_alternative(expansion, list, open, close, from, end);
		from = end + 1;
	}
	return result;
}

static int pattern_expand(struct pattern_expansion *expansion)
{
	while (expansion->pending_count > 0) {
		struct pattern_list list = expansion->pending[--expansion->pending_count];
		size_t open = pattern_find_open(&list);
		int result;

		if (open == list.count) {
			expansion->done[expansion->done_count++] = list;
			continue;
		}
		result = pattern_expand_group(expansion, &list, open);
		free(list.tokens);
		if (result)
			return result;
	}
	return 0;
}

/* Two runs of stars side by side, as {a,*}* makes them, are one: the wider. */
static void pattern_join_stars(struct pattern_branch *branch)
{
	size_t count = 0;

	for (size_t i = 0; i < branch->count; i++) {
		struct pattern_token token = branch->tokens[i];
		struct pattern_token *last = count > 0 ? &branch->tokens[count - 1] : NULL;

		if (token.kind == PATTERN_TREE)
			token.kind = PATTERN_DEEP;
		if (last && (last->kind == PATTERN_STAR || last->kind == PATTERN_DEEP) &&
			(token.kind == PATTERN_STAR || token.kind == PATTERN_DEEP)) {
			last->kind = token.kind == PATTERN_DEEP ? PATTERN_DEEP : last->kind;
			continue;
		}
		branch->tokens[count++] = token;
	}
	branch->count = count;
}

/* The bytes of the tokens [from, from + count) as a string. */
static void pattern_bytes(const struct pattern_branch *branch, size_t from, size_t count, char *bytes)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)branch->tokens[from + i].byte;
	bytes[count] = '\0';
}

static int pattern_find_ends(struct pattern_branch *branch)
{
	const struct pattern_token *tokens = branch->tokens;

	while (branch->head_size < branch->count && tokens[branch->head_size].kind == PATTERN_BYTE)
		branch->head_size++;
	while (!branch->tree && branch->head_size + branch->tail_size < branch->count &&
		tokens[branch->count - branch->tail_size - 1].kind == PATTERN_BYTE)
		branch->tail_size++;
	branch->head = malloc(branch->head_size + 1 + branch->tail_size + 1);
	if (!branch->head)
		return -ENOMEM;
	branch->tail = branch->head + branch->head_size + 1;
	pattern_bytes(branch, 0, branch->head_size, branch->head);
	pattern_bytes(branch, branch->count - branch->tail_size, branch->tail_size, branch->tail);
	return 0;
}

/* Takes the tokens from the list. */
static int pattern_branch_init(struct pattern_branch *branch, struct pattern_list *list)
{
	const struct pattern_token *last = list->tokens + list->count - (list->count > 0);

	branch->tokens = take_ptr(list->tokens);
	branch->count = list->count;
	if (list->count >= 2 && last->kind == PATTERN_TREE && last[-1].kind == PATTERN_BYTE && last[-1].byte == '/') {
		branch->tree = true;
		branch->count -= 2;
	}
	pattern_join_stars(branch);
	if (branch->count > PATTERN_TOKENS_MAX)
		return -ENAMETOOLONG;
	return pattern_find_ends(branch);
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

static int pattern_build(struct pattern_expansion *expansion, const char *text, struct pattern **pattern_out)
{
	__attribute__((cleanup(pattern_cleanup))) struct pattern *pattern =
		calloc(1, sizeof(*pattern) + expansion->done_count * sizeof(pattern->branches[0]));

	if (!pattern)
		return -ENOMEM;
	pattern->text = strdup(text);
	if (!pattern->text)
		return -ENOMEM;
	for (size_t i = 0; i < expansion->done_count; i++) {
		int result = pattern_branch_init(&pattern->branches[pattern->branch_count++], &expansion->done[i]);

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
	__attribute__((cleanup(pattern_expansion_free))) struct pattern_expansion *expansion =
		malloc(sizeof(*expansion));
	struct pattern_list whole = { scan->tokens, 0 };
	struct pattern_list *first = NULL;
	int result;

	if (!expansion)
		return -ENOMEM;
	/* The lists are large, and only those that are counted are read. */
	expansion->pending_count = expansion->done_count = expansion->copied = 0;
	result = pattern_scan(scan);
	if (result)
		return result;
	whole.count = scan->count;
	result = pattern_push(expansion, whole.count, &first);
	if (result)
		return result;
	/* The scan's own tokens stay with the caller. */
	pattern_copy(first->tokens, &whole, 0, whole.count);
	result = pattern_expand(expansion);
	if (result == 0)
		result = pattern_build(expansion, scan->text, pattern_out);
	scan->error = pattern_explain(result);
	if (scan->error)
		scan->at = 0;
	return result;
}

int pattern_new(const char *text, struct pattern **pattern_out, size_t *error_offset_out, const char **error_out)
{
	size_t length = strlen(text);
	AUTO_FREE struct pattern_token *tokens = calloc(length + 1, sizeof(*tokens));
	AUTO_FREE struct pattern_set *sets = NULL;
	struct pattern_scan scan = { .text = text, .tokens = tokens };
	size_t set_bound = 1;
	int result;

	*error_offset_out = 0;
	*error_out = "expected a shorter pattern";
	if (length > PATTERN_TEXT_MAX)
		return -EINVAL;
	for (const char *at = text; (at = strchr(at, '[')) != NULL; at++)
		set_bound++;
	sets = calloc(set_bound, sizeof(*sets));
	if (!tokens || !sets)
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
	for (size_t i = 0; i < pattern->branch_count; i++) {
		free(pattern->branches[i].tokens);
		free(pattern->branches[i].head);
	}
	free(pattern->sets);
	free(pattern->text);
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
