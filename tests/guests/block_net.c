/*
 * Calls on sockets that wait: interrupted by signals, restarted, woken, killed. One line for each; natively
 * the same.
 */
#include "guest.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum way { ACCEPT, ACCEPT_UNIX, CONNECT, SEND, SENDMSG, WAYS };

static const char *const block_names[WAYS] = { "accept", "accept of unix", "connect", "sendto", "sendmsg" };
static volatile sig_atomic_t block_signals;
static char block_data[1 << 20];

static void block_handler(int number)
{
	(void)number;
	block_signals++;
}

static void block_catch(bool restarts)
{
	struct sigaction action = { .sa_handler = block_handler, .sa_flags = restarts ? SA_RESTART : 0 };

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	block_signals = 0;
}

static void block_alarm(unsigned ms)
{
	struct itimerval timer = { .it_value = { .tv_usec = (suseconds_t)ms * 1000 } };

	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static int block_unix(int type, const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", name);
	unlink(name);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	return fd;
}

static int block_inet(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 && listen(fd, 256) == 0);
	return fd;
}

struct block {
	int server; /* where somebody waits, or what is full */
	int client;
	struct sockaddr_storage address;
	socklen_t length;
};

/* Everything that can be taken without waiting is taken. */
static void block_fill(struct block *block, enum way way)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "full" };

	block->client = socket(AF_UNIX, (way == CONNECT ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	block->server = block_unix(way == CONNECT ? SOCK_STREAM : SOCK_DGRAM, "full");
	memcpy(&block->address, &un, sizeof(un));
	block->length = sizeof(un);
	if (way != CONNECT) {
		while (sendto(block->client, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&un, sizeof(un)) == 1)
			;
		return;
	}
	CHECK(listen(block->server, 0) == 0);
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
			close(fd);
			return;
		}
	}
}

static void block_begin(struct block *block, enum way way)
{
	block->length = sizeof(block->address);
	block->client = -1;
	if (way == ACCEPT)
		block->server = block_inet();
	else if (way == ACCEPT_UNIX)
		CHECK(listen(block->server = block_unix(SOCK_STREAM, "waits"), 8) == 0);
	else
		block_fill(block, way);
	if (way == ACCEPT || way == ACCEPT_UNIX)
		CHECK(getsockname(block->server, (struct sockaddr *)&block->address, &block->length) == 0);
}

static long block_call(struct block *block, enum way way)
{
	struct iovec part = { block_data, 1 };
	struct msghdr message = {
		.msg_name = &block->address, .msg_namelen = block->length, .msg_iov = &part, .msg_iovlen = 1
	};

	switch (way) {
	case ACCEPT:
	case ACCEPT_UNIX:
		return accept(block->server, NULL, NULL) >= 0 ? 0 : -1;
	case CONNECT:
		return connect(block->client, (struct sockaddr *)&block->address, block->length);
	case SEND:
		return sendto(block->client, "y", 1, 0, (struct sockaddr *)&block->address, block->length);
	case SENDMSG:
	case WAYS:
		break;
	}
	return sendmsg(block->client, &message, 0);
}

/* Lets the call go on. */
static void block_release(struct block *block, enum way way)
{
	int fd;

	if (way == ACCEPT || way == ACCEPT_UNIX) {
		fd = socket(way == ACCEPT ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(connect(fd, (struct sockaddr *)&block->address, block->length) == 0);
	} else if (way == CONNECT) {
		CHECK(accept(block->server, NULL, NULL) >= 0);
	} else {
		CHECK(recv(block->server, block_data, 1, 0) == 1);
	}
}

static void block_show(const char *what, enum way way, long result)
{
	const char *name = result < 0 ? strerrorname_np(errno) : "";

	printf("%s: %s = %ld %s, signals %d\n", block_names[way], what, result, name, (int)block_signals);
	fflush(stdout);
}

static void block_interrupt(enum way way)
{
	struct block block;

	block_begin(&block, way);
	block_catch(false);
	block_alarm(30);
	block_show("interrupted", way, block_call(&block, way));
	close(block.server);
	close(block.client);
}

static void block_limit(enum way way)
{
	struct timeval limit = { .tv_usec = 40000 }, longer = { .tv_sec = 30 };
	bool accepts = way == ACCEPT || way == ACCEPT_UNIX;
	struct block block;

	block_begin(&block, way);
	block_catch(true);
	CHECK(setsockopt(accepts ? block.server : block.client, SOL_SOCKET, accepts ? SO_RCVTIMEO : SO_SNDTIMEO, &limit,
		      sizeof(limit)) == 0);
	block_show("limited", way, block_call(&block, way));
	CHECK(setsockopt(accepts ? block.server : block.client, SOL_SOCKET, accepts ? SO_RCVTIMEO : SO_SNDTIMEO,
		      &longer, sizeof(longer)) == 0);
	block_alarm(30);
	block_show("limited and interrupted, though it restarts", way, block_call(&block, way));
	close(block.server);
	close(block.client);
}

/* A signal in the middle is not seen by the program. */
static void block_restart(enum way way)
{
	struct block block;
	pid_t helper;

	block_begin(&block, way);
	block_catch(true);
	helper = fork();
	if (helper == 0) {
		guest_sleep_ms(150);
		block_release(&block, way);
		_exit(0);
	}
	block_alarm(30);
	block_show("restarted", way, block_call(&block, way));
	CHECK(guest_wait(helper) == 0);
	close(block.server);
	close(block.client);
}

/* Killed while it waits: its name is free at once. */
static void block_kill(enum way way)
{
	struct block block;
	pid_t child;
	int again;

	block_begin(&block, way);
	child = fork();
	if (child == 0) {
		block_call(&block, way);
		_exit(7);
	}
	guest_sleep_ms(60);
	close(block.server);
	CHECK(kill(child, SIGKILL) == 0);
	printf("%s: killed, %d\n", block_names[way], guest_wait(child));
	if (way != ACCEPT)
		return;
	again = socket(AF_INET, SOCK_STREAM, 0);
	block_show("bound again", way, bind(again, (struct sockaddr *)&block.address, block.length));
	close(again);
}

/* A stream that takes some of it: that is the result, whether the call would restart or not. */
static void block_partial(bool restarts)
{
	struct iovec part = { block_data, sizeof(block_data) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int ends[2];
	long sent, got = 0;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	block_catch(restarts);
	block_alarm(40);
	sent = sendmsg(ends[0], &message, 0);
	close(ends[0]);
	while (got < sent && read(ends[1], block_data, 1) == 1)
		got++;
	printf("partial: %d, all of it arrived: %d\n", sent > 0 && sent < (long)sizeof(block_data), got == sent);
	printf("partial: and no more: %ld\n", (long)read(ends[1], block_data, 1));
	close(ends[1]);
}

/* Connections that nobody answers, for the loopback answers all. Two hundred accepts wait next to it. */
static void block_many(void)
{
	enum { MANY = 200, CALLS = 2000 };
	pid_t children[MANY];
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = block_inet(), served = 0;
	socklen_t length = sizeof(in);

	CHECK(getsockname(server, (struct sockaddr *)&in, &length) == 0);
	for (int i = 0; i < MANY; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(accept(server, NULL, NULL) >= 0 ? 0 : 1);
	}
	guest_sleep_ms(100);
	for (int i = 0; i < MANY / 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		CHECK(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
		close(fd);
	}
	for (int i = 0; i < MANY / 2; i++)
		served += wait(NULL) > 0;
	for (int i = 0; i < MANY; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	printf("many: %d served\n", served);
}

int main(void)
{
	for (enum way way = ACCEPT; way < WAYS; way++) {
		block_interrupt(way);
		block_limit(way);
		block_restart(way);
		block_kill(way);
	}
	block_partial(false);
	block_partial(true);
	block_many();
	return 0;
}
