/*
 * What the files of the policy loader know of core/policy_net_rule.c: the values of net rules, block+ and its lists.
 * Nobody else includes this.
 */
#ifndef KENNEL_CORE_POLICY_NET_RULE_H
#define KENNEL_CORE_POLICY_NET_RULE_H

#include "core/policy_load.h"

struct address_pattern;

/* Lines of a .ipset or .netset file: one network each. */
void policy_load_networks(struct policy_loader *loader, const char *text, size_t length, struct policy_place *place);

/*
 * What a rule's value is, judged by its categories: those that it can say something about, 0
 * after an error. *address_out: what it means as an address, NULL for a pattern of names.
 */
uint64_t policy_rule_address(
	const struct policy_statement *statement, uint64_t categories, struct address_pattern **address_out);

#endif
