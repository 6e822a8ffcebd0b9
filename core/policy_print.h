/*
 * A policy as text that, loaded again, gives the same policy; or as JSON.
 */
#ifndef KENNEL_CORE_POLICY_PRINT_H
#define KENNEL_CORE_POLICY_PRINT_H

#include <stdio.h>

#include "core/policy.h"

/* Commands of the rule language, one a line: switches, defaults, settings, rules in order. */
void policy_print_text(const struct policy *policy, FILE *stream);

/* Their names with commas between them, each in quotes of this kind. */
void policy_print_categories(uint64_t categories, const char *quote, FILE *stream);

/* Only the settings: what is neither a switch, a default nor a rule. */
void policy_print_settings(const struct policy_settings *settings, FILE *stream);

/* The rule of this category that the same command made, NULL: there is none. */
const struct rule *policy_print_sibling(const struct policy *policy, enum category category, const struct rule *rule);

/* The command that made the rule, with all categories that it still is a rule of. No newline. */
void policy_print_rule(const struct policy *policy, const struct rule *rule, FILE *stream);

/* core/policy_print_again.c: the commands that make it again, in these categories; with newlines. */
void policy_print_again(const struct rule *rule, uint64_t categories, FILE *stream);

/* The command as a JSON object, with the place where it was written; null for NULL. */
void policy_print_rule_json(const struct policy *policy, const struct rule *rule, FILE *stream);

/* core/policy_print_payload.c: what the payload starts with; JSON as members after others. */
void policy_print_payload(const struct policy_settings *settings, FILE *stream);
void policy_print_payload_json(const struct policy_settings *settings, FILE *stream);

/* The same for block+. */
void policy_print_blocked(const struct policy_settings *settings, FILE *stream);
void policy_print_blocked_json(const struct policy_settings *settings, FILE *stream);

/* Each network of a set, with this before and after it. */
struct policy_network_print {
	FILE *stream;
	const char *before;
	const char *after;
	const char *separator; /* before the first, */
	const char *next;      /* and before all others */
};
void policy_print_networks(const struct netset *set, struct policy_network_print *print);

/* All of it as members of a JSON object, without the braces; each rule with the place where it was written. */
void policy_print_members(const struct policy *policy, FILE *stream);

#endif
