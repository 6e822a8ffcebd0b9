/*
 * Decisions on addresses. As everywhere, the last rule that matches decides.
 */
#include "core/policy_net.h"

#include <linux/netlink.h>
#include <string.h>

#include "core/address_pattern.h"
#include "core/pattern.h"
#include "core/rule_index.h"
#include "core/util.h"

static const char *const link_names[POLICY_LINK_FAMILIES] = {
	[NETLINK_ROUTE] = "route",
	[NETLINK_USERSOCK] = "usersock",
	[NETLINK_FIREWALL] = "firewall",
	[NETLINK_SOCK_DIAG] = "sock_diag",
	[NETLINK_NFLOG] = "nflog",
	[NETLINK_XFRM] = "xfrm",
	[NETLINK_SELINUX] = "selinux",
	[NETLINK_ISCSI] = "iscsi",
	[NETLINK_AUDIT] = "audit",
	[NETLINK_FIB_LOOKUP] = "fib_lookup",
	[NETLINK_CONNECTOR] = "connector",
	[NETLINK_NETFILTER] = "netfilter",
	[NETLINK_IP6_FW] = "ip6_fw",
	[NETLINK_DNRTMSG] = "dnrtmsg",
	[NETLINK_KOBJECT_UEVENT] = "kobject_uevent",
	[NETLINK_GENERIC] = "generic",
	[NETLINK_SCSITRANSPORT] = "scsitransport",
	[NETLINK_ECRYPTFS] = "ecryptfs",
	[NETLINK_RDMA] = "rdma",
	[NETLINK_CRYPTO] = "crypto",
	[NETLINK_SMC] = "smc",
};

bool policy_net_names_files(const struct rule *rule)
{
	return !rule->address && strchr("/*{", pattern_text(rule->pattern)[0]);
}

bool policy_rule_has_address(const struct rule *rule, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (rule->everything)
		return true;
	if (address_is_ip(address))
		return rule->address && address_pattern_match(rule->address, address);
	address_text(address, text);
	return !rule->address && pattern_match(rule->pattern, text);
}

bool policy_rule_has_link(const struct rule *rule, unsigned family)
{
	const char *name = policy_link_name(family);

	return rule->everything || (name && pattern_match(rule->pattern, name)) ||
	       str_equal(pattern_text(rule->pattern), "*");
}

/* last: one more than the index of the last rule that matches. */
static struct decision policy_net_decision(const struct policy *policy, enum category category, size_t last)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	if (!policy_is_on(policy, category))
		return (struct decision){ .action = ACTION_ALLOW };
	if (last == 0)
		return (struct decision){ .action = policy_default(policy, category) };
	return (struct decision){ .action = rules[last - 1].action, .rule = &rules[last - 1] };
}

struct decision policy_decide_address(
	const struct policy *policy, enum category category, const struct address *address)
{
	size_t last;
	const struct rule *rules = policy_rules(policy, category, &last);
	const struct rule_index *index = policy_rule_index(policy, category);

	if (index)
		last = rule_index_address(index, address);
	else
		while (last > 0 && !policy_rule_has_address(&rules[last - 1], address))
			last--;
	return policy_net_decision(policy, category, last);
}

bool policy_blocks(const struct policy *policy, const struct address *address)
{
	return netset_holds(&policy_settings(policy)->blocked, address);
}

const char *policy_link_name(unsigned family)
{
	return family < POLICY_LINK_FAMILIES ? link_names[family] : NULL;
}

struct decision policy_decide_link(const struct policy *policy, unsigned family)
{
	size_t last;
	const struct rule *rules = policy_rules(policy, CAT_NET_LINK, &last);
	const struct rule_index *index = policy_rule_index(policy, CAT_NET_LINK);
	const char *name = policy_link_name(family);

	if (index && name)
		last = rule_index_word(index, name);
	else
		while (last > 0 && !policy_rule_has_link(&rules[last - 1], family))
			last--;
	return policy_net_decision(policy, CAT_NET_LINK, last);
}

struct address_pattern *policy_next_host(const struct policy *policy, size_t *index, const struct rule **rule_out)
{
	static const enum category categories[] = { CAT_NET_BIND, CAT_NET_CONNECT };
	size_t seen = 0;

	for (size_t c = 0; c < ARRAY_SIZE(categories); c++) {
		size_t count;
		const struct rule *rules = policy_rules(policy, categories[c], &count);

		for (size_t i = 0; i < count; i++) {
			if (!rules[i].address || !rules[i].address->host || seen++ < *index)
				continue;
			++*index;
			*rule_out = &rules[i];
			return rules[i].address;
		}
	}
	return NULL;
}
