/*
 * Calls of ours on sockets that may block, because whether they do is a flag that the target shares
 * and may change at any time: a timer interrupts them after a moment. Then -EINTR: wait, and try again.
 */
#ifndef KENNEL_CORE_BRIEF_H
#define KENNEL_CORE_BRIEF_H

#include "core/address.h"

struct call;
struct supervisor;

/* Makes the supervisor's timer. 0 or -errno. */
int brief_init(struct supervisor *supervisor);
void brief_free(struct supervisor *supervisor);

/* 0 or -errno. A datagram socket never waits. */
int brief_connect(const struct call *call, int fd, int type, const struct sockaddr *address, socklen_t length);

/* A descriptor (ours) and the peer's address, or -errno. flags: SOCK_NONBLOCK, SOCK_CLOEXEC. */
int brief_accept(const struct call *call, int fd, struct address_bytes *peer_out, int flags);

/*
 * The duplicate of a socket may have become the last: with SO_LINGER its close waits, as does that of a UNIX socket in
 * whose queue such a one lies.
 */
void brief_close(const struct call *call, int fd);

/* The same for whatever a handler does in the rest of its step, of which the dispatcher tells the end. */
void brief_hold(const struct call *call);
void brief_release(const struct call *call);

#endif
