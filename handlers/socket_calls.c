/*
 * The descriptors of the socket calls, and where their arguments are: in registers, or for
 * the multiplexer of old ABIs in memory.
 */
#include <errno.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "core/access.h"
#include "core/mem.h"
#include "core/util.h"
#include "handlers/handlers.h"
#include "handlers/socket.h"

#define SOCKET_ARGS_MAX 6
#define SOCKET_TYPE_MASK 0xf
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int socket_check_new(struct call *call, int domain, int protocol)
{
	return domain == AF_NETLINK ? access_check_link(call, (unsigned)protocol) : 0;
}

/* The filter lets through or refuses what registers decide: what comes here is netlink, for the log. */
static struct verdict socket_enter_socket(struct call *call)
{
	int error = socket_check_new(call, call_arg_int(call, 0), call_arg_int(call, 2));

	return error < 0 ? verdict_fail(error) : verdict_continue();
}

static int socket_refuse_type(int type, int protocol)
{
	switch (type & SOCKET_TYPE_MASK) {
	case SOCK_RAW:
		return protocol ? -EPERM : -EPROTONOSUPPORT;
	case SOCK_PACKET:
		return -EPERM;
	case SOCK_STREAM:
	case SOCK_DGRAM:
		return -EPROTONOSUPPORT;
	default:
		return (type & SOCKET_TYPE_MASK) > SOCK_PACKET ? -EINVAL : -ESOCKTNOSUPPORT;
	}
}

/* What the plan says in registers of socket(), for arguments in memory. */
static int socket_check_kind(int domain, int type, int protocol)
{
	bool stream = (type & SOCKET_TYPE_MASK) == SOCK_STREAM;
	bool datagram = (type & SOCKET_TYPE_MASK) == SOCK_DGRAM;

	if (domain == AF_UNIX || domain == AF_NETLINK)
		return 0;
	if (domain != AF_INET && domain != AF_INET6)
		return -EAFNOSUPPORT;
	if (stream && (protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		return 0;
	if (datagram && (protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
				protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6))
		return 0;
	return socket_refuse_type(type, protocol);
}

static struct verdict socket_make(struct call *call, const uint64_t *args)
{
	int domain = (int)args[0], type = (int)args[1], protocol = (int)args[2];
	int error = 0;
	int fd;

	if (access_judges_sockets(call)) {
		error = socket_check_kind(domain, type, protocol);
		if (error == 0)
			error = socket_check_new(call, domain, protocol);
	}
	if (error == 0)
		error = call_revalidate(call);
	if (error < 0)
		return verdict_fail(error);
	fd = errno_result(socket(domain, type | SOCK_CLOEXEC, protocol));
	return fd < 0 ? verdict_fail(fd) : verdict_add_fd(fd, O_RDWR | (type & SOCK_CLOEXEC ? O_CLOEXEC : 0));
}

/* Subcalls of the multiplexer are our names for all of them. */
static struct verdict socket_carry_out(struct call *call, unsigned subcall, const uint64_t *args)
{
	switch (subcall) {
	case SYS_SOCKET:
		return socket_make(call, args);
	case SYS_BIND:
		return socket_bind(call, args);
	case SYS_CONNECT:
		return socket_connect(call, args);
	case SYS_LISTEN:
		return socket_listen(call, args);
	case SYS_GETSOCKNAME:
	case SYS_GETPEERNAME:
		return socket_name(call, args, subcall == SYS_GETPEERNAME);
	case SYS_ACCEPT:
		return socket_accept(call, args, 0);
	case SYS_ACCEPT4:
		return socket_accept(call, args, (int)args[3]);
	case SYS_SENDTO:
		return socket_sendto(call, args);
	case SYS_SENDMSG:
		return socket_sendmsg(call, args);
	case SYS_SETSOCKOPT:
		return socket_option(call, args);
	case SYS_SOCKETPAIR:
		return socket_pair(call, args);
	default:
		return socket_sendmmsg(call, args);
	}
}

static const uint8_t subcall_of[] = {
	[SC_bind] = SYS_BIND,
	[SC_connect] = SYS_CONNECT,
	[SC_listen] = SYS_LISTEN,
	[SC_accept] = SYS_ACCEPT,
	[SC_accept4] = SYS_ACCEPT4,
	[SC_getsockname] = SYS_GETSOCKNAME,
	[SC_getpeername] = SYS_GETPEERNAME,
	[SC_sendto] = SYS_SENDTO,
	[SC_sendmsg] = SYS_SENDMSG,
	[SC_sendmmsg] = SYS_SENDMMSG,
};

static struct verdict socket_enter(struct call *call)
{
	uint64_t args[SOCKET_ARGS_MAX];

	for (unsigned i = 0; i < SOCKET_ARGS_MAX; i++)
		args[i] = call_arg(call, i);
	return socket_carry_out(call, subcall_of[call_sysno(call)], args);
}

/* How many words each subcall takes from memory; 0: the filter leaves it to the kernel. */
static const uint8_t subcall_words[] = {
	[SYS_SOCKET] = 3,
	[SYS_BIND] = 3,
	[SYS_CONNECT] = 3,
	[SYS_LISTEN] = 2,
	[SYS_ACCEPT] = 3,
	[SYS_GETSOCKNAME] = 3,
	[SYS_GETPEERNAME] = 3,
	[SYS_SOCKETPAIR] = 4,
	[SYS_SENDTO] = 6,
	[SYS_SETSOCKOPT] = 5,
	[SYS_SENDMSG] = 3,
	[SYS_ACCEPT4] = 4,
	[SYS_SENDMMSG] = 4,
};

static int socket_read_args(struct call *call, unsigned subcall, uint64_t args_out[SOCKET_ARGS_MAX])
{
	memset(args_out, 0, SOCKET_ARGS_MAX * sizeof(args_out[0]));
	return mem_read_longs(call, call_arg(call, 1), call_long_bytes(call), subcall_words[subcall], args_out);
}

static struct verdict socket_enter_socketcall(struct call *call)
{
	unsigned subcall = (unsigned)call_arg_int(call, 0);
	uint64_t args[SOCKET_ARGS_MAX];
	int error;

	if (subcall >= ARRAY_SIZE(subcall_words) || !subcall_words[subcall])
		return verdict_fail(EINVAL);
	error = socket_read_args(call, subcall, args);
	if (error < 0)
		return verdict_fail(error);
	return socket_carry_out(call, subcall, args);
}

#define SOCKET_HANDLER(variable, name_, enter_, categories_) \
	const struct handler variable = { \
		.name = (name_), \
		.flags = H_READS_MEM | H_IDENTITY | H_MAY_WAIT | H_GIVES_SOCKETS, \
		.categories = (categories_), \
		.state_size = sizeof(struct socket_job *), \
		.enter = (enter_), \
		.resume = socket_resume, \
		.cancel = socket_cancel, \
	}

#define CONNECT_BITS (CAT_BIT(CAT_NET_CONNECT) | CAT_BIT(CAT_WALK))
#define BIND_BITS (CAT_BIT(CAT_NET_BIND) | CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WALK))
#define SEND_BITS (CONNECT_BITS | CAT_BIT(CAT_NET_SENDFD))
#define ALL_BITS (BIND_BITS | SEND_BITS | CAT_BIT(CAT_NET_LINK))

SOCKET_HANDLER(handler_bind, "bind", socket_enter, BIND_BITS);
SOCKET_HANDLER(handler_listen, "listen", socket_enter, CAT_BIT(CAT_NET_BIND));
SOCKET_HANDLER(handler_getsockname, "getsockname", socket_enter, BIND_BITS);
/* While descriptors are judged by the peer that a socket has, nobody else may give it another. */
SOCKET_HANDLER(handler_connect, "connect", socket_enter, SEND_BITS);
SOCKET_HANDLER(handler_accept, "accept", socket_enter, CAT_BIT(CAT_NET_CONNECT));
SOCKET_HANDLER(handler_sendto, "sendto", socket_enter, CONNECT_BITS);
SOCKET_HANDLER(handler_sendmsg, "sendmsg", socket_enter, SEND_BITS);
SOCKET_HANDLER(handler_socketcall, "socketcall", socket_enter_socketcall, ALL_BITS);

const struct handler handler_socket = {
	.name = "socket",
	.flags = H_REGISTERS,
	.categories = CAT_BIT(CAT_NET_LINK),
	.enter = socket_enter_socket,
};
