/*
 * Shared by the diff_* guests that send to themselves through the loopback device: a kernel with more to do hands on
 * later, and in order, what a host sends to itself.
 */
#ifndef KENNEL_TESTS_DIFF_LOOPBACK_H
#define KENNEL_TESTS_DIFF_LOOPBACK_H

#include "guest.h"
#include "guest_time.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { LOOPBACK_LIMIT_MS = 10000 };

static inline int loopback_bound(int type, struct sockaddr_in *address)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*address);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)address, length) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)address, &length) == 0);
	return fd;
}

/* Until all that was sent is there: a datagram sent now comes after it. */
static inline void loopback_settle(void)
{
	static struct sockaddr_in address;
	static int fd = -1;
	struct pollfd pollfd = { .events = POLLIN };
	char byte = 0;

	if (fd < 0)
		fd = loopback_bound(SOCK_DGRAM, &address);
	pollfd.fd = fd;
	CHECK(sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1);
	CHECK(poll(&pollfd, 1, (int)guest_limit_ms(LOOPBACK_LIMIT_MS)) == 1);
	CHECK(recv(fd, &byte, 1, 0) == 1);
}

#endif
