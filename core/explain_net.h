/*
 * What kennel explain knows of sockets: addresses, names that are no paths, families of netlink. Pure.
 */
#ifndef KENNEL_CORE_EXPLAIN_NET_H
#define KENNEL_CORE_EXPLAIN_NET_H

#include "core/explain.h"

/* These of the categories can judge a word: a path, an address, another name. */
uint64_t explain_net_categories(const char *word, uint64_t categories);

/*
 * Fills the question from such a word, its name as it is judged (of PATH_MAX bytes) included. NULL, or what was
 * expected instead. The address is the caller's, and lives as long as the question.
 */
const char *explain_net_question(
	const char *word, struct explain_question *question, struct address *address, char *name);

struct decision explain_net_decide(const struct policy *policy, const struct explain_question *question);
bool explain_net_matches(const struct rule *rule, const struct explain_question *question);

#endif
