/*
 * What a program may try on the network code of its supervisor, by name: to overrun it, to hold it up, to get past its
 * rules. Exit 0 when that did not work; natively some of it does.
 */
#include "guest.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CALLS 4000
#define CROWD 800
#define ROUNDS 200
#define WAITERS 4
#define TRIES_MS 2000
#define RIGHTS_MOST 253 /* SCM_MAX_FD */
#define SEND_MOST 1024
#define SEND_SIZE 60000

static struct sockaddr_in attack_loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
}

static struct sockaddr_un attack_path(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	/* The other end is told the name as it is written here. */
	CHECK(getcwd(un.sun_path, sizeof(un.sun_path) - 16));
	strcat(strcat(un.sun_path, "/"), path);
	return un;
}

static int attack_bind(int type, const char *path)
{
	struct sockaddr_un un = attack_path(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	return fd;
}

/* Calls that the supervisor has to answer, one after the other. */
static void attack_ask(unsigned count)
{
	struct sockaddr_in in = attack_loopback(9);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (count-- > 0)
		CHECK(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	close(fd);
}

/* The kernel takes the length of an address as an int; the rest of the register is nobody's. */
static void attack_length(void)
{
	static unsigned char memory[1 << 22];
	struct sockaddr_in in = attack_loopback(9);
	long wide = (long)((uint64_t)1 << (sizeof(long) * 4) | sizeof(in));
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sizeof(long) == 4)
		guest_skip("registers have no upper half");
	memset(memory, 'A', sizeof(memory));
	memcpy(memory, &in, sizeof(in));
	CHECK(syscall(SYS_sendto, fd, memory, 1UL, 0, memory, wide) == 1);
	attack_ask(1);
}

static int attack_listen(void)
{
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = attack_loopback(0);

	CHECK(bind(server, (struct sockaddr *)&in, sizeof(in)) == 0 && listen(server, 1) == 0);
	return server;
}

/* Connected to somebody who takes nothing; its close has an hour to wait for that. */
static int attack_lingering(int server)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 3600 };
	int client = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in in;
	socklen_t length = sizeof(in);

	CHECK(getsockname(server, (struct sockaddr *)&in, &length) == 0);
	CHECK(connect(client, (struct sockaddr *)&in, length) == 0);
	CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	return client;
}

/* The supervisor has the last descriptor of the socket: the only other one goes while it sends. */
static void attack_linger(void)
{
	static char data[1 << 20];
	struct iovec part = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int server = attack_listen();
	int client = attack_lingering(server);
	pid_t child = fork();

	if (child == 0) {
		while (sendmsg(client, &message, 0) > 0)
			;
		_exit(1);
	}
	close(client);
	guest_sleep_ms(300);
	CHECK(kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
	attack_ask(10);
}

/* The same with a call that is no socket's, at any moment of it. */
static void attack_linger_held(void)
{
	static char data[1 << 20];
	int server = attack_listen();

	for (int i = 0; i < ROUNDS; i++) {
		int client = attack_lingering(server), peer = accept(server, NULL, NULL);
		pid_t child;

		while (send(client, data, sizeof(data), MSG_DONTWAIT) > 0)
			;
		child = fork();
		while (child == 0)
			fchmod(client, 0600);
		close(client);
		usleep((unsigned)(1000 + i * 7 % 200));
		CHECK(kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
		CHECK(fchmod(server, 0600) == 0);
		close(peer);
	}
}

static void *attack_connect(void *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	connect(fd, address, sizeof(struct sockaddr_un));
	return NULL;
}

/* So many that wait for a place in a full queue: the others are served all the same. */
static void attack_crowd(void)
{
	struct sockaddr_un un = attack_path("full");
	int server = attack_bind(SOCK_STREAM, "full");
	pid_t child;

	CHECK(listen(server, 0) == 0);
	child = fork();
	for (int i = 0; child == 0 && i < (int)guest_rounds(CROWD); i++) {
		pthread_attr_t attributes;
		pthread_t thread;

		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, 64 << 10);
		CHECK(pthread_create(&thread, &attributes, attack_connect, &un) == 0);
	}
	if (child == 0)
		pause();
	guest_sleep_ms(1000);
	attack_ask(guest_rounds(CALLS));
	CHECK(kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
}

/* The kernel lets a file be watched so many times only, and we are the next. */
static void attack_watches(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int server = attack_listen(), last = 0, above = epoll_create1(EPOLL_CLOEXEC), client;
	struct sockaddr_in in;
	socklen_t length = sizeof(in);
	pid_t children[WAITERS], filler = fork();

	CHECK(filler >= 0 && getsockname(server, (struct sockaddr *)&in, &length) == 0);
	while (filler == 0 && last == 0) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		last = epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event) ||
		       epoll_ctl(above, EPOLL_CTL_ADD, epoll, &event);
	}
	if (filler == 0)
		pause();
	guest_sleep_ms(300);
	for (int i = 0; i < WAITERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(accept(server, NULL, NULL) >= 0 ? 0 : 1);
	}
	guest_sleep_ms(100);
	for (int i = 0; i < WAITERS; i++) {
		client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(connect(client, (struct sockaddr *)&in, length) == 0);
	}
	for (int i = 0; i < WAITERS; i++)
		CHECK(guest_wait(children[i]) == 0);
	CHECK(kill(filler, SIGKILL) == 0 && guest_wait(filler) == 128 + SIGKILL);
}

static void *attack_shut(void *unused)
{
	for (;;) {
		chmod(".", 0);
		chmod(".", 0700);
	}
	return unused;
}

/* Names are bound in a directory that the supervisor goes to; the one it is in cannot be entered any more. */
static void attack_directory(void)
{
	struct sockaddr_un un;
	int64_t end = guest_now_ms() + TRIES_MS;
	pthread_t thread;

	un = attack_path("");
	strcpy(strstr(un.sun_path, "/own/"), "/names/s");
	CHECK(pthread_create(&thread, NULL, attack_shut, NULL) == 0);
	while (guest_now_ms() < end) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		CHECK(bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 && unlink(un.sun_path) == 0);
		close(fd);
	}
}

/* Descriptor 0 to whom the socket is connected. */
static long attack_pass(int fd, int flags)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))
	};

	memset(CMSG_DATA(&control.header), 0, sizeof(int));
	return sendmsg(fd, &message, flags);
}

/* The message waits for the one who may have the descriptor; then there is another at the end. */
static void attack_rights(void)
{
	struct sockaddr_un allowed = attack_path("allowed"), refused = attack_path("refused");
	int one = attack_bind(SOCK_DGRAM, "allowed"), other = attack_bind(SOCK_DGRAM, "refused");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char byte;
	pid_t child;

	CHECK(connect(fd, (struct sockaddr *)&refused, sizeof(refused)) == 0);
	CHECK_ERR(EACCES, attack_pass(fd, MSG_DONTWAIT));
	CHECK(connect(fd, (struct sockaddr *)&allowed, sizeof(allowed)) == 0 && attack_pass(fd, MSG_DONTWAIT) == 1);
	while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
		;
	child = fork();
	if (child == 0)
		_exit(attack_pass(fd, 0) == 1 ? 1 : errno == EACCES ? 0 : 2);
	guest_sleep_ms(200);
	CHECK(connect(fd, (struct sockaddr *)&refused, sizeof(refused)) == 0);
	CHECK(guest_wait(child) == 0);
	CHECK_ERR(EAGAIN, recv(other, &byte, 1, MSG_DONTWAIT));
	CHECK(recv(one, &byte, 1, MSG_DONTWAIT) == 1);
}

static int attack_bind_any(int fd, int only)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (fd < 0)
		guest_skip("no IPv6 here");
	CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0);
	return bind(fd, (struct sockaddr *)&in6, sizeof(in6));
}

static int attack_listen_any(int fd, int only)
{
	CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0);
	return listen(fd, 1);
}

/* With the any-address of IPv6 comes that of IPv4. */
static void attack_both(void)
{
	CHECK_ERR(EADDRNOTAVAIL, attack_bind_any(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 0));
	CHECK(attack_bind_any(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 1) == 0);
	CHECK_ERR(EADDRNOTAVAIL, attack_listen_any(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 0));
	CHECK(attack_listen_any(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 1) == 0);
}

static volatile int attack_socket = -1;

static void *attack_flip(void *unused)
{
	static const int values[2] = { 1, 0 };

	for (int i = 0;; i = !i)
		setsockopt(attack_socket, IPPROTO_IPV6, IPV6_V6ONLY, &values[i], sizeof(int));
	return unused;
}

static void attack_race(int (*take)(int fd, int only))
{
	int64_t end = guest_now_ms() + TRIES_MS;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, attack_flip, NULL) == 0);
	while (guest_now_ms() < end) {
		socklen_t size = sizeof(int);
		int only = 1;
		int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

		attack_socket = fd;
		if (take(fd, 1) == 0)
			CHECK(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0 && only);
		attack_socket = -1;
		close(fd);
	}
}

/* The option changes while we bind. Who gets that far does not live to say so. */
static void attack_both_race(void)
{
	attack_race(attack_bind_any);
}

static void attack_listen_race(void)
{
	attack_race(attack_listen_any);
}

static struct mmsghdr attack_messages[SEND_MOST];

static void *attack_send(void *unused)
{
	static char data[SEND_SIZE];
	static struct iovec part = { data, sizeof(data) };
	struct sockaddr_in in = attack_loopback(9);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned i = 0; i < SEND_MOST; i++)
		attack_messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &part, .msg_iovlen = 1, .msg_name = &in, .msg_namelen = sizeof(in)
		};
	while (sendmmsg(fd, attack_messages, SEND_MOST, 0) < 0)
		CHECK(errno == ECONNREFUSED);
	close(fd);
	return unused;
}

/* Others are answered while many messages are sent in one call. */
static void attack_many(void)
{
	int64_t end = guest_now_ms() + TRIES_MS;
	bool between = false;

	while (!between && guest_now_ms() < end) {
		pthread_t thread;

		memset(attack_messages, 0, sizeof(attack_messages));
		CHECK(pthread_create(&thread, NULL, attack_send, NULL) == 0);
		while (__atomic_load_n(&attack_messages[0].msg_len, __ATOMIC_ACQUIRE) == 0)
			;
		attack_ask(1);
		between = __atomic_load_n(&attack_messages[SEND_MOST - 1].msg_len, __ATOMIC_ACQUIRE) == 0;
		CHECK(pthread_join(thread, NULL) == 0);
	}
	CHECK(between);
}

/* Takes as many as there are, and what others give back. */
static void *attack_keep(void *socket_pointer)
{
	int fd = *(int *)socket_pointer;
	char byte = 0, space[CMSG_SPACE(RIGHTS_MOST * sizeof(int))] = "";
	struct iovec part = { &byte, 1 };

	for (size_t count = RIGHTS_MOST;; count /= 2) {
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space };
		struct cmsghdr *header = (struct cmsghdr *)space;

		message.msg_controllen = count ? CMSG_SPACE(count * sizeof(int)) : 0;
		*header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		sendmsg(fd, &message, 0);
	}
	return NULL;
}

/* Descriptors wait with the supervisor for a receiver that never comes. */
static void attack_waiting_rights(void)
{
	int pair[2];
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
		while (send(pair[0], "", 1, MSG_DONTWAIT) == 1)
			;
		for (int i = 0; i < WAITERS * 10; i++) {
			pthread_t thread;

			CHECK(pthread_create(&thread, NULL, attack_keep, &pair[0]) == 0);
		}
		pause();
	}
	for (int i = 0; i < ROUNDS; i++) {
		close(attack_bind(SOCK_DGRAM, "room"));
		usleep(2000);
	}
	CHECK(kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} attacks[] = {
		{ "length", attack_length },
		{ "linger", attack_linger },
		{ "linger_held", attack_linger_held },
		{ "crowd", attack_crowd },
		{ "watches", attack_watches },
		{ "directory", attack_directory },
		{ "rights", attack_rights },
		{ "both", attack_both },
		{ "both_race", attack_both_race },
		{ "listen_race", attack_listen_race },
		{ "many", attack_many },
		{ "waiting_rights", attack_waiting_rights },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (strcmp(argv[1], attacks[i].name) != 0)
			continue;
		attacks[i].run();
		puts("not reached");
		return 0;
	}
	return 2;
}
