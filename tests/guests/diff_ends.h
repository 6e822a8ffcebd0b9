/*
 * Pairs of sockets that the diff_sock* guests try calls on: one end sends, and what the other one got is shown. As i386
 * through the calls of their own, not socketcall.
 */
#ifndef KENNEL_TESTS_DIFF_ENDS_H
#define KENNEL_TESTS_DIFF_ENDS_H

#include "diff.h"
#include "diff_loopback.h"

#include <sys/uio.h>
#include <sys/un.h>

/* Far in the half of the kernel, or just behind what a program can have. */
#define SOCK_KERNEL ((void *)(UINTPTR_MAX - 4095))
#define SOCK_BAD ((void *)(uintptr_t)1)

enum pair { UDP, UDP_FREE, TCP, STREAM, DGRAM, PACKET, PAIRS };

static const char *const sock_names[PAIRS] = { "udp", "udp with an address", "tcp", "stream", "dgram", "packet" };

/* Ends that are connected; the second one can be read. */
struct ends {
	int fds[2];
	enum pair pair;             /* PAIRS: not from sock_begin */
	struct sockaddr_in address; /* where to send, length 0: it is connected */
	socklen_t length;
};

static inline long sock_sendto(int fd, const void *data, size_t size, int flags, const void *to, socklen_t length)
{
	return syscall(SYS_sendto, fd, data, size, flags, to, length);
}

static inline long sock_sendmsg(int fd, const void *message, int flags)
{
	return syscall(SYS_sendmsg, fd, message, flags);
}

static inline long sock_sendmmsg(int fd, void *messages, unsigned count, int flags)
{
	return syscall(SYS_sendmmsg, fd, messages, count, flags);
}

static inline void sock_begin(struct ends *ends, enum pair pair)
{
	static const int types[] = { [STREAM] = SOCK_STREAM, [DGRAM] = SOCK_DGRAM, [PACKET] = SOCK_SEQPACKET };
	struct sockaddr_in address;
	int listener;

	ends->pair = pair;
	ends->length = 0;
	if (pair >= STREAM) {
		CHECK(socketpair(AF_UNIX, types[pair] | SOCK_CLOEXEC, 0, ends->fds) == 0);
		return;
	}
	listener = loopback_bound(pair == TCP ? SOCK_STREAM : SOCK_DGRAM, &address);
	ends->fds[1] = listener;
	ends->fds[0] = socket(AF_INET, (pair == TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (pair == TCP)
		CHECK(listen(listener, 1) == 0);
	if (pair == UDP_FREE) {
		ends->address = address;
		ends->length = sizeof(address);
	} else {
		CHECK(connect(ends->fds[0], (struct sockaddr *)&address, sizeof(address)) == 0);
	}
	if (pair == TCP) {
		ends->fds[1] = accept(listener, NULL, NULL);
		close(listener);
	}
}

/* How much of more than there is room for a connection takes is another number every time. */
static inline long sock_some(long bytes)
{
	const long much = 1 << 15;

	return bytes < much ? bytes : much;
}

/* What came, and the end; of a connection all until its end. */
static inline void sock_end(struct diff *diff, struct ends *ends)
{
	struct pollfd pollfd = { .fd = ends->fds[1], .events = POLLIN };
	const int wait_ms = ends->pair == TCP ? (int)guest_limit_ms(LOOPBACK_LIMIT_MS) : 0;
	long messages = 0, sum = 0;
	static char data[1 << 16];
	ssize_t got;

	shutdown(ends->fds[0], SHUT_WR);
	if (ends->pair < TCP)
		loopback_settle();
	while (poll(&pollfd, 1, wait_ms) == 1 && (got = recv(ends->fds[1], data, sizeof(data), MSG_DONTWAIT)) > 0) {
		messages++;
		sum += got;
	}
	if (messages)
		DIFF(diff, sock_some(sum), "  received");
	close(ends->fds[0]);
	close(ends->fds[1]);
}

static inline const void *sock_to(const struct ends *ends)
{
	return ends->length ? &ends->address : NULL;
}

static char sock_data[16] = "0123456789abcde";
static struct iovec sock_good = { sock_data, 5 };

#define GOOD .msg_iov = &sock_good, .msg_iovlen = 1

#endif
