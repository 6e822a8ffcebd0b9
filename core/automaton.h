/*
 * Many patterns in one pass over a text: a deterministic automaton, made at load from the tokens of
 * pattern branches and bounded in size and work. Says which rule is the last that matches. Pure.
 */
#ifndef KENNEL_CORE_AUTOMATON_H
#define KENNEL_CORE_AUTOMATON_H

#include <stddef.h>
#include <stdint.h>

struct automaton;
struct pattern;
struct pattern_branch;

/* What is left for all automata of a policy: cells of tables kept, and steps of making them. */
struct automaton_budget {
	size_t cells;
	size_t work;
};

/* The tokens of a branch from skip on. Rules count from 1; 0 is none. */
struct automaton_branch {
	const struct pattern *pattern;
	const struct pattern_branch *branch;
	size_t skip;
	uint32_t rule;
};

/* 0, -ENOMEM, or -E2BIG: it would take more than the branches are worth, or than the budget has. */
int automaton_new(const struct automaton_branch *branches, size_t count, struct automaton_budget *budget,
	struct automaton **automaton_out);
void automaton_free(struct automaton *automaton);

/* The highest rule with a branch that matches all of text, or best when none is higher. */
uint32_t automaton_run(const struct automaton *automaton, const char *text, size_t length, uint32_t best);

#endif
