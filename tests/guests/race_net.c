/*
 * Races with calls on sockets that are decided and then made by another process: what they point to is flipped
 * meanwhile between something allowed (127.0.0.1) and something refused (127.0.0.2). Counts what arrives where.
 */
#include "race.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SWAP_FD = 50, MANY = 4 };

static struct sockaddr_in net_good, net_evil;
static volatile struct sockaddr_in net_flipping;
static struct msghdr net_message;
static struct mmsghdr net_messages[MANY];
static struct iovec net_part;
static struct race *net_race;
static int net_listeners[2];
static char net_data[8192];
static union {
	char bytes[64];
	struct cmsghdr header;
} net_control;

/* Both on the same port. */
static void net_listen(void)
{
	socklen_t size = sizeof(net_good);
	int room = 1 << 20;

	net_good = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	for (int i = 0; i < 2; i++) {
		net_listeners[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		CHECK(setsockopt(net_listeners[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0);
	}
	CHECK(bind(net_listeners[0], (struct sockaddr *)&net_good, sizeof(net_good)) == 0);
	CHECK(getsockname(net_listeners[0], (struct sockaddr *)&net_good, &size) == 0);
	net_evil = net_good;
	net_evil.sin_addr.s_addr = htonl(0x7f000002);
	CHECK(bind(net_listeners[1], (struct sockaddr *)&net_evil, sizeof(net_evil)) == 0);
	net_flipping = net_good;
}

static void net_collect(void)
{
	char byte[16];

	while (recv(net_listeners[0], byte, sizeof(byte), MSG_TRUNC) >= 0)
		net_race->good++;
	while (recv(net_listeners[1], byte, sizeof(byte), MSG_TRUNC) >= 0)
		net_race->evil++;
}

static void net_flip_address(void)
{
	net_flipping.sin_addr.s_addr ^= htonl(0x7f000001) ^ htonl(0x7f000002);
}

static void net_flip_name(void)
{
	void *volatile *name = (void *volatile *)&net_message.msg_name;

	*name = *name == &net_good ? &net_evil : &net_good;
}

static void net_flip_third(void)
{
	void *volatile *name = (void *volatile *)&net_messages[2].msg_hdr.msg_name;

	*name = *name == &net_good ? &net_evil : &net_good;
}

static void net_flip_length(void)
{
	volatile size_t *length = &net_part.iov_len;

	*length = *length == 4 ? sizeof(net_data) : 4;
}

static void net_flip_control(void)
{
	volatile __typeof__(net_message.msg_controllen) *length = &net_message.msg_controllen;

	*length = *length ? 0 : CMSG_SPACE(sizeof(int));
}

/* To IPv6 the address says nothing, to IPv4 it is 127.0.0.2. */
static void net_flip_socket(void)
{
	static int sockets[2] = { -1, -1 };
	static int which;

	if (sockets[0] < 0) {
		sockets[0] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		sockets[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	dup2(sockets[which ^= 1], SWAP_FD);
}

static void (*net_flip)(void);

static void *net_flipper(void *unused)
{
	while (!net_race->over) {
		race_pause(RACE_PAUSE);
		net_flip();
	}
	return unused;
}

static void net_note(long result)
{
	net_race->tries++;
	if (result < 0)
		net_race->refused++;
	if (net_race->tries % 64 == 0)
		net_collect();
}

static void net_try_connect(int fd)
{
	struct sockaddr_in any = { .sin_family = AF_UNSPEC };

	if (connect(fd, (const struct sockaddr *)(uintptr_t)&net_flipping, sizeof(net_flipping)) == 0)
		net_note(send(fd, "x", 1, 0));
	else
		net_note(-1);
	connect(fd, (struct sockaddr *)&any, sizeof(any));
}

/* What the call says is what arrives: nothing is read twice. */
static void net_try_length(int ends[2])
{
	long sent = sendmsg(ends[0], &net_message, 0);
	long got = recv(ends[1], net_data, sizeof(net_data), MSG_DONTWAIT);

	net_race->tries++;
	if (sent == got)
		net_race->good++;
	else
		net_race->evil++;
}

static void net_try_control(int ends[2])
{
	char control[64] __attribute__((aligned(8)));
	struct iovec part = { net_data, 64 };
	struct msghdr in = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 64 };
	struct cmsghdr *found;

	net_race->tries++;
	if (sendmsg(ends[0], &net_message, 0) < 0)
		net_race->refused++;
	if (recvmsg(ends[1], &in, MSG_DONTWAIT) < 0)
		return;
	found = CMSG_FIRSTHDR(&in);
	if (!found || found->cmsg_type != SCM_RIGHTS) {
		net_race->good++;
		return;
	}
	net_race->evil++;
	close(*(int *)(void *)CMSG_DATA(found));
}

static void net_prepare(void)
{
	int fd = 0;

	net_part = (struct iovec){ net_data, 4 };
	net_message = (struct msghdr){
		.msg_iov = &net_part, .msg_iovlen = 1, .msg_name = &net_good, .msg_namelen = sizeof(net_good)
	};
	for (int i = 0; i < MANY; i++)
		net_messages[i].msg_hdr = net_message;
	net_control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&net_control.header), &fd, sizeof(fd));
}

static void net_pair_message(void)
{
	net_message.msg_name = NULL;
	net_message.msg_namelen = 0;
	net_message.msg_control = &net_control;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	long tries = argc > 2 ? atol(argv[2]) : 1000;
	int64_t end = guest_now_ms() + (argc > 3 ? atol(argv[3]) : 5000);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ends[2];
	struct sockaddr_in swapped;
	pthread_t thread;

	net_race = race_new(kind);
	net_listen();
	net_prepare();
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	swapped = net_evil;
	swapped.sin_family = AF_UNSPEC;
	net_flip = strcmp(kind, "msghdr") == 0    ? net_flip_name
		   : strcmp(kind, "third") == 0   ? net_flip_third
		   : strcmp(kind, "iovec") == 0   ? net_flip_length
		   : strcmp(kind, "control") == 0 ? net_flip_control
		   : strcmp(kind, "socket") == 0  ? net_flip_socket
						  : net_flip_address;
	if (net_flip == net_flip_length || net_flip == net_flip_control)
		net_pair_message();
	if (net_flip == net_flip_length)
		net_message.msg_control = NULL;
	net_flip();
	CHECK(pthread_create(&thread, NULL, net_flipper, NULL) == 0);
	while (net_race->tries < tries && guest_now_ms() < end) {
		if (net_flip == net_flip_name)
			net_note(sendmsg(fd, &net_message, 0));
		else if (net_flip == net_flip_third)
			net_note(sendmmsg(fd, net_messages, MANY, 0) == MANY ? 0 : -1);
		else if (net_flip == net_flip_length)
			net_try_length(ends);
		else if (net_flip == net_flip_control)
			net_try_control(ends);
		else if (net_flip == net_flip_socket)
			net_note(sendto(SWAP_FD, "x", 1, 0, (struct sockaddr *)&swapped, sizeof(swapped)));
		else if (strcmp(kind, "connect") == 0)
			net_try_connect(fd);
		else
			net_note(sendto(
				fd, "x", 1, 0, (struct sockaddr *)(uintptr_t)&net_flipping, sizeof(net_flipping)));
	}
	net_race->over = true;
	CHECK(pthread_join(thread, NULL) == 0);
	net_collect();
	race_print(net_race);
	return 0;
}
