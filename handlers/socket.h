/*
 * What the handlers of socket calls share: the duplicate of the target's socket on which we make its call,
 * its address as it is judged, and waiting without ever blocking.
 */
#ifndef KENNEL_HANDLERS_SOCKET_H
#define KENNEL_HANDLERS_SOCKET_H

#include <stdint.h>
#include <sys/socket.h>

#include "core/address.h"
#include "handlers/handler.h"

/* A path, and what stands in for it: "/proc/self/fd/N" of the socket that is held. */
#define SOCKET_NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

/*
 * A call on a socket, from its first step to its last. Each kind begins with this one; lives on the heap,
 * because it may wait.
 */
struct socket_job {
	int fd; /* the duplicate; closed before the answer, so that the target's close is the last */
	int domain;
	int type;
	int timeout_option; /* SO_SNDTIMEO or SO_RCVTIMEO: which of them limits a wait */
	bool asked_blocks;  /* blocks is known, as the call began: it may be changed while it waits */
	bool blocks;
	bool timed;          /* deadline_ms is known */
	int64_t deadline_ms; /* CLOCK_MONOTONIC, below 0: none */
	unsigned retry_ms;   /* the next wait for what no descriptor tells */
	struct verdict (*again)(struct call *call, struct socket_job *job);
	void (*release)(struct call *call, struct socket_job *job); /* what a kind has of its own; may be NULL */
};

/*
 * A job of size bytes on the target's socket. NULL with *error_out. It is the call's until socket_finish(), which
 * every verdict goes through.
 */
void *socket_begin(struct call *call, int target_fd, size_t size, int *error_out);
struct verdict socket_finish(struct call *call, struct verdict verdict);

/* Does the call wait? Not on a descriptor with O_NONBLOCK. */
bool socket_blocks(struct socket_job *job);

/* The steps behind a wait, for the descriptors of handlers. */
struct verdict socket_resume(struct call *call, const struct wake *wake);
void socket_cancel(struct call *call);

/*
 * Waits for the socket (events 0: for a moment), then job->again. `expired` is what comes of it when the socket's own
 * time limit is over.
 */
struct verdict socket_wait(struct call *call, struct socket_job *job, short events, int expired);

/* The kernel's name of the socket, or of its peer, with zeros behind it. 0 or -errno. */
int socket_get_name(const struct socket_job *job, bool peer, struct address_bytes *bytes_out);

/* Copies an address as the kernel does: 0, -EINVAL, -EFAULT. */
int socket_read_address(struct call *call, uint64_t from, int length, struct address_bytes *bytes_out);

/* Writes an address as the kernel does, with its whole length: 0, -EINVAL, -EFAULT. */
int socket_tell_address(struct call *call, uint64_t to, uint64_t length_to, const struct address_bytes *bytes);

/* What an address is for. */
struct socket_purpose {
	enum address_use use;
	bool passes_fds; /* descriptors go there: net/sendfd is asked, too */
};

/*
 * The rules' word on an address to connect or send to; the bytes are then what is to be used instead. A path is looked
 * up: *object_out is the socket that it leads to (the caller's), else -1. 0 or -errno.
 */
int socket_judge(struct call *call, const struct socket_job *job, const struct socket_purpose *purpose,
	struct address_bytes *bytes, int *object_out);

/* Names the held object in the bytes. */
void socket_name_object(int object, struct address_bytes *bytes);

/* The any-address of IPv6 is that of IPv4, too, unless the socket says otherwise. */
bool socket_binds_both(const struct socket_job *job, const struct address *address);

/* The rules' word on an address to bind; with both, on the any-address of IPv4 as well. 0 or -errno. */
int socket_check_bind(struct call *call, const struct address *address, bool both);

/* The calls of each family, with their arguments in a row: socketcall keeps them in memory. */
struct verdict socket_bind(struct call *call, const uint64_t *args);
struct verdict socket_listen(struct call *call, const uint64_t *args);
struct verdict socket_name(struct call *call, const uint64_t *args, bool peer);
struct verdict socket_connect(struct call *call, const uint64_t *args);
struct verdict socket_accept(struct call *call, const uint64_t *args, int flags);
struct verdict socket_sendto(struct call *call, const uint64_t *args);
struct verdict socket_sendmsg(struct call *call, const uint64_t *args);
struct verdict socket_sendmmsg(struct call *call, const uint64_t *args);
/* The filter judges these in registers: they come here from memory only. */
struct verdict socket_option(struct call *call, const uint64_t *args);
struct verdict socket_pair(struct call *call, const uint64_t *args);

#endif
