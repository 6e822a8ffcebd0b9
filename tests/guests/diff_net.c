/*
 * Calls on sockets of every kind with every address, length and message worth trying: results and errnos, what the
 * other side got, whose credentials it saw.
 */
#include "diff.h"
#include "diff_loopback.h"

#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <sys/un.h>

enum { NET_ADDRESSES = 64, NET_BAD = 1 };

struct kind {
	const char *name;
	int domain, type;
};

static const struct kind net_kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
	{ "udp4", AF_INET, SOCK_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
	{ "stream", AF_UNIX, SOCK_STREAM },
	{ "dgram", AF_UNIX, SOCK_DGRAM },
	{ "packet", AF_UNIX, SOCK_SEQPACKET },
	{ "netlink", AF_NETLINK, SOCK_RAW },
	{ "file", -1, 0 },
	{ "none", -2, 0 },
};

struct address {
	const char *name;
	socklen_t length;
	const void *bytes;
};

static struct sockaddr_storage net_room[NET_ADDRESSES];
static struct address net_list[NET_ADDRESSES];
static unsigned net_count;
static int net_servers[16];
static unsigned net_server_count;

static int net_socket(const struct kind *kind, int flags)
{
	if (kind->domain == -1)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	return kind->domain == -2 ? -1 : socket(kind->domain, kind->type | flags, 0);
}

static void net_add(const char *name, const void *bytes, size_t size, socklen_t length)
{
	memcpy(&net_room[net_count], bytes, size);
	net_list[net_count] = (struct address){ name, length, &net_room[net_count] };
	net_count++;
}

static void net_add_unix(const char *name, const char *path, size_t length)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path, path, length);
	net_add(name, &un, sizeof(un), (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static void net_add4(const char *name, const char *ip, in_port_t port, sa_family_t family, socklen_t length)
{
	struct sockaddr_in in = { .sin_family = family, .sin_port = port };

	inet_pton(AF_INET, ip, &in.sin_addr);
	net_add(name, &in, sizeof(in), length);
}

static void net_add6(const char *name, const char *ip, in_port_t port, uint32_t scope, socklen_t length)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port, .sin6_scope_id = scope };

	inet_pton(AF_INET6, ip, &in6.sin6_addr);
	net_add(name, &in6, sizeof(in6), length);
}

/* A socket bound to this address, listening where it can; its port. */
static in_port_t net_serve(int domain, int type, const void *address, socklen_t length, bool listens)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 bound;
	socklen_t size = sizeof(bound);

	if (fd < 0 || bind(fd, address, length))
		return 0;
	if (listens && type != SOCK_DGRAM)
		CHECK(listen(fd, 64) == 0);
	net_servers[net_server_count++] = fd;
	CHECK(getsockname(fd, (struct sockaddr *)&bound, &size) == 0);
	return bound.sin6_port;
}

static void net_serve_unix(int type, const char *path, size_t length)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path, path, length);
	net_serve(AF_UNIX, type, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length), true);
}

static void net_addresses(void)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 loopback6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	in_port_t tcp = net_serve(AF_INET, SOCK_STREAM, &loopback, sizeof(loopback), true);
	in_port_t closed = net_serve(AF_INET, SOCK_STREAM, &loopback, sizeof(loopback), false);
	in_port_t tcp6 = net_serve(AF_INET6, SOCK_STREAM, &loopback6, sizeof(loopback6), true);
	in_port_t udp = net_serve(AF_INET, SOCK_DGRAM, &loopback, sizeof(loopback), true);
	in_port_t udp6 = net_serve(AF_INET6, SOCK_DGRAM, &loopback6, sizeof(loopback6), true);
	struct sockaddr_nl netlink = { .nl_family = AF_NETLINK };
	sa_family_t unspec[64] = { 0 };
	char full[108];

	memset(full, 'f', sizeof(full));
	net_serve_unix(SOCK_STREAM, "s.stream", 9);
	net_serve_unix(SOCK_DGRAM, "s.dgram", 8);
	net_serve_unix(SOCK_SEQPACKET, "s.packet", 9);
	net_serve_unix(SOCK_DGRAM, full, sizeof(full));
	CHECK(close(open("plain", O_CREAT | O_WRONLY, 0644)) == 0 && symlink("s.dgram", "link") == 0);
	net_add4("tcp", "127.0.0.1", tcp, AF_INET, 16);
	net_add4("tcp any", "0.0.0.0", tcp, AF_INET, 16);
	net_add4("closed", "127.0.0.1", closed, AF_INET, 16);
	net_add4("udp", "127.0.0.1", udp, AF_INET, 16);
	net_add4("udp any", "0.0.0.0", udp, AF_INET, 16);
	net_add4("udp family 0", "127.0.0.1", udp, AF_UNSPEC, 16);
	net_add4("udp long", "127.0.0.1", udp, AF_INET, 128);
	net_add4("udp short", "127.0.0.1", udp, AF_INET, 15);
	net_add4("udp 8", "127.0.0.1", udp, AF_INET, 8);
	net_add4("family 77", "127.0.0.1", udp, 77, 16);
	net_add6("tcp6", "::1", tcp6, 0, 28);
	net_add6("tcp6 any", "::", tcp6, 0, 28);
	net_add6("tcp6 scope", "::1", tcp6, 1, 28);
	net_add6("tcp6 24", "::1", tcp6, 0, 24);
	net_add6("tcp6 23", "::1", tcp6, 0, 23);
	net_add6("tcp6 mapped", "::ffff:127.0.0.1", tcp, 0, 28);
	net_add6("udp6", "::1", udp6, 0, 28);
	net_add6("udp6 any", "::", udp6, 0, 28);
	net_add6("udp6 mapped", "::ffff:127.0.0.1", udp, 0, 28);
	net_add("unspec 16", unspec, sizeof(unspec), 16);
	net_add("unspec 28", unspec, sizeof(unspec), 28);
	net_add("unspec 2", unspec, sizeof(unspec), 2);
	net_add("length 1", unspec, sizeof(unspec), 1);
	net_add("length 0", unspec, sizeof(unspec), 0);
	net_add("length 129", unspec, sizeof(unspec), 129);
	net_add("length -1", unspec, sizeof(unspec), (socklen_t)-1);
	net_add("netlink", &netlink, sizeof(netlink), sizeof(netlink));
	net_add("netlink short", &netlink, sizeof(netlink), 11);
	net_add_unix("stream", "s.stream", 9);
	net_add_unix("stream no nul", "s.streamXX", 8);
	net_add_unix("dgram", "s.dgram", 8);
	net_add_unix("packet", "s.packet", 9);
	net_add_unix("link", "link", 5);
	net_add_unix("full", full, sizeof(full));
	net_add_unix("missing", "missing", 8);
	net_add_unix("below", "plain/x", 8);
	net_add_unix("plain", "plain", 6);
	net_add_unix("directory", ".", 2);
	net_add_unix("abstract missing", "\0nobody", 7);
	net_add_unix("name 0", "", 0);
	net_add_unix("name nul", "", 1);
	net_list[net_count++] = (struct address){ "bad pointer", 16, (const void *)NET_BAD };
	net_list[net_count++] = (struct address){ "null", 16, NULL };
}

/* What arrived everywhere: messages and bytes, and connections. */
static void net_drain(struct diff *diff)
{
	loopback_settle();
	for (unsigned i = 0; i < net_server_count; i++) {
		char bytes[256];
		long messages = 0, sum = 0;
		ssize_t got;
		int fd;

		while ((got = recv(net_servers[i], bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
			messages++;
			sum += got;
		}
		while ((fd = accept4(net_servers[i], NULL, NULL, SOCK_NONBLOCK)) >= 0) {
			messages++;
			while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
				sum += got;
			close(fd);
		}
		if (messages)
			DIFF(diff, messages, "  server %u got %ld bytes", i, sum);
	}
}

/* Registers do not tell all that is wrong with the flags of a type that is refused. */
static bool net_is_clean(int type, int protocol)
{
	return protocol == 0 || !(type & ~(0xf | SOCK_CLOEXEC | SOCK_NONBLOCK));
}

static void net_make(struct diff *diff, int domain, int type, int protocol)
{
	int fd;

	if (!net_is_clean(type, protocol) && domain != AF_UNIX && domain != AF_NETLINK)
		return;
	DIFF(diff, (fd = socket(domain, type, protocol)) >= 0 ? 0 : -1, "socket(%d, %x, %d)", domain, type, protocol);
	if (fd < 0)
		return;
	DIFF(diff, fcntl(fd, F_GETFD), "  F_GETFD");
	DIFF(diff, fcntl(fd, F_GETFL), "  F_GETFL");
	close(fd);
}

static void net_sockets(struct diff *diff)
{
	static const int domains[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	static const int types[] = { 0, SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM | SOCK_CLOEXEC, SOCK_DGRAM | SOCK_NONBLOCK,
		SOCK_STREAM | 0x10, SOCK_RDM, SOCK_SEQPACKET, 9, 11, 12, 13, 14, 15, 75 };
	static const int protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };

	for (size_t d = 0; d < DIFF_COUNT(domains); d++)
		for (size_t t = 0; t < DIFF_COUNT(types); t++)
			for (size_t p = 0; p < DIFF_COUNT(protocols); p++)
				net_make(diff, domains[d], types[t], protocols[p]);
}

static void net_show_name(struct diff *diff, int fd, bool peer)
{
	struct sockaddr_storage name = { 0 };
	socklen_t length = sizeof(name);
	int result = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
			  : getsockname(fd, (struct sockaddr *)&name, &length);

	if (name.ss_family == AF_NETLINK)
		return;
	DIFF(diff, result, "  %s family %u length %u", peer ? "peer" : "name", name.ss_family, result ? 0 : length);
}

static void net_connects(struct diff *diff)
{
	for (size_t k = 0; k < DIFF_COUNT(net_kinds); k++)
		for (unsigned a = 0; a < net_count; a++) {
			int fd = net_socket(&net_kinds[k], 0);
			struct sockaddr any = { .sa_family = AF_UNSPEC };

			DIFF(diff, connect(fd, net_list[a].bytes, net_list[a].length), "connect(%s, %s)",
				net_kinds[k].name, net_list[a].name);
			if (diff->result == 0) {
				net_show_name(diff, fd, true);
				DIFF(diff, send(fd, "abc", 3, MSG_DONTWAIT | MSG_NOSIGNAL), "  send");
				DIFF(diff, connect(fd, net_list[a].bytes, net_list[a].length), "  again");
				DIFF(diff, connect(fd, &any, sizeof(any)), "  dissolve");
				net_show_name(diff, fd, true);
			}
			close(fd);
			if (a % 8 == 7)
				net_drain(diff);
		}
	net_drain(diff);
}

/* A port that is ours for datagrams may be somebody's for streams. */
static const void *net_bind_bytes(const struct kind *kind, const struct address *address)
{
	static struct sockaddr_in6 copy;
	const struct sockaddr *any = address->bytes;

	if ((uintptr_t)any <= NET_BAD || (any->sa_family != AF_INET && any->sa_family != AF_INET6) ||
		strncmp(kind->name, address->name, 3) == 0)
		return any;
	memcpy(&copy, any, sizeof(copy));
	copy.sin6_port = 0;
	return &copy;
}

static void net_binds(struct diff *diff)
{
	for (size_t k = 0; k < DIFF_COUNT(net_kinds); k++)
		for (unsigned a = 0; a < net_count; a++) {
			int fd = net_socket(&net_kinds[k], 0);
			const void *bytes = net_bind_bytes(&net_kinds[k], &net_list[a]);

			DIFF(diff, bind(fd, bytes, net_list[a].length), "bind(%s, %s)", net_kinds[k].name,
				net_list[a].name);
			if (diff->result == 0) {
				net_show_name(diff, fd, false);
				DIFF(diff, bind(fd, bytes, net_list[a].length), "  again");
			}
			close(fd);
			unlink("missing");
		}
}

static void net_sends(struct diff *diff)
{
	for (size_t k = 0; k < DIFF_COUNT(net_kinds); k++)
		for (unsigned a = 0; a < net_count; a++) {
			int fd = net_socket(&net_kinds[k], 0);
			struct iovec parts[2] = { { (void *)(uintptr_t) "abc", 3 }, { (void *)(uintptr_t) "defg", 4 } };
			struct msghdr message = { .msg_name = (void *)(uintptr_t)net_list[a].bytes,
				.msg_namelen = net_list[a].length,
				.msg_iov = parts,
				.msg_iovlen = 2 };

			DIFF(diff, sendto(fd, "xy", 2, MSG_NOSIGNAL, net_list[a].bytes, net_list[a].length),
				"sendto(%s, %s)", net_kinds[k].name, net_list[a].name);
			DIFF(diff, sendto(fd, (void *)NET_BAD, 2, MSG_NOSIGNAL, net_list[a].bytes, net_list[a].length),
				"sendto(%s, %s), payload bad", net_kinds[k].name, net_list[a].name);
			DIFF(diff, sendmsg(fd, &message, MSG_NOSIGNAL), "sendmsg(%s, %s)", net_kinds[k].name,
				net_list[a].name);
			close(fd);
			net_drain(diff);
		}
}

/* Control data: what it holds, how long its header says it is, how long it is. */
struct control {
	const char *name;
	int level, type;
	size_t data, claims, length;
};

#define CONTROL(data_) CMSG_LEN(data_), CMSG_SPACE(data_)

static const struct control net_controls[] = {
	{ "rights", SOL_SOCKET, SCM_RIGHTS, 4, CONTROL(4) },
	{ "two rights", SOL_SOCKET, SCM_RIGHTS, 8, CONTROL(8) },
	{ "no rights", SOL_SOCKET, SCM_RIGHTS, 0, CONTROL(0) },
	{ "half a right", SOL_SOCKET, SCM_RIGHTS, 4, CMSG_LEN(3), CMSG_SPACE(4) },
	{ "too long", SOL_SOCKET, SCM_RIGHTS, 4, CMSG_LEN(400), CMSG_SPACE(4) },
	{ "too short", SOL_SOCKET, SCM_RIGHTS, 4, 4, CMSG_SPACE(4) },
	{ "nothing", SOL_SOCKET, SCM_RIGHTS, 4, 0, CMSG_SPACE(4) },
	{ "cut", SOL_SOCKET, SCM_RIGHTS, 4, CONTROL(4) - 5 },
	{ "few bytes", SOL_SOCKET, SCM_RIGHTS, 4, CMSG_LEN(4), 7 },
	{ "unknown type", SOL_SOCKET, 99, 4, CONTROL(4) },
	{ "other level", SOL_TCP, SCM_RIGHTS, 4, CONTROL(4) },
	{ "credentials short", SOL_SOCKET, SCM_CREDENTIALS, 8, CONTROL(8) },
	{ "huge", SOL_SOCKET, SCM_RIGHTS, 4, CMSG_LEN(4), 1 << 22 },
	{ "beyond", SOL_SOCKET, SCM_RIGHTS, 4, CMSG_LEN(4), (size_t)-1 },
};

static long net_receive(int fd, unsigned *rights_out)
{
	char data[64], control[1024];
	struct iovec part = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 1024 };
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*rights_out = 0;
	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		int fds[64];
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_type != SCM_RIGHTS || count > 64)
			continue;
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		*rights_out += (unsigned)count;
	}
	return got;
}

static void net_control(struct diff *diff, int ends[2], const struct control *row, int first_fd, int second_fd)
{
	static union {
		char bytes[4096];
		struct cmsghdr header;
	} buffer;
	struct iovec part = { (void *)(uintptr_t) "m", 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &buffer, .msg_controllen = row->length
	};
	int fds[2] = { first_fd, second_fd };
	unsigned rights;

	memset(&buffer, 0, sizeof(buffer));
	buffer.header = (struct cmsghdr){ .cmsg_len = row->claims, .cmsg_level = row->level, .cmsg_type = row->type };
	memcpy(CMSG_DATA(&buffer.header), fds, row->data > 8 ? 8 : row->data);
	DIFF(diff, sendmsg(ends[0], &message, MSG_NOSIGNAL), "sendmsg %s (%d %d)", row->name, first_fd, second_fd);
	DIFF(diff, net_receive(ends[1], &rights), "  received");
	DIFF(diff, rights, "  rights");
}

static void net_controls_all(struct diff *diff)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static const int numbers[] = { 0, -1, 9999 };
	int ends[2];

	for (size_t t = 0; t < DIFF_COUNT(types); t++) {
		CHECK(socketpair(AF_UNIX, types[t] | SOCK_CLOEXEC, 0, ends) == 0);
		for (size_t c = 0; c < DIFF_COUNT(net_controls); c++)
			for (size_t n = 0; n < DIFF_COUNT(numbers); n++)
				net_control(diff, ends, &net_controls[c], numbers[n], 1);
		close(ends[0]);
		close(ends[1]);
	}
}

/* What the other side is told of the sender, named or not. */
static void net_credentials(struct diff *diff)
{
	static const struct {
		int pid, uid;
	} claims[] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 0, 12345 } };
	int ends[2], on = 1;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	for (size_t i = 0; i < DIFF_COUNT(claims) + 1; i++) {
		bool claims_any = i < DIFF_COUNT(claims);
		struct ucred claim = { claims_any && claims[i].pid ? claims[i].pid : getpid(),
			claims_any && claims[i].uid ? (uid_t)claims[i].uid : getuid(), getgid() };
		char control[CMSG_SPACE(sizeof(claim))] __attribute__((aligned(8))) = "", data[8];
		struct iovec part = { (void *)(uintptr_t) "c", 1 }, in = { data, sizeof(data) };
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
		struct msghdr receive = {
			.msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};

		if (claims_any) {
			struct cmsghdr header = { CMSG_LEN(sizeof(claim)), SOL_SOCKET, SCM_CREDENTIALS };

			memcpy(control, &header, sizeof(header));
			memcpy(CMSG_DATA((struct cmsghdr *)(void *)control), &claim, sizeof(claim));
			message.msg_control = control;
			message.msg_controllen = sizeof(control);
		}
		DIFF(diff, sendmsg(ends[0], &message, 0), "credentials %zu", i);
		DIFF(diff, recvmsg(ends[1], &receive, MSG_DONTWAIT), "  received");
		memcpy(&claim, CMSG_DATA((struct cmsghdr *)(void *)control), sizeof(claim));
		if (diff->result > 0)
			/* Only root may name another process (doc/BOUNDARY.md). */
			DIFF(diff, claim.pid == getpid() || getuid() ? 0 : 1, "  uid %u gid %u", claim.uid, claim.gid);
	}
}

static void net_many(struct diff *diff)
{
	static struct mmsghdr messages[1100];
	static struct iovec parts[1100];
	static const unsigned counts[] = { 0, 1, 5, 1024, 1100, UINT_MAX };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (unsigned i = 0; i < DIFF_COUNT(messages); i++) {
		parts[i] = (struct iovec){ (void *)(uintptr_t) "0123456789", i % 10 };
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &net_room[3], .msg_namelen = 16
		};
	}
	for (size_t i = 0; i < DIFF_COUNT(counts); i++) {
		unsigned sum = 0;

		DIFF(diff, sendmmsg(fd, messages, counts[i], 0), "sendmmsg of %u", counts[i]);
		for (size_t m = 0; m < DIFF_COUNT(messages); m++)
			sum += messages[m].msg_len;
		DIFF(diff, sum, "  lengths");
	}
	messages[3].msg_hdr.msg_namelen = 3;
	DIFF(diff, sendmmsg(fd, messages, 9, 0), "sendmmsg, the fourth wrong");
	DIFF(diff, sendmmsg(fd, messages + 3, 9, 0), "sendmmsg, the first wrong");
	messages[3].msg_hdr.msg_name = (void *)NET_BAD;
	DIFF(diff, sendmmsg(fd, messages, 9, 0), "sendmmsg, the fourth not readable");
	messages[3].msg_hdr.msg_iovlen = 1025;
	DIFF(diff, sendmmsg(fd, messages + 3, 9, 0), "sendmmsg, too many parts");
	DIFF(diff, sendmmsg(fd, (void *)NET_BAD, 9, 0), "sendmmsg, nothing readable");
	DIFF(diff, sendmmsg(-1, messages, 9, 0), "sendmmsg, no socket");
	close(fd);
	for (unsigned i = 0; i < net_server_count; i++)
		while (recv(net_servers[i], parts, 1, MSG_DONTWAIT) >= 0)
			;
}

static void net_accepts(struct diff *diff)
{
	static const int flags[] = { 0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK, 1, O_APPEND };
	static const int rooms[] = { 0, 1, 16, 28, 200, -1 };

	for (size_t k = 0; k < DIFF_COUNT(net_kinds); k++) {
		int fd = net_socket(&net_kinds[k], 0);

		DIFF(diff, accept(fd, NULL, NULL), "accept(%s) of no listener", net_kinds[k].name);
		DIFF(diff, accept4(fd, NULL, NULL, 12345), "accept4(%s) with wrong flags", net_kinds[k].name);
		close(fd);
	}
	for (size_t f = 0; f < DIFF_COUNT(flags); f++)
		for (size_t r = 0; r < DIFF_COUNT(rooms); r++) {
			int client = socket(AF_INET, SOCK_STREAM, 0), fd;
			unsigned char peer[256] = { 0 };
			socklen_t length = (socklen_t)rooms[r];

			CHECK(connect(client, net_list[0].bytes, 16) == 0);
			fd = accept4(net_servers[0], (struct sockaddr *)peer, &length, flags[f]);
			DIFF(diff, fd < 0 ? -1 : 0, "accept4(%x), room for %d", flags[f], rooms[r]);
			DIFF(diff, length, "  length");
			DIFF(diff, fd < 0 ? 0 : fcntl(fd, F_GETFL), "  F_GETFL");
			DIFF(diff, fd < 0 ? 0 : fcntl(fd, F_GETFD), "  F_GETFD");
			DIFF(diff, peer[0] | peer[5] << 8 | (peer[2] || peer[3]) << 16, "  family");
			close(fd);
			close(client);
			net_drain(diff);
		}
	DIFF(diff, accept(net_servers[0], NULL, NULL), "accept with nobody there");
}

static void net_limits(struct diff *diff)
{
	struct timeval limit = { .tv_usec = 30000 };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "s.small" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	CHECK(bind(listener, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(listener, 0) == 0);
	CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	DIFF(diff, accept(listener, NULL, NULL), "accept within a time limit");
	for (int i = 0; i < 3; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | (i == 2 ? SOCK_NONBLOCK : 0), 0);
		CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
		DIFF(diff, connect(fd, (struct sockaddr *)&un, sizeof(un)), "connect to a backlog of one, %d", i);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	memcpy(&un, net_list[30].bytes, sizeof(un));
	DIFF(diff, 0, "%s", net_list[30].name);
	for (int i = 0; i < 4000 && sendto(fd, "x", 1, 0, (struct sockaddr *)&un, 10) == 1; i++)
		;
	DIFF(diff, sendto(fd, "x", 1, 0, (struct sockaddr *)&un, 10), "sendto a full queue within a time limit");
	DIFF(diff, sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&un, 10), "sendto a full queue");
	net_drain(diff);
}

/* More than any buffer holds, through a stream and as a datagram. */
static void net_large(struct diff *diff)
{
	static char data[3 << 20];
	struct iovec parts[3] = { { data, 1 << 20 }, { data, 100 }, { data, 1 << 20 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	int ends[2];
	pid_t reader;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	reader = fork();
	if (reader == 0) {
		long sum = 0;
		ssize_t got;

		while (sum < (2 << 20) + 100 && (got = read(ends[1], data, 4096)) > 0)
			sum += got;
		_exit(sum == (2 << 20) + 100 ? 0 : 1);
	}
	DIFF(diff, sendmsg(ends[0], &message, 0), "sendmsg of two megabytes");
	DIFF(diff, guest_wait(reader), "  read");
	DIFF(diff, sendmsg(ends[0], &message, MSG_DONTWAIT) > 0 ? 0 : -1, "sendmsg of two megabytes, not waiting");
	close(ends[1]);
	signal(SIGPIPE, SIG_IGN);
	DIFF(diff, sendmsg(ends[0], &message, 0), "sendmsg to nobody");
	close(ends[0]);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	DIFF(diff, sendmsg(ends[0], &message, 0), "a datagram of two megabytes");
	parts[1].iov_len = (size_t)-5;
	DIFF(diff, sendmsg(ends[0], &message, 0), "a negative length");
	ends[0] = socket(AF_INET, SOCK_DGRAM, 0);
	DIFF(diff, sendto(ends[0], data, 65507, 0, net_list[3].bytes, 16), "the largest datagram");
	DIFF(diff, sendto(ends[0], data, 65508, 0, net_list[3].bytes, 16), "one byte more");
	DIFF(diff, sendto(ends[0], data, sizeof(data), 0, net_list[3].bytes, 16), "three megabytes");
	DIFF(diff, sendto(ends[0], data, 5, MSG_FASTOPEN, net_list[3].bytes, 16), "MSG_FASTOPEN of udp");
	net_drain(diff);
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	net_addresses();
	net_sockets(&diff);
	net_connects(&diff);
	net_binds(&diff);
	net_sends(&diff);
	net_controls_all(&diff);
	net_credentials(&diff);
	net_many(&diff);
	net_accepts(&diff);
	net_limits(&diff);
	fflush(stdout);
	net_large(&diff);
	return 0;
}
