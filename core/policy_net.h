/*
 * Rules of the net categories: addresses, names of UNIX sockets, families of netlink; and block+. What is
 * written as a path, @abstract or !unnamed is a pattern of names and decided by policy_decide(). Pure after loading.
 */
#ifndef KENNEL_CORE_POLICY_NET_H
#define KENNEL_CORE_POLICY_NET_H

#include <stdbool.h>

#include "core/address.h"
#include "core/netset.h"
#include "core/policy.h"

#define POLICY_INET_BITS (CAT_BIT(CAT_NET_BIND) | CAT_BIT(CAT_NET_CONNECT))
#define POLICY_SOCKET_BITS (POLICY_INET_BITS | CAT_BIT(CAT_NET_SENDFD))
#define POLICY_NET_BITS (POLICY_SOCKET_BITS | CAT_BIT(CAT_NET_LINK))

/* The rule says something about names of files. */
bool policy_net_names_files(const struct rule *rule);

/* By IP address, or by the text of an unnamed or abstract socket. Paths: policy_decide(). */
struct decision policy_decide_address(
	const struct policy *policy, enum category category, const struct address *address);

/* The rule decides on it, where no later one does. */
bool policy_rule_has_address(const struct rule *rule, const struct address *address);
bool policy_rule_has_link(const struct rule *rule, unsigned family);

/* block+, whatever the rules say. */
bool policy_blocks(const struct policy *policy, const struct address *address);

/* net/link: a family of netlink by number; its name, or NULL for one without. */
const char *policy_link_name(unsigned family);
struct decision policy_decide_link(const struct policy *policy, unsigned family);
#define POLICY_LINK_FAMILIES 32

/* The first rule that has a host name from this index on, NULL: none. Several rules may share a pattern. */
struct address_pattern *policy_next_host(const struct policy *policy, size_t *index, const struct rule **rule_out);

#endif
