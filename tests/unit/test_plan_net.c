/* What the plan makes of calls on sockets: in registers, before anybody is asked. */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "arch/arch.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(plan_net, .timeout = 120);

#define POLICY(...) fixture_policy((const char *const[]){ "sandbox/all:off", __VA_ARGS__, NULL })
#define HIGH (UINT64_C(1) << 40) /* the upper half of an int argument says nothing */

static enum plan_action decided_error(const struct plan *plan, enum sysno sysno, const uint64_t args[6], int *error_out)
{
	const struct plan_entry *entry = plan_decide(plan, abi_native(), sysno, args);

	*error_out = entry ? entry->error : 0;
	return entry ? entry->action : PLAN_KERNEL;
}

static enum plan_action decided(const struct plan *plan, enum sysno sysno, uint64_t a, uint64_t b, uint64_t c)
{
	int error;

	return decided_error(plan, sysno, (const uint64_t[6]){ a, b, c, 1, 1, 1 }, &error);
}

static struct plan *plan_of(struct policy *policy)
{
	static const struct plan_host host;
	struct plan *plan = plan_new(policy, &host);

	cr_assert_not_null(plan);
	return plan;
}

struct socket_row {
	uint64_t domain, type, protocol;
	enum plan_action action;
	int error;
};

static const struct socket_row socket_rows[] = {
	{ AF_UNIX, SOCK_STREAM, 0, PLAN_KERNEL, 0 },
	{ AF_UNIX | HIGH, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, PLAN_KERNEL, 0 },
	{ AF_INET, SOCK_STREAM, 0, PLAN_KERNEL, 0 },
	{ AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP, PLAN_KERNEL, 0 },
	{ AF_INET6, SOCK_STREAM, 262, PLAN_KERNEL, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP | HIGH, PLAN_KERNEL, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, PLAN_KERNEL, 0 },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, PLAN_REFUSE, EPERM },
	{ AF_INET, SOCK_RAW, IPPROTO_RAW, PLAN_REFUSE, EPERM },
	{ AF_INET, SOCK_RAW, 0 | HIGH, PLAN_REFUSE, EPROTONOSUPPORT },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, PLAN_REFUSE, EPROTONOSUPPORT },
	{ AF_INET6, SOCK_STREAM, IPPROTO_UDP, PLAN_REFUSE, EPROTONOSUPPORT },
	{ AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_TCP, PLAN_REFUSE, EPROTONOSUPPORT },
	{ AF_INET, SOCK_SEQPACKET, 0, PLAN_REFUSE, ESOCKTNOSUPPORT },
	{ AF_INET, SOCK_PACKET, 0x300, PLAN_REFUSE, EPERM },
	{ AF_INET6, SOCK_DCCP, 0, PLAN_REFUSE, ESOCKTNOSUPPORT },
	{ AF_INET, SOCK_STREAM, 256, PLAN_REFUSE, EPROTONOSUPPORT },
	{ AF_INET, 75, 0, PLAN_REFUSE, EINVAL },
	{ AF_INET6, 11, 0, PLAN_REFUSE, EINVAL },
	{ AF_INET, 12, 6, PLAN_REFUSE, EINVAL },
	{ AF_INET, 15, 17, PLAN_REFUSE, EINVAL },
	{ AF_INET, 9, 17, PLAN_REFUSE, ESOCKTNOSUPPORT },
	{ AF_PACKET, SOCK_RAW, 0, PLAN_REFUSE, EAFNOSUPPORT },
	{ AF_ALG, SOCK_SEQPACKET, 0, PLAN_REFUSE, EAFNOSUPPORT },
	{ AF_VSOCK, SOCK_STREAM, 0, PLAN_REFUSE, EAFNOSUPPORT },
	{ AF_KEY, SOCK_RAW, 2, PLAN_REFUSE, EAFNOSUPPORT },
	{ 4711, SOCK_STREAM, 0, PLAN_REFUSE, EAFNOSUPPORT },
	{ AF_NETLINK, SOCK_RAW, 0, PLAN_KERNEL, 0 },
	{ AF_NETLINK, SOCK_DGRAM, 15, PLAN_NOTIFY, 0 },
	{ AF_NETLINK, SOCK_RAW, 4711, PLAN_NOTIFY, 0 },
};

Test(plan_net, sockets_are_made_where_rules_can_judge_them)
{
	struct policy *policy = POLICY("sandbox/net:on", "allow/net/link+route");
	struct plan *plan = plan_of(policy);

	for (size_t i = 0; i < ARRAY_SIZE(socket_rows); i++) {
		const struct socket_row *row = &socket_rows[i];
		int error;
		enum plan_action action = decided_error(
			plan, SC_socket, (const uint64_t[6]){ row->domain, row->type, row->protocol }, &error);

		cr_expect_eq(action, row->action, "row %zu", i);
		cr_expect_eq(error, row->error, "row %zu: %d", i, error);
	}
	plan_free(plan);
	policy_free(policy);
}

Test(plan_net, a_send_without_destination_stays_in_the_kernel)
{
	struct policy *policy = POLICY("sandbox/net/connect:on");
	struct plan *plan = plan_of(policy);
	int error;

	cr_expect_eq(decided_error(plan, SC_sendto, (const uint64_t[6]){ 3, 1, 1, 0, 0, 0 }, &error), PLAN_KERNEL);
	cr_expect_eq(decided_error(plan, SC_sendto, (const uint64_t[6]){ 3, 1, 1, 0, HIGH, 0 }, &error), PLAN_NOTIFY);
	cr_expect_eq(decided(plan, SC_sendmsg, 3, 1, 0), PLAN_NOTIFY);
	cr_expect_eq(decided(plan, SC_connect, 3, 1, 16), PLAN_NOTIFY);
	cr_expect_eq(decided(plan, SC_accept4, 3, 0, 0), PLAN_NOTIFY);
	cr_expect_eq(decided(plan, SC_bind, 3, 1, 16), PLAN_KERNEL);
	cr_expect_eq(decided(plan, SC_setsockopt, 3, IPPROTO_IP, IP_OPTIONS), PLAN_REFUSE);
	cr_expect_eq(decided(plan, SC_setsockopt, 3, IPPROTO_TCP, IP_OPTIONS), PLAN_KERNEL);
	cr_expect_eq(decided(plan, SC_setsockopt, 3, IPPROTO_IPV6, 6), PLAN_REFUSE, "IPV6_2292PKTOPTIONS");
	cr_expect_eq(decided(plan, SC_setsockopt, 3, IPPROTO_IPV6, 32), PLAN_REFUSE, "IPV6_FLOWLABEL_MGR");
	cr_expect_eq(decided(plan, SC_socketpair, AF_UNIX, SOCK_STREAM, 0), PLAN_KERNEL);
	cr_expect_eq(decided(plan, SC_socketpair, AF_TIPC, SOCK_STREAM, 0), PLAN_REFUSE);
	plan_free(plan);
	policy_free(policy);
}

Test(plan_net, nothing_is_intercepted_without_a_net_category)
{
	struct policy *policy = POLICY("sandbox/read:on");
	struct plan *plan = plan_of(policy);
	static const enum sysno calls[] = { SC_socket, SC_socketpair, SC_connect, SC_bind, SC_accept, SC_sendto,
		SC_sendmsg, SC_sendmmsg, SC_socketcall };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		cr_expect_eq(decided(plan, calls[i], AF_PACKET, SOCK_RAW, 0), PLAN_KERNEL, "%s", sysno_name(calls[i]));
	plan_free(plan);
	policy_free(policy);
}

static enum plan_action decided_by(const struct plan *plan, const char *abi, enum sysno sysno, const uint64_t args[6])
{
	const struct plan_entry *entry = plan_decide(plan, abi_by_name(abi), sysno, args);

	return entry ? entry->action : PLAN_KERNEL;
}

/* Of o32 these lie on the stack, where another thread may write between the kernel's look and the filter's. */
Test(plan_net, believes_no_argument_that_may_be_read_twice)
{
	struct policy *policy = POLICY("sandbox/net/connect:on", "append+/x");
	struct plan *plan = plan_of(policy);
	const uint64_t connected[6] = { 3, 1, 1, 0, 0, 0 };

	cr_expect_eq(decided_by(plan, "mips", SC_sendto, connected), PLAN_NOTIFY);
	cr_expect_eq(decided_by(plan, "mips64n32", SC_sendto, connected), PLAN_KERNEL);
	cr_expect_eq(decided_by(plan, "mips", SC_pwritev2, connected), PLAN_REFUSE);
	cr_expect_eq(decided_by(plan, "mips64", SC_pwritev2, connected), PLAN_KERNEL);
	plan_free(plan);
	policy_free(policy);
}

/* The offset of pwritev2 is one argument for x32. */
Test(plan_net, refuses_the_flag_against_appending_where_each_abi_has_it)
{
	struct policy *policy = POLICY("append+/x");
	struct plan *plan = plan_of(policy);
	const uint64_t fifth[6] = { 3, 1, 1, 0, 0x20, 0 };
	const uint64_t sixth[6] = { 3, 1, 1, 0, 0, 0x20 };

	cr_expect_eq(decided_by(plan, "x32", SC_pwritev2, fifth), PLAN_REFUSE);
	cr_expect_eq(decided_by(plan, "x32", SC_pwritev2, sixth), PLAN_KERNEL);
	cr_expect_eq(decided_by(plan, "x86_64", SC_pwritev2, fifth), PLAN_KERNEL);
	cr_expect_eq(decided_by(plan, "i386", SC_pwritev2, sixth), PLAN_REFUSE);
	plan_free(plan);
	policy_free(policy);
}

/* The parts of the multiplexer that are decided, as bits of their numbers. */
static unsigned subcalls(const struct plan *plan)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 32; i++)
		if (decided(plan, SC_socketcall, i, 1, 0) == PLAN_NOTIFY)
			bits |= 1U << i;
	return bits;
}

Test(plan_net, the_multiplexer_is_decided_by_its_parts)
{
	/* bind, and what tells where; socket and socketpair */
	enum { names = 1U << 2 | 1U << 6 | 1U << 7, made = 1U << 1 | 1U << 8 };
	static const struct {
		const char *command;
		unsigned bits;
	} rows[] = {
		{ "sandbox/create:on", names },
		{ "sandbox/net/bind:on", names | made | 1U << 4 },
		{ "sandbox/net/sendfd:on", made | 1U << 3 | 1U << 16 | 1U << 20 },
		{ "sandbox/net/link:on", made },
		{ "sandbox/net/connect:on",
			made | 1U << 3 | 1U << 5 | 1U << 11 | 1U << 14 | 1U << 16 | 1U << 18 | 1U << 20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy *policy = POLICY(rows[i].command);
		struct plan *plan = plan_of(policy);

		cr_expect_eq(subcalls(plan), rows[i].bits, "%s: %x", rows[i].command, subcalls(plan));
		plan_free(plan);
		policy_free(policy);
	}
}

Test(plan_net, addresses_are_no_names_that_must_hold_still)
{
	struct policy *addresses = POLICY("sandbox/net:on", "allow/net/connect+127.0.0.1!80", "allow/net/bind+@x");
	struct policy *paths = POLICY("sandbox/net:on", "allow/net/connect+/run/x");
	struct plan *plan = plan_of(addresses);

	cr_expect_eq(decided(plan, SC_rename, 1, 1, 0), PLAN_KERNEL);
	plan_free(plan);
	plan = plan_of(paths);
	cr_expect_eq(decided(plan, SC_rename, 1, 1, 0), PLAN_NOTIFY, "a socket could be moved to the name");
	plan_free(plan);
	policy_free(addresses);
	policy_free(paths);
}
