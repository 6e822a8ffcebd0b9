/*
 * The compiled form of a pattern, shared by core/pattern*.c, and
 * by core/automaton*.c and core/matcher*.c, which make one machine of many. Braces are
 * expanded when compiling, so a pattern is a list of branches, each a list of tokens.
 */
#ifndef KENNEL_CORE_PATTERN_INTERNAL_H
#define KENNEL_CORE_PATTERN_INTERNAL_H

#include <stdint.h>

#include "core/pattern.h"

#define PATTERN_TEXT_MAX 16384u /* bytes: PATH_MAX with every byte quoted */
#define PATTERN_TOKENS_MAX 4096u
#define PATTERN_BRANCHES_MAX 256u
#define PATTERN_COPIED_MAX (1u << 16) /* tokens, while braces are expanded */

enum pattern_token_kind {
	PATTERN_BYTE, /* this byte */
	PATTERN_ANY,  /* ?: one byte, not a slash */
	PATTERN_SET,  /* [..]: one byte of a set, never a slash */
	PATTERN_STAR, /* *: a run without slashes */
	PATTERN_DEEP, /* **: any run */
	PATTERN_TREE, /* three stars or more; only while compiling */
	PATTERN_OPEN, /* { , } : only while compiling */
	PATTERN_NEXT,
	PATTERN_CLOSE,
};

struct pattern_token {
	uint8_t kind;
	uint8_t byte;
	uint16_t set; /* index into pattern->sets */
};

struct pattern_set {
	uint64_t bits[4];
};

struct pattern_branch {
	struct pattern_token *rest; /* the tokens behind the head: see pattern_token_at() */
	char *head;                 /* the literal bytes before the first wildcard */
	char *tail;                 /* the literal bytes behind the last wildcard, when nothing may follow */
	uint32_t count;             /* of all tokens */
	uint32_t head_size;         /* as many tokens of kind PATTERN_BYTE */
	uint32_t tail_size;         /* tokens too; head and tail do not overlap */
	bool tree;                  /* what the tokens match, and everything below it */
};

/* One block: what the branches point to, and the text, lie behind them. */
struct pattern {
	char *text;
	struct pattern_set *sets;
	size_t common_size; /* of the heads of all branches, as many bytes are the same */
	size_t branch_count;
	struct pattern_branch branches[];
};

/* A byte of the head has no token of its own. */
static inline struct pattern_token pattern_token_at(const struct pattern_branch *branch, size_t index)
{
	if (index < branch->head_size)
		return (struct pattern_token){ .kind = PATTERN_BYTE, .byte = (uint8_t)branch->head[index] };
	return branch->rest[index - branch->head_size];
}

/* Any run of bytes, the empty one too. */
static inline bool pattern_token_is_run(struct pattern_token token)
{
	return token.kind == PATTERN_STAR || token.kind == PATTERN_DEEP;
}

static inline bool pattern_branch_is_literal(const struct pattern_branch *branch)
{
	return branch->head_size == branch->count && !branch->tree;
}

/* core/pattern_scan.c: text to flat tokens, braces still in it. See pattern_new(). */
struct pattern_scan {
	const char *text;
	size_t at;
	struct pattern_token *tokens;
	size_t count;
	struct pattern_set *sets;
	size_t set_count;
	size_t depth; /* of braces */
	size_t brace_count;
	size_t open_at; /* where the innermost open brace stands */
	const char *error;
};

/* 0 or -EINVAL with scan->at and scan->error. tokens and sets are as long as text. */
int pattern_scan(struct pattern_scan *scan);

/* One quoted byte at text (after the backslash); its length in *length_out, or -1 and *error_out. */
int pattern_scan_quoted(const char *text, size_t *length_out, const char **error_out);

#endif
