/*
 * The planner's part for sockets: which may be made at all, by domain, type and protocol; netlink by family;
 * the parts of the multiplexer of i386. Pure, as core/plan.c.
 */
#include <errno.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/plan_build.h"
#include "core/policy.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/reason.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define TYPE_MASK 0xf
/* Options with a route of the sender's own, some within what else they say; newer than some headers. */
#define OPTION_IPV6_2292RTHDR 5
#define OPTION_IPV6_2292PKTOPTIONS 6
#define OPTION_IPV6_FLOWLABEL_MGR 32
#define OPTION_IPV6_RTHDR 57

static const char judged_later[] = REASON("its addresses are judged when it is used");
static const char no_rules[] = REASON("no rule can judge what such a socket reaches");
static const char by_family[] = REASON("the rules decide on families of netlink");
static const char connected[] = REASON("a send without a destination");
static const char by_rules[] = REASON("the rules decide on addresses");
static const char routed[] = REASON("a route of the sender's own leads through machines that no rule was asked about");

/* Sockets of the IP domains whose destinations are addresses and ports: TCP and UDP, and what looks like them. */
static const struct kind {
	int type;
	int protocol;
} kinds[] = {
	{ SOCK_STREAM, 0 },
	{ SOCK_STREAM, IPPROTO_TCP },
	{ SOCK_STREAM, IPPROTO_MPTCP },
	{ SOCK_DGRAM, 0 },
	{ SOCK_DGRAM, IPPROTO_UDP },
	{ SOCK_DGRAM, IPPROTO_UDPLITE },
	{ SOCK_DGRAM, IPPROTO_ICMP },
	{ SOCK_DGRAM, IPPROTO_ICMPV6 },
};

/* What else may be asked of the IP domains: refused as by a kernel without it, or as to who may not. */
static const struct refusal {
	uint64_t mask; /* of the type; 0: any */
	uint64_t type;
	uint64_t protocol_mask; /* these bits of the protocol are 0 */
	int error;
} refusals[] = {
	{ TYPE_MASK, SOCK_RAW, PLAN_INT_MASK, EPROTONOSUPPORT },
	{ TYPE_MASK, SOCK_RAW, 0, EPERM },
	{ TYPE_MASK, SOCK_PACKET, 0, EPERM },
	{ TYPE_MASK, SOCK_STREAM, 0, EPROTONOSUPPORT },
	{ TYPE_MASK, SOCK_DGRAM, 0, EPROTONOSUPPORT },
	{ 0xb, 0xb, 0, EINVAL }, /* types from SOCK_MAX on: 11 and 15 */
	{ 0xc, 0xc, 0, EINVAL }, /* 12 to 15 */
	{ 0, 0, 0, ESOCKTNOSUPPORT },
};

static struct plan_entry plan_net_entry(
	const struct plan_builder *builder, enum sysno sysno, enum plan_action action, const char *reason)
{
	struct plan_entry entry = { .sysno = sysno, .action = action, .reason = reason };

	plan_set_cause(builder, POLICY_NET_BITS, &entry);
	return entry;
}

static void plan_net_add(struct plan_builder *builder, struct plan_entry *entry, int domain)
{
	entry->conditions[entry->condition_count++] = plan_int(0, domain);
	plan_add(builder, entry);
}

static void plan_inet(struct plan_builder *builder, int domain)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct plan_entry entry = plan_net_entry(builder, SC_socket, PLAN_KERNEL, judged_later);

		entry.conditions[entry.condition_count++] = plan_bits(1, TYPE_MASK, (uint64_t)kinds[i].type);
		entry.conditions[entry.condition_count++] = plan_int(2, kinds[i].protocol);
		plan_net_add(builder, &entry, domain);
	}
}

static void plan_refuse_inet(struct plan_builder *builder, int domain)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		struct plan_entry entry = plan_net_entry(builder, SC_socket, PLAN_REFUSE, no_rules);

		entry.error = refusal->error;
		if (refusal->mask)
			entry.conditions[entry.condition_count++] = plan_bits(1, refusal->mask, refusal->type);
		if (refusal->protocol_mask)
			entry.conditions[entry.condition_count++] = plan_bits(2, refusal->protocol_mask, 0);
		plan_net_add(builder, &entry, domain);
	}
}

/* What is refused in silence needs nobody. */
static enum plan_action plan_link_action(const struct plan_builder *builder, enum action action)
{
	/* A rule from inside may say something else. */
	if (builder->open)
		return PLAN_NOTIFY;
	if (action == ACTION_ALLOW)
		return PLAN_KERNEL;
	if (action == ACTION_FILTER || (action == ACTION_DENY && !policy_settings(builder->policy)->log_refused))
		return PLAN_REFUSE;
	return PLAN_NOTIFY;
}

static void plan_link(struct plan_builder *builder)
{
	/* The last one stands for all that have no name. */
	for (unsigned family = 0; family <= POLICY_LINK_FAMILIES; family++) {
		struct decision decision = policy_decide_link(builder->policy, family);
		enum plan_action action = plan_link_action(builder, decision.action);
		struct plan_entry entry = plan_net_entry(builder, SC_socket, action, by_family);

		if (family < POLICY_LINK_FAMILIES && !policy_link_name(family))
			continue;
		entry.category = CAT_NET_LINK;
		entry.rule = decision.rule;
		entry.error = action == PLAN_REFUSE ? category_errno(CAT_NET_LINK) : 0;
		if (family < POLICY_LINK_FAMILIES)
			entry.conditions[entry.condition_count++] = plan_int(2, (int)family);
		plan_net_add(builder, &entry, AF_NETLINK);
	}
}

static void plan_refuse_others(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = plan_net_entry(builder, sysno, PLAN_REFUSE, no_rules);

	entry.error = EAFNOSUPPORT;
	plan_add(builder, &entry);
}

static void plan_socket(struct plan_builder *builder)
{
	struct plan_entry local = plan_net_entry(builder, SC_socket, PLAN_KERNEL, judged_later);

	plan_net_add(builder, &local, AF_UNIX);
	plan_inet(builder, AF_INET);
	plan_inet(builder, AF_INET6);
	plan_link(builder);
	plan_refuse_inet(builder, AF_INET);
	plan_refuse_inet(builder, AF_INET6);
	plan_refuse_others(builder, SC_socket);
}

static void plan_socketpair(struct plan_builder *builder)
{
	static const int domains[] = { AF_UNIX, AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		struct plan_entry entry = plan_net_entry(builder, SC_socketpair, PLAN_KERNEL, judged_later);

		plan_net_add(builder, &entry, domains[i]);
	}
	plan_refuse_others(builder, SC_socketpair);
}

static void plan_setsockopt(struct plan_builder *builder)
{
	static const struct {
		int level;
		int option;
	} options[] = {
		{ IPPROTO_IP, IP_OPTIONS },
		{ IPPROTO_IPV6, OPTION_IPV6_RTHDR },
		{ IPPROTO_IPV6, OPTION_IPV6_2292RTHDR },
		{ IPPROTO_IPV6, OPTION_IPV6_2292PKTOPTIONS },
		{ IPPROTO_IPV6, OPTION_IPV6_FLOWLABEL_MGR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct plan_entry entry = plan_net_entry(builder, SC_setsockopt, PLAN_REFUSE, routed);

		entry.error = EPERM;
		entry.condition_count = 2;
		entry.conditions[0] = plan_int(1, options[i].level);
		entry.conditions[1] = plan_int(2, options[i].option);
		plan_add(builder, &entry);
	}
}

/* i386 puts all of socket.h behind one number, with the arguments in memory. */
static void plan_socketcall(struct plan_builder *builder)
{
	static const uint64_t connect_bits = CAT_BIT(CAT_NET_CONNECT) | CAT_BIT(CAT_WALK);
	static const uint64_t bind_bits = CAT_BIT(CAT_NET_BIND) | CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WALK);
	static const struct {
		int subcall;
		uint64_t categories;
	} parts[] = {
		{ SYS_SOCKET, POLICY_NET_BITS },
		{ SYS_BIND, bind_bits },
		{ SYS_LISTEN, CAT_BIT(CAT_NET_BIND) },
		{ SYS_GETSOCKNAME, bind_bits },
		{ SYS_GETPEERNAME, bind_bits },
		{ SYS_SOCKETPAIR, POLICY_NET_BITS },
		{ SYS_SETSOCKOPT, CAT_BIT(CAT_NET_CONNECT) },
		{ SYS_CONNECT, connect_bits | CAT_BIT(CAT_NET_SENDFD) },
		{ SYS_ACCEPT, CAT_BIT(CAT_NET_CONNECT) },
		{ SYS_ACCEPT4, CAT_BIT(CAT_NET_CONNECT) },
		{ SYS_SENDTO, connect_bits },
		{ SYS_SENDMSG, connect_bits | CAT_BIT(CAT_NET_SENDFD) },
		{ SYS_SENDMMSG, connect_bits | CAT_BIT(CAT_NET_SENDFD) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct plan_entry entry = { .sysno = SC_socketcall, .action = PLAN_NOTIFY, .reason = by_rules };

		if (!(parts[i].categories & builder->active))
			continue;
		plan_set_cause(builder, parts[i].categories, &entry);
		plan_net_add(builder, &entry, parts[i].subcall);
	}
}

static void plan_sendto(struct plan_builder *builder)
{
	struct plan_entry entry = plan_net_entry(builder, SC_sendto, PLAN_KERNEL, connected);

	entry.condition_count = 1;
	entry.conditions[0] = plan_bits(4, UINT64_MAX, 0);
	plan_add(builder, &entry);
}

bool plan_sockets(struct plan_builder *builder, enum sysno sysno)
{
	bool judged = (builder->active & POLICY_NET_BITS) != 0;

	if (sysno == SC_sendto && builder->decided[sysno])
		plan_sendto(builder); /* the rest is decided as any other call is */
	if (sysno == SC_socketcall && builder->decided[sysno])
		plan_socketcall(builder);
	if (sysno == SC_socket && judged)
		plan_socket(builder);
	if (sysno == SC_socketpair && judged)
		plan_socketpair(builder);
	if (sysno == SC_setsockopt && builder->active & CAT_BIT(CAT_NET_CONNECT))
		plan_setsockopt(builder);
	return sysno == SC_socketcall || sysno == SC_socket || sysno == SC_socketpair;
}
