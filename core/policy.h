/*
 * A loaded policy: switches, defaults and ordered rules for each category, and the
 * decision on a name. Pure after loading: no I/O, no allocation, no global state.
 * core/policy_parse.c fills it; nothing else changes it.
 */
#ifndef KENNEL_CORE_POLICY_H
#define KENNEL_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/category.h"
#include "core/policy_settings.h"

struct address_pattern;
struct policy;
struct rule_index;

/* Small: all+ makes one for each category. */
struct rule {
	struct pattern *pattern;         /* owned by the policy; of an address only its text */
	struct address_pattern *address; /* owned by the policy; NULL: a rule about names */
	struct rule_origin origin;
	unsigned sequence; /* the same for all rules that one command made; grows */
	enum action action : 8;
	enum category category : 8;
	bool everything; /* every name in every category: to the net categories every address, too */
};

struct decision {
	enum action action;
	const struct rule *rule; /* the rule that decided, NULL: the default */
};

/* NULL only when memory is exhausted. Starts with every enforced category on, deny. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);

bool policy_is_on(const struct policy *policy, enum category category);
enum action policy_default(const struct policy *policy, enum category category);

/* The rules of one category in the order given; the last that matches decides. */
const struct rule *policy_rules(const struct policy *policy, enum category category, size_t *count_out);

/* The same compiled, NULL: few. */
const struct rule_index *policy_rule_index(const struct policy *policy, enum category category);

/*
 * True when the category is on and something other than a plain allow can come out:
 * only then does any call have to be intercepted for it.
 */
bool policy_active(const struct policy *policy, enum category category);
uint64_t policy_active_bits(const struct policy *policy);

/* For a canonical absolute name (or "!memfd:NAME"). Off means allow. */
struct decision policy_decide(const struct policy *policy, enum category category, const char *name);

/* What can come out for a directory and the names below it: conservative, both may be said where one is true. */
struct policy_range {
	bool may_allow;
	bool may_refuse;
};
struct policy_range policy_range(const struct policy *policy, enum category category, const char *directory);

/*
 * Names hold still (doc/BOUNDARY.md): true when moving or linking the object from
 * one name to the other gives it no right that it lacks under the first. For a
 * directory, when no rule of an active category can tell names below one from names below
 * the other. Ranks: allow, warn < refused.
 */
bool policy_name_allows_no_more(const struct policy *policy, const char *from, const char *to, bool is_directory);

/* CAT_BIT()s of the categories in which it gains, or in which the two are told apart; mask+ and append+ are none. */
uint64_t policy_name_gains(const struct policy *policy, const char *from, const char *to, bool is_directory);

/* True when the policy names transitions of this kind: only then are they restricted. */
bool policy_names_transitions(const struct policy *policy, enum id_kind kind);

/* May a process that has one id take the other. To keep an id is no transition. */
bool policy_allows_transition(const struct policy *policy, enum id_kind kind, uint32_t from, uint32_t to);

const struct policy_settings *policy_settings(const struct policy *policy);

/* True when nothing at all was configured: no option, rule, profile or file. */
bool policy_is_empty(const struct policy *policy);

#endif
