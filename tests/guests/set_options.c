/*
 * setsockopt and socketpair as the multiplexer of old ABIs makes them, with the arguments in memory; where there is
 * none, the calls themselves. "plain": one line for each, natively the same. "refused", under Kennel only: what no rule
 * can judge. "race": another thread changes what is in memory meanwhile.
 */
#include "guest.h"

#include <linux/filter.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#define BAD_ADDRESS 16
#define RACE_MS 3000

#ifdef SYS_socketcall
#define OPTIONS_IN_MEMORY 1
#else
#define OPTIONS_IN_MEMORY 0
#define SYS_socketcall (-1)
#endif

static int options_set(int fd, int level, int option, const void *value, int length)
{
	unsigned long words[] = { (unsigned long)fd, (unsigned long)level, (unsigned long)option, (unsigned long)value,
		(unsigned long)length };

	if (OPTIONS_IN_MEMORY)
		return (int)syscall(SYS_socketcall, SYS_SETSOCKOPT, words);
	return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
}

static int options_pair(int domain, int type, int protocol, int *ends)
{
	unsigned long words[] = { (unsigned long)domain, (unsigned long)type, (unsigned long)protocol,
		(unsigned long)ends };

	if (OPTIONS_IN_MEMORY)
		return (int)syscall(SYS_socketcall, SYS_SOCKETPAIR, words);
	return (int)syscall(SYS_socketpair, domain, type, protocol, ends);
}

static void options_tell(const char *what, int result)
{
	printf("%s: %d %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

/* Sets it, and asks what it is then. */
static void options_try(const char *what, int fd, int level, int option, const void *value, int length)
{
	unsigned char now[64] = { 0 };
	socklen_t size = sizeof(now);

	errno = 0;
	options_tell(what, options_set(fd, level, option, value, length));
	if (getsockopt(fd, level, option, now, &size) < 0)
		size = 0;
	for (socklen_t i = 0; i < size && i < sizeof(now); i++)
		printf(" %02x", now[i]);
	printf("\n");
}

#define TRY_INT(fd, level, option, number) options_try(#option, fd, level, option, &(int){ number }, (int)sizeof(int))
#define TRY(fd, level, option, ...) \
	do { \
		__typeof__(__VA_ARGS__) value_ = __VA_ARGS__; \
		options_try(#option, fd, level, option, &value_, (int)sizeof(value_)); \
	} while (0)

static void options_of_sockets(int fd)
{
	TRY_INT(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	TRY_INT(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	TRY_INT(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	TRY_INT(fd, SOL_SOCKET, SO_SNDBUF, 20000);
	TRY_INT(fd, SOL_SOCKET, SO_RCVBUF, 20000);
	TRY_INT(fd, SOL_SOCKET, SO_RCVLOWAT, 7);
	TRY_INT(fd, SOL_SOCKET, SO_PRIORITY, 3);
	TRY_INT(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	TRY(fd, SOL_SOCKET, SO_LINGER, (struct linger){ 1, 9 });
	TRY(fd, SOL_SOCKET, SO_RCVTIMEO, (struct timeval){ 5, 250000 });
	TRY(fd, SOL_SOCKET, SO_SNDTIMEO, (struct timeval){ 7, 0 });
	TRY(fd, SOL_SOCKET, SO_SNDTIMEO, (struct timeval){ 0, -1 });
	options_try("one word of a time", fd, SOL_SOCKET, SO_RCVTIMEO, &(int){ 1 }, sizeof(int));
	options_try("no device", fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
	options_try("a device", fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuchdevice", 13);
}

static void options_of_protocols(int tcp, int udp, int udp6, int netlink)
{
	struct group_req group = { .gr_interface = 1 };
	struct sockaddr_in *in = (struct sockaddr_in *)&group.gr_group;
	struct group_source_req source = { .gsr_interface = 1 };

	TRY_INT(tcp, IPPROTO_TCP, TCP_NODELAY, 1);
	TRY_INT(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	options_try("TCP_CONGESTION", tcp, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	TRY_INT(udp, IPPROTO_IP, IP_TOS, 0x10);
	TRY_INT(udp, IPPROTO_IP, IP_TTL, 9);
	TRY_INT(udp, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	TRY_INT(udp6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	TRY_INT(udp6, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
	TRY_INT(netlink, 270, NETLINK_EXT_ACK, 1);
	TRY(udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, (struct ip_mreqn){ { htonl(0xe00000fa) }, { 0 }, 1 });
	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(0xe00000fb) } };
	TRY(udp, IPPROTO_IP, MCAST_JOIN_GROUP, group);
	options_try("joined again", udp, IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof(group));
	options_try("too short", udp, IPPROTO_IP, MCAST_LEAVE_GROUP, &group, sizeof(group) - 1);
	options_try("left", udp, IPPROTO_IP, MCAST_LEAVE_GROUP, &group, sizeof(group));
	options_try("left again", udp, IPPROTO_IP, MCAST_LEAVE_GROUP, &group, sizeof(group));
	in->sin_addr.s_addr = htonl(0xe00000fc);
	memcpy(&source.gsr_group, in, sizeof(*in));
	in->sin_addr.s_addr = htonl(0x7f000002);
	memcpy(&source.gsr_source, in, sizeof(*in));
	options_try("source", udp, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source));
	options_try("source again", udp, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source));
}

/* A filter that drops everything, where it can be attached. */
static void options_filter(void)
{
	struct sock_filter none[] = { { BPF_LD | BPF_W | BPF_LEN, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } };
	struct sock_fprog program = { 2, none }, wild = { 2, (void *)BAD_ADDRESS }, empty = { 0, none };
	struct sock_fprog huge = { UINT16_MAX, none }, wrong = { 1, none };
	int ends[2];
	char byte;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, wild);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, empty);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, huge);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, wrong);
	options_try("half a program", ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program) / 2);
	options_try("no program", ends[1], SOL_SOCKET, SO_ATTACH_FILTER, NULL, sizeof(program));
	CHECK(write(ends[0], "a", 1) == 1 && read(ends[1], &byte, 1) == 1);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, program);
	CHECK(write(ends[0], "a", 1) == 1);
	CHECK_ERR(EAGAIN, recv(ends[1], &byte, 1, MSG_DONTWAIT));
	TRY_INT(ends[1], SOL_SOCKET, SO_DETACH_FILTER, 0);
	TRY(ends[1], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program);
	close(ends[0]);
	close(ends[1]);
}

static void options_errors(int tcp, int udp6)
{
	int one = 1, ends[2];

	CHECK(pipe(ends) == 0);
	options_try("no descriptor", -1, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	options_try("no socket", ends[0], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	options_try("length below 0", tcp, SOL_SOCKET, SO_REUSEADDR, &one, -1);
	options_try("short", tcp, SOL_SOCKET, SO_REUSEADDR, &one, 2);
	options_try("long", tcp, SOL_SOCKET, SO_REUSEADDR, (char[100000]){ 1 }, 100000);
	options_try("bad address", tcp, SOL_SOCKET, SO_REUSEADDR, (void *)BAD_ADDRESS, sizeof(one));
	options_try("no address", tcp, SOL_SOCKET, SO_REUSEADDR, NULL, sizeof(one));
	options_try("no address of IPv6", udp6, IPPROTO_IPV6, IPV6_TCLASS, NULL, sizeof(one));
	options_try("unknown option", tcp, SOL_SOCKET, 999, &one, sizeof(one));
	options_try("unknown level", tcp, 999, 1, &one, sizeof(one));
	if (OPTIONS_IN_MEMORY)
		options_tell("bad words", (int)syscall(SYS_socketcall, SYS_SETSOCKOPT, BAD_ADDRESS));
	close(ends[0]);
	close(ends[1]);
}

static int options_next(void)
{
	int next = dup(STDERR_FILENO);

	CHECK(next >= 0 && close(next) == 0);
	return next;
}

static void options_good_pair(const char *what, int type)
{
	int next = options_next(), ends[2] = { -1, -1 };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	char byte = 0;

	options_tell(what, options_pair(AF_UNIX, type, 0, ends));
	CHECK(ends[0] == next && ends[1] == options_next() - 1 && ends[1] != ends[0]);
	CHECK(write(ends[0], "a", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'a');
	CHECK(write(ends[1], "b", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'b');
	CHECK(getsockopt(ends[1], SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
	printf(" %x %x %d %d\n", fcntl(ends[0], F_GETFD), fcntl(ends[1], F_GETFL), peer.uid == geteuid(),
		peer.gid == getegid());
	CHECK(close(ends[0]) == 0);
	if ((type & 0xf) != SOCK_DGRAM)
		CHECK(read(ends[1], &byte, 1) == 0);
	CHECK(close(ends[1]) == 0 && options_next() == next);
}

/* None of these leaves a descriptor behind. */
static void options_bad_pairs(void)
{
	static const struct {
		const char *what;
		int domain, type, protocol;
	} rows[] = { { "pair of IPv4", AF_INET, SOCK_STREAM, 0 }, { "pair of IPv6", AF_INET6, SOCK_DGRAM, 0 },
		{ "pair of TCP datagrams", AF_INET, SOCK_DGRAM, IPPROTO_TCP }, { "pair of no type", AF_UNIX, 77, 0 },
		{ "pair of a protocol", AF_UNIX, SOCK_STREAM, 5 }, { "pair of no type of IPv4", AF_INET, 9, 0 },
		{ "pair with odd flags", AF_UNIX, SOCK_STREAM | 0x100, 0 } };
	int next = options_next(), ends[2];
	struct rlimit limit, less;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		options_tell(rows[i].what, options_pair(rows[i].domain, rows[i].type, rows[i].protocol, ends));
	options_tell("pair to nowhere", options_pair(AF_UNIX, SOCK_STREAM, 0, (int *)BAD_ADDRESS));
	CHECK(options_next() == next);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	less = limit;
	for (rlim_t room = 0; room < 3; room++) {
		less.rlim_cur = (rlim_t)next + room;
		CHECK(setrlimit(RLIMIT_NOFILE, &less) == 0);
		options_tell("pair where there is hardly room", options_pair(AF_UNIX, SOCK_STREAM, 0, ends));
		CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		CHECK(room == 2 || options_next() == next);
	}
	CHECK(ends[0] == next && ends[1] == next + 1 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

static int options_plain(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int udp6 = socket(AF_INET6, SOCK_DGRAM, 0), netlink = socket(AF_NETLINK, SOCK_RAW, 0);

	options_of_sockets(tcp);
	options_of_protocols(tcp, udp, udp6, netlink);
	options_filter();
	options_errors(tcp, udp6);
	close(tcp);
	close(udp);
	close(udp6);
	close(netlink);
	options_good_pair("streams", SOCK_STREAM);
	options_good_pair("datagrams", SOCK_DGRAM | SOCK_CLOEXEC);
	options_good_pair("packets", SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC);
	options_bad_pairs();
	return 0;
}

static int options_refused(void)
{
	static const struct {
		int level, option;
	} routed[] = { { IPPROTO_IP, IP_OPTIONS }, { IPPROTO_IPV6, 57 }, { IPPROTO_IPV6, 5 }, { IPPROTO_IPV6, 6 },
		{ IPPROTO_IPV6, 32 } };
	int fds[] = { socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET6, SOCK_DGRAM, 0), -1 };
	int ends[2], next = options_next();

	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < sizeof(routed) / sizeof(routed[0]); j++)
			CHECK_ERR(EPERM, options_set(fds[i], routed[j].level, routed[j].option, "\1\1\1", 4));
	CHECK_ERR(EAFNOSUPPORT, options_pair(AF_TIPC, SOCK_STREAM, 0, ends));
	CHECK_ERR(EAFNOSUPPORT, options_pair(AF_NETLINK, SOCK_RAW, 0, ends));
	CHECK_ERR(EAFNOSUPPORT, options_pair(4711, SOCK_STREAM, 0, ends));
	if (OPTIONS_IN_MEMORY)
		CHECK_ERR(ENOPROTOOPT, options_set(fds[0], SOL_SOCKET, SO_ATTACH_BPF, &next, (int)sizeof(next)));
	CHECK(options_next() == next);
	return 0;
}

static volatile unsigned long race_words[5];
static volatile bool race_over;

/* On one processor, too, either is met. */
static void *options_flip(void *unused)
{
	while (!race_over) {
		race_words[2] = IP_OPTIONS;
		sched_yield();
		race_words[2] = IP_TOS;
		sched_yield();
	}
	return unused;
}

/* Until the option that is refused got through, or both were seen often enough. */
static int options_race(long tries)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char value[4] = { 1, 1, 1, 1 }, now[64];
	long good = 0, refused = 0, evil = 0;
	int64_t end_ms = guest_now_ms() + guest_limit_ms(RACE_MS);
	pthread_t thread;

	if (!OPTIONS_IN_MEMORY)
		guest_skip("no socketcall");
	race_words[0] = (unsigned long)fd;
	race_words[1] = IPPROTO_IP;
	race_words[3] = (unsigned long)value;
	race_words[4] = sizeof(value);
	CHECK(pthread_create(&thread, NULL, options_flip, NULL) == 0);
	while (evil == 0 && (good < tries || refused < tries) && guest_now_ms() < end_ms) {
		socklen_t size = sizeof(now);
		long result = syscall(SYS_socketcall, SYS_SETSOCKOPT, race_words);

		good += result == 0;
		refused += result < 0 && errno == EPERM;
		CHECK(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, now, &size) == 0);
		evil += size > 0;
	}
	race_over = true;
	CHECK(pthread_join(thread, NULL) == 0);
	printf("good %ld\nrefused %ld\nevil %ld\n", good, refused, evil);
	return 0;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	if (strcmp(part, "plain") == 0)
		return options_plain();
	if (strcmp(part, "refused") == 0)
		return options_refused();
	return options_race(2000);
}
