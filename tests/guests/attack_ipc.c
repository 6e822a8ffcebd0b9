/*
 * Attacks over sockets: a refused address in other spellings, by other calls, by other descriptors; what is handed over
 * by somebody outside. The first argument says which, the second is a port of 127.0.0.1, or a name. There may be a
 * listener of the test; whether anything came to it is its business.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SIZES_PARTS = 4100 };

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

static int ipc_connect_in(const char *host, const char *port, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), result;

	CHECK(fd >= 0 && inet_pton(AF_INET, host, &in.sin_addr) == 1);
	result = attack_result(connect(fd, (struct sockaddr *)&in, sizeof(in)));
	if (result == ATTACK_WORKS)
		result = attack_result(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	return result;
}

static int ipc_connect_in6(const char *host, const char *port, int type)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		return errno;
	CHECK(inet_pton(AF_INET6, host, &in6.sin6_addr) == 1);
	result = attack_result(connect(fd, (struct sockaddr *)&in6, sizeof(in6)));
	if (result == ATTACK_WORKS)
		result = attack_result(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	return result;
}

static int ipc_spellings(const char *port)
{
	int result = ipc_connect_in("127.0.0.1", port, SOCK_STREAM);

	result = attack_either(result, ipc_connect_in("0.0.0.0", port, SOCK_STREAM));
	result = attack_either(result, ipc_connect_in6("::ffff:127.0.0.1", port, SOCK_STREAM));
	result = attack_either(result, ipc_connect_in6("::ffff:0.0.0.0", port, SOCK_STREAM));
	return attack_either(result, ipc_connect_in6("::", port, SOCK_STREAM));
}

static int ipc_spellings_udp(const char *port)
{
	int result = ipc_connect_in("127.0.0.1", port, SOCK_DGRAM);

	result = attack_either(result, ipc_connect_in("0.0.0.0", port, SOCK_DGRAM));
	return attack_either(result, ipc_connect_in6("::ffff:127.0.0.1", port, SOCK_DGRAM));
}

static struct sockaddr_in ipc_loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Connected to something allowed, dissolved, and to the refused one; an address that is longer or of no family. */
static int ipc_reconnect(const char *port)
{
	struct sockaddr_in in = ipc_loopback(port), own = { .sin_family = AF_INET };
	struct sockaddr any = { .sa_family = AF_UNSPEC };
	char padded[128] = "";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	own.sin_port = htons(9);
	CHECK(connect(fd, (struct sockaddr *)&own, sizeof(own)) == 0 && connect(fd, &any, sizeof(any)) == 0);
	memcpy(padded, &in, sizeof(in));
	result = attack_result(connect(fd, (struct sockaddr *)padded, sizeof(padded)));
	if (result == ATTACK_WORKS)
		return attack_result(send(fd, "x", 1, 0));
	in.sin_family = AF_UNSPEC;
	return attack_either(result, attack_result(sendto(fd, "x", 1, 0, (struct sockaddr *)&in, sizeof(in))));
}

/* Several messages in one call, of which one goes where none may go. */
static int ipc_third(const char *port)
{
	struct sockaddr_in in = ipc_loopback(port), own = { .sin_family = AF_INET };
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct mmsghdr messages[4] = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(own);
	int sent;

	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(server, (struct sockaddr *)&own, sizeof(own)) == 0);
	CHECK(getsockname(server, (struct sockaddr *)&own, &size) == 0);
	for (int i = 0; i < 4; i++)
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &part, .msg_iovlen = 1, .msg_name = i == 2 ? &in : &own, .msg_namelen = sizeof(in)
		};
	sent = sendmmsg(fd, messages, 4, 0);
	if (sent == 2)
		return ECONNREFUSED;
	return sent < 0 ? errno : sent == 4 ? ATTACK_WORKS : ATTACK_NOTHING;
}

/* Under another number, and received from somebody. */
static int ipc_bind_duplicates(const char *port)
{
	struct sockaddr_in in = ipc_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int numbers[4];
	int result = ATTACK_NOTHING;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	numbers[0] = dup(fd);
	numbers[1] = dup2(fd, 60);
	numbers[2] = fcntl(fd, F_DUPFD_CLOEXEC, 70);
	numbers[3] = dup3(fd, 80, O_CLOEXEC);
	for (int i = 0; i < 4; i++)
		result = attack_either(result, attack_result(bind(numbers[i], (struct sockaddr *)&in, sizeof(in))));
	return result;
}

static int ipc_connect_un(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	CHECK(fd >= 0);
	memcpy(un.sun_path, name, strlen(name));
	if (*name == '@')
		un.sun_path[0] = '\0';
	if (connect(fd, (struct sockaddr *)&un, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int ipc_unix(const char *name)
{
	int fd = ipc_connect_un(name);
	int result = attack_result(fd);

	if (fd < 0 && *name != '@') {
		CHECK(symlink(name, "way") == 0);
		result = attack_either(result, attack_result(ipc_connect_un("way")));
		result = attack_either(result, attack_result(ipc_connect_un("good/../way")));
	}
	if (fd >= 0)
		CHECK(write(fd, "x", 1) == 1);
	return result;
}

static long ipc_send_un(int fd, const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = &un, .msg_namelen = sizeof(un) };

	strcpy(un.sun_path, name);
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&un, sizeof(un)) == 1)
		return 1;
	return sendmsg(fd, &message, 0);
}

/* Datagrams, which are sent without being connected; the way there by descriptors and from other directories. */
static int ipc_datagram(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), folder = open("evil", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = attack_result(ipc_send_un(fd, name));
	char way[64];

	snprintf(way, sizeof(way), "/proc/self/fd/%d/datagrams", folder);
	result = attack_either(result, attack_result(ipc_send_un(fd, way)));
	if (folder >= 0 && fchdir(folder) == 0)
		result = attack_either(result, attack_result(ipc_send_un(fd, "datagrams")));
	return result;
}

/* The first data goes with the connection: no connect is made. */
static int ipc_fast_open(const char *port)
{
	struct sockaddr_in in = ipc_loopback(port);
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = &in, .msg_namelen = sizeof(in) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = attack_result(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&in, sizeof(in)));

	return attack_either(result, attack_result(sendmsg(other, &message, MSG_FASTOPEN | MSG_NOSIGNAL)));
}

/* A socket where no name may be made. */
static int ipc_bind_un(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, name);
	return attack_result(bind(fd, (struct sockaddr *)&un, sizeof(un)));
}

static int ipc_receive(const char *name)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int fd = ipc_connect_un(name), received;

	CHECK(fd >= 0 && recvmsg(fd, &message, MSG_CMSG_CLOEXEC) == 1 &&
		message.msg_controllen >= CMSG_LEN(sizeof(int)));
	memcpy(&received, CMSG_DATA(&control.header), sizeof(received));
	return received;
}

/* Somebody outside hands over the directory: what is opened from there is judged by its name. */
static int ipc_directory(const char *name)
{
	int folder = ipc_receive(name), result = attack_steal(openat(folder, "file", O_RDONLY | O_CLOEXEC));

	result = attack_either(result, attack_steal(openat(folder, "../evil/file", O_RDONLY | O_CLOEXEC)));
	return attack_either(result, fchdir(folder) ? errno : attack_read("file"));
}

/* Something of ours goes out to who may not have it. */
static int ipc_give(const char *name)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int fd = ipc_connect_un(name), given = open("good/file", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && given >= 0);
	memcpy(CMSG_DATA(&control.header), &given, sizeof(given));
	return attack_result(sendmsg(fd, &message, MSG_NOSIGNAL));
}

/* Families that no rule is about. */
static int ipc_families(const char *unused)
{
	static const int families[][3] = { { AF_NETLINK, SOCK_RAW, 9 }, { AF_NETLINK, SOCK_RAW, 15 },
		{ AF_NETLINK, SOCK_RAW, 0 }, { AF_NETLINK, SOCK_RAW, 12 }, { AF_PACKET, SOCK_RAW, 0 },
		{ AF_PACKET, SOCK_DGRAM, 0 }, { AF_INET, SOCK_RAW, 1 }, { AF_INET, SOCK_PACKET, 0 },
		{ AF_ALG, SOCK_SEQPACKET, 0 }, { AF_VSOCK, SOCK_STREAM, 0 }, { 44, SOCK_RAW, 0 },
		{ AF_KEY, SOCK_RAW, 2 }, { AF_BLUETOOTH, SOCK_RAW, 1 }, { AF_INET, SOCK_SEQPACKET, 132 },
		{ AF_CAN, SOCK_RAW, 1 }, { AF_TIPC, SOCK_STREAM, 0 }, { AF_INET, SOCK_DCCP, 33 },
		{ 21, SOCK_SEQPACKET, 0 }, { 43, SOCK_STREAM, 0 } };
	int result = ATTACK_NOTHING;

	(void)unused;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int fd = socket(families[i][0], families[i][1] | SOCK_CLOEXEC, families[i][2]);

		if (fd >= 0)
			fprintf(stderr, "socket %d %d %d\n", families[i][0], families[i][1], families[i][2]);
		result = attack_either(result, attack_result(fd));
	}
	return result;
}

/* Lengths that no message has, numbers of parts and of messages, control data that overruns itself. */
static int ipc_sizes(const char *unused)
{
	static char control[256];
	static struct iovec parts[SIZES_PARTS] = { { control, SIZE_MAX }, { control, SIZE_MAX / 2 },
		{ (void *)8, 1 << 30 } };
	static const size_t lengths[] = { 0, 1, 12, 15, 17, 64, 4096, INT_MAX, SIZE_MAX, SIZE_MAX - 8 };
	int ends[2], count = 0;
	struct mmsghdr many = { { 0 }, 0 };

	(void)unused;
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	printf("note:");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) * 4; i++) {
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = 1, .msg_control = i % 4 ? NULL : control };
		size_t length = lengths[i / 4];

		((struct cmsghdr *)(void *)control)->cmsg_len = length;
		((struct cmsghdr *)(void *)control)->cmsg_level = SOL_SOCKET;
		((struct cmsghdr *)(void *)control)->cmsg_type = 1 + i % 2;
		message.msg_controllen = i % 4 == 0 ? length : 0;
		parts[0].iov_len = i % 4 == 1 ? length : 1;
		message.msg_iovlen = i % 4 == 2 ? length : 1;
		message.msg_namelen = i % 4 == 3 ? (socklen_t)length : 0;
		many.msg_hdr = message;
		errno = 0;
		count += sendmsg(ends[0], &message, MSG_DONTWAIT) >= 0;
		printf(" %d", errno);
		errno = 0;
		syscall(SYS_sendmmsg, ends[0], &many, 1, MSG_DONTWAIT);
		printf(" %d", errno);
		while (recv(ends[1], control, sizeof(control), MSG_DONTWAIT) >= 0)
			;
	}
	printf(" sent %d\n", count);
	return ATTACK_NOTHING;
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "spellings", ipc_spellings },
		{ "spellings-udp", ipc_spellings_udp },
		{ "reconnect", ipc_reconnect },
		{ "third", ipc_third },
		{ "bind-duplicates", ipc_bind_duplicates },
		{ "unix", ipc_unix },
		{ "datagram", ipc_datagram },
		{ "fast-open", ipc_fast_open },
		{ "bind-unix", ipc_bind_un },
		{ "directory", ipc_directory },
		{ "give", ipc_give },
		{ "families", ipc_families },
		{ "sizes", ipc_sizes },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
