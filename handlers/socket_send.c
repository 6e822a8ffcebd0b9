/*
 * sendto, sendmsg and sendmmsg. Address, control data and payload are read once and sent from our copy, without
 * ever blocking; what a stream takes only in parts is read in parts. A send that the rules need not see does
 * not come here where registers tell (sendto without a destination).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/access.h"
#include "core/bound.h"
#include "core/cleanup.h"
#include "core/identity.h"
#include "core/limits.h"
#include "core/mem.h"
#include "core/mem_message.h"
#include "core/util.h"
#include "handlers/socket.h"
#include "handlers/socket_control.h"

#define SEND_CHUNK_MAX (256U << 10)  /* of a stream at a time */
#define SEND_TURN_MAX (1U << 20)     /* of a stream, or of messages, before the others have their turn */
#define SEND_MESSAGE_COST (1U << 14) /* of a turn, for whatever is said of a message */
#define SEND_RIGHT_COST (1U << 12)   /* of a turn, for each descriptor */
#define SEND_WHOLE_MAX (8U << 20)    /* the largest datagram, whatever the socket takes */
#define SEND_SHORT 2048
#define SEND_MESSAGES_MAX 1024              /* UIO_MAXIOV */
#define SEND_FLAG_COMPAT ((int)0x80000000U) /* MSG_CMSG_COMPAT, of which the kernel knows by itself */
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

struct send_job {
	struct socket_job job;
	int flags;
	struct address_bytes to; /* length 0: none */
	bool empty_name;         /* sendto with an address of no bytes, which is not the same as none */
	int object;              /* the UNIX socket it names, or -1 */
	struct socket_control control;
	struct iovec *vector; /* of the target */
	size_t vector_count;
	uint64_t total;
	uint64_t done; /* of total, with the kernel */
	bool waited;   /* for room, in the middle of it */
	unsigned char *chunk;
	size_t chunk_size;   /* what it was mapped with */
	size_t chunk_wanted; /* how much of total it stands for; the rest of it cannot be read */
	size_t chunk_length;
	size_t chunk_done;
	/* sendmmsg */
	bool many;
	uint64_t messages;
	unsigned message_count;
	unsigned messages_done;
	uint64_t turn; /* what the messages of this one have cost */
};

static bool send_is_stream(const struct send_job *send)
{
	return send->job.type == SOCK_STREAM;
}

static void send_drop_chunk(struct send_job *send)
{
	if (!send->chunk)
		return;
	if (send->flags & MSG_ZEROCOPY)
		munmap(send->chunk, send->chunk_size);
	else
		free(send->chunk);
	send->chunk = NULL;
}

static void send_drop_message(struct call *call, struct send_job *send)
{
	send_drop_chunk(send);
	socket_control_release(call, &send->control);
	free(send->vector);
	send->vector = NULL;
	if (send->object >= 0)
		close(send->object);
	send->object = -1;
	send->total = send->done = 0;
	send->to.length = 0;
	send->waited = false;
}

static void send_release(struct call *call, struct socket_job *job)
{
	send_drop_message(call, container_of(job, struct send_job, job));
}

/* The kernel may go on reading what is sent without a copy: its pages are nobody's but that message's. */
static unsigned char *send_allocate(const struct send_job *send, size_t size)
{
	void *memory;

	if (!(send->flags & MSG_ZEROCOPY))
		return malloc(size);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* A datagram is sent whole: one that is larger than any that the socket takes need not be read. */
static bool send_is_too_large(const struct send_job *send)
{
	int limit = 0;
	socklen_t size = sizeof(limit);

	if (send_is_stream(send) || send->total <= SEND_CHUNK_MAX)
		return false;
	return send->total > SEND_WHOLE_MAX || getsockopt(send->job.fd, SOL_SOCKET, SO_SNDBUF, &limit, &size) < 0 ||
	       send->total > (uint64_t)limit;
}

/* The next part of the payload. */
static int send_read_chunk(struct call *call, struct send_job *send)
{
	uint64_t left = send->total - send->done;
	ssize_t got;

	send_drop_chunk(send);
	send->chunk_wanted = send_is_stream(send) && left > SEND_CHUNK_MAX ? SEND_CHUNK_MAX : (size_t)left;
	send->chunk_size = send->chunk_wanted ? send->chunk_wanted : 1;
	send->chunk = send_allocate(send, send->chunk_size);
	send->chunk_done = 0;
	if (!send->chunk)
		return -ENOBUFS;
	got = mem_gather(call, send->vector, send->vector_count, send->done, send->chunk, send->chunk_wanted);
	send->chunk_length = got < 0 ? 0 : (size_t)got;
	return got < 0 ? (int)got : call_revalidate(call);
}

static ssize_t send_now(struct call *call, const struct send_job *send, const struct msghdr *message, int flags)
{
	ssize_t sent;
	bool lifted = send->control.has_claim && identity_lift_claims(call);

	if (send->empty_name)
		sent = errno_result(sendto(send->job.fd, message->msg_iov->iov_base, send->chunk_wanted, flags,
			(const struct sockaddr *)send->to.bytes, 0));
	else
		sent = errno_result(sendmsg(send->job.fd, message, flags));
	if (lifted)
		identity_lower(call);
	return sent;
}

static bool send_unreadable(const struct send_job *send)
{
	return send->empty_name && send->chunk_length < send->chunk_wanted;
}

/* What is there of the chunk. Where memory ends, the kernel finds out itself: it knows what comes of it. */
static ssize_t send_chunk(struct call *call, const struct send_job *send)
{
	struct iovec parts[2] = {
		{ .iov_base = send_unreadable(send) ? NULL : send->chunk + send->chunk_done,
			.iov_len = send->chunk_length - send->chunk_done },
		{ .iov_base = NULL, .iov_len = send->chunk_wanted - send->chunk_length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = parts[1].iov_len ? 2 : 1 };
	bool first = send->done == 0;
	bool last = send->done + (send->chunk_wanted - send->chunk_done) == send->total;
	int flags = send->flags | MSG_DONTWAIT | MSG_NOSIGNAL;

	if (!last)
		flags = (flags & ~MSG_OOB) | MSG_MORE;
	if (send->to.length > 0) {
		message.msg_name = (void *)(uintptr_t)send->to.bytes;
		message.msg_namelen = send->to.length;
	}
	if (first && send->control.length > 0) {
		message.msg_control = send->control.bytes;
		message.msg_controllen = send->control.length;
	}
	return send_now(call, send, &message, flags);
}

static bool send_blocks(struct send_job *send)
{
	return !(send->flags & MSG_DONTWAIT) && socket_blocks(&send->job);
}

/* Room in the socket's own buffer is told by poll; room in the receiver's is not. */
static short send_events(const struct send_job *send)
{
	struct pollfd pollfd = { .fd = send->job.fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1 && !send_is_stream(send) ? 0 : POLLOUT;
}

static uint64_t send_element(const struct call *call, const struct send_job *send)
{
	return send->messages + send->messages_done * mem_message_step(call);
}

/* What a signal makes of the call now. A message of many that went in part counts, and its length is told. */
static int64_t send_so_far(struct call *call, const struct send_job *send)
{
	int64_t messages = send->messages_done;

	if (!send->many)
		return (int64_t)send->done;
	if (send->done && mem_write_message_length(call, send_element(call, send), (uint32_t)send->done) == 0)
		messages++;
	return messages;
}

static struct verdict send_wait(struct call *call, struct send_job *send)
{
	int64_t so_far = send_so_far(call, send);
	struct verdict verdict = socket_wait(call, &send->job, send_events(send), EAGAIN);

	send->waited = true;
	if (so_far > 0) {
		call_set_interrupted(call, so_far);
		if (verdict.kind == VERDICT_FAIL)
			return verdict_return(so_far);
	}
	return verdict;
}

/* One step further in this message: bytes that went, -EAGAIN to wait, or -errno. */
static ssize_t send_step(struct call *call, struct send_job *send)
{
	ssize_t sent;

	if (!send->chunk || (send->chunk_done == send->chunk_wanted && send->done < send->total)) {
		int error = send_read_chunk(call, send);

		if (error < 0)
			return error;
	}
	sent = send_chunk(call, send);
	if (sent == -EINPROGRESS && send->flags & MSG_FASTOPEN && send_blocks(send)) {
		/* The connection is on its way, and takes the data as any other. */
		send->flags &= ~MSG_FASTOPEN;
		return -EAGAIN;
	}
	if (sent >= 0) {
		send->chunk_done += (size_t)sent;
		send->done += (uint64_t)sent;
	}
	return sent;
}

/* A stream of UNIX that waits for room sees an error of the socket before its end, and its end is no signal then. */
static bool send_waited_in_stream(const struct send_job *send)
{
	return send->waited && send_is_stream(send) && send->job.domain == AF_UNIX;
}

static int send_pending_error(const struct send_job *send)
{
	int error = 0;
	socklen_t size = sizeof(error);

	return send_waited_in_stream(send) && getsockopt(send->job.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0
		       ? -error
		       : 0;
}

/* The message as far as it goes: 0 when it is through (or as much as the socket took), 1: waiting, or -errno. */
static int send_message(struct call *call, struct send_job *send, struct verdict *wait_out)
{
	uint64_t turn = send->done + SEND_TURN_MAX;
	ssize_t sent = send_pending_error(send);

	if (sent == 0)
		do
			sent = send_step(call, send);
		while (sent > 0 && send_is_stream(send) && send->done < send->total && send->done < turn);
	/* Whoever reads as fast as we send would have us to himself. */
	if (sent > 0 && send_is_stream(send) && send->done < send->total)
		sent = -EAGAIN;
	if (sent == -EAGAIN && send_blocks(send)) {
		*wait_out = send_wait(call, send);
		return 1;
	}
	if (sent == -EPIPE && send_is_stream(send) && !(send->flags & MSG_NOSIGNAL) && send->done == 0 &&
		!send_waited_in_stream(send))
		limits_signal_pipe(call);
	return sent < 0 && send->done == 0 ? (int)sent : 0;
}

/* Descriptors that go to the other end of a connection are judged by its name. */
static int send_judge_peer(struct call *call, const struct send_job *send)
{
	struct address_bytes peer = { .length = ADDRESS_BYTES_MAX };
	struct address address;

	/* Nobody is there: the kernel says so. */
	if (getpeername(send->job.fd, (struct sockaddr *)peer.bytes, &peer.length) < 0)
		return 0;
	if (peer.length > ADDRESS_BYTES_MAX)
		peer.length = ADDRESS_BYTES_MAX;
	bound_tell(call, &peer);
	address_parse(AF_UNIX, send->job.type, ADDRESS_PEER, &peer, &address);
	return access_check_address(call, CAT_NET_SENDFD, &address);
}

/* Where data opens a connection, or nothing else has. UNIX sockets that connect take no destination. */
static int send_judge(struct call *call, struct send_job *send)
{
	bool is_unix = send->job.domain == AF_UNIX;
	bool opens = send_is_stream(send) && send->flags & MSG_FASTOPEN;
	struct socket_purpose purpose = { .use = opens ? ADDRESS_CONNECT : ADDRESS_SEND,
		.passes_fds = send->control.fd_count > 0 && access_active(call, CAT_NET_SENDFD) };
	int error;

	/* TCP does not look at it. What else is a stream, and came from outside, is not told. */
	if (send_is_stream(send) && !is_unix && !opens)
		send->to.length = 0;
	if (send->to.length == 0 || (is_unix && !opens && send->job.type != SOCK_DGRAM))
		return purpose.passes_fds ? send_judge_peer(call, send) : 0;
	error = socket_judge(call, &send->job, &purpose, &send->to, &send->object);
	/* A datagram of UNIX sockets is copied before the name is looked up. */
	if (error < 0 && is_unix && !send_is_too_large(send) && (send->chunk || send_read_chunk(call, send) == 0) &&
		send->chunk_length < send->chunk_wanted)
		return -EFAULT;
	return error == -ECONNREFUSED && !opens ? -ENOTCONN : error;
}

/* While the message waited, the socket may have been connected to somebody else. */
static int send_judge_again(struct call *call, const struct send_job *send)
{
	bool passes = send->control.fd_count > 0 && send->to.length == 0 && access_active(call, CAT_NET_SENDFD);

	return passes && send->done == 0 ? send_judge_peer(call, send) : 0;
}

/* The parts of a message behind its address. */
static int send_take(struct call *call, struct send_job *send, unsigned char *control, size_t control_length)
{
	int error = socket_control_take(call, &send->job, control, control_length, &send->control);

	if (error == 0)
		error = send_judge(call, send);
	return error < 0 ? error : send_is_too_large(send) ? -EMSGSIZE : 0;
}

/* A message of sendmsg, read in the kernel's order. */
static int send_read_message(struct call *call, struct send_job *send, uint64_t address)
{
	struct mem_message message;
	unsigned char *control = NULL;
	size_t control_length = 0;
	int error = mem_read_message(call, address, &message);

	if (error < 0)
		return error;
	if (message.name && message.name_length < 0)
		return -EINVAL;
	if (message.name_length > (int)ADDRESS_BYTES_MAX)
		message.name_length = ADDRESS_BYTES_MAX;
	if (message.name && message.name_length)
		error = socket_read_address(call, message.name, message.name_length, &send->to);
	if (error == 0)
		error = mem_read_vector(call, message.vector, message.vector_count, &send->vector, &send->total);
	if (error == 0)
		error = mem_read_control(call, &message, &control, &control_length);
	send->vector_count = (size_t)message.vector_count;
	if (error == 0)
		return send_take(call, send, control, control_length);
	free(control);
	return error;
}

static struct verdict send_again(struct call *call, struct socket_job *job)
{
	struct send_job *send = container_of(job, struct send_job, job);
	struct verdict wait = verdict_wait();
	int error = send_judge_again(call, send);

	if (error == 0)
		error = send_message(call, send, &wait);

	if (error == 1)
		return wait;
	return error < 0 ? verdict_fail(error) : verdict_return((int64_t)send->done);
}

/* Of messages: 32-bit callers may say what is known of them. */
static int send_flags(const struct call *call, uint64_t flags)
{
	return call_long_bytes(call) == sizeof(uint32_t) ? (int)flags & ~SEND_FLAG_COMPAT : (int)flags;
}

static struct send_job *send_begin(struct call *call, const uint64_t *args, int flags, int *error_out)
{
	struct send_job *send = socket_begin(call, (int)args[0], sizeof(*send), error_out);

	if (!send)
		return NULL;
	send->object = -1;
	send->flags = flags;
	send->job.again = send_again;
	send->job.release = send_release;
	return send;
}

/* Address and payload of a short datagram at once. */
static int send_read_short(struct call *call, struct send_job *send, const uint64_t *args)
{
	/* An int to the kernel: the upper half of its register may hold anything. */
	socklen_t length = (socklen_t)args[5];
	const struct iovec target[2] = { { (void *)(uintptr_t)args[4], length },
		{ (void *)(uintptr_t)args[1], (size_t)send->total } };
	ssize_t got;

	send->chunk_size = send->chunk_wanted = (size_t)send->total;
	send->chunk = send_allocate(send, send->chunk_size);
	if (!send->chunk)
		return -ENOBUFS;
	got = mem_read_both(call, target, send->to.bytes, send->chunk);
	send->chunk_length = got < 0 ? 0 : (size_t)got;
	send->to.length = length;
	return got < 0 ? (int)got : call_revalidate(call);
}

static int send_read_datagram(struct call *call, struct send_job *send, const uint64_t *args)
{
	int length = (int)args[5];

	send->empty_name = args[4] && length == 0;
	if (args[4] && length > 0 && length <= (int)ADDRESS_BYTES_MAX && send->total > 0 && send->total <= SEND_SHORT &&
		send->job.type == SOCK_DGRAM)
		return send_read_short(call, send, args);
	return args[4] ? socket_read_address(call, args[4], length, &send->to) : 0;
}

struct verdict socket_sendto(struct call *call, const uint64_t *args)
{
	int error;
	uint64_t total = args[2] > INT32_MAX ? INT32_MAX & ~4095U : args[2];
	struct send_job *send;

	if (!mem_may_be_users(args[1], total))
		return verdict_fail(EFAULT);
	send = send_begin(call, args, (int)args[3] & ~SEND_FLAG_COMPAT, &error);
	if (!send)
		return verdict_fail(error);
	send->vector = calloc(1, sizeof(*send->vector));
	if (!send->vector)
		return socket_finish(call, verdict_fail(ENOMEM));
	send->total = total;
	send->vector_count = 1;
	send->vector->iov_base = (void *)(uintptr_t)args[1];
	send->vector->iov_len = (size_t)send->total;
	error = send_read_datagram(call, send, args);
	if (error == 0)
		error = send_take(call, send, NULL, 0);
	return socket_finish(call, error < 0 ? verdict_fail(error) : send_again(call, &send->job));
}

struct verdict socket_sendmsg(struct call *call, const uint64_t *args)
{
	int error;
	struct send_job *send = send_begin(call, args, send_flags(call, args[2]), &error);

	if (!send)
		return verdict_fail(error);
	error = send_read_message(call, send, args[1]);
	return socket_finish(call, error < 0 ? verdict_fail(error) : send_again(call, &send->job));
}

/* Errors behind the first message are told by how many went. */
static struct verdict send_many_end(const struct send_job *send, int error)
{
	return send->messages_done ? verdict_return(send->messages_done) : verdict_fail(error);
}

/* They are sent as fast as the program could: the others have their turn in between. What went, went. */
static struct verdict send_many_later(struct call *call, struct send_job *send)
{
	send->turn = 0;
	call_set_interrupted(call, send->messages_done);
	return call_wait_ms(call, 0) < 0 ? verdict_return(send->messages_done) : verdict_wait();
}

static struct verdict send_many(struct call *call, struct socket_job *job)
{
	struct send_job *send = container_of(job, struct send_job, job);
	struct verdict wait = verdict_wait();

	while (send->messages_done < send->message_count) {
		uint64_t element = send_element(call, send);
		int error = send->vector ? send_judge_again(call, send) : send_read_message(call, send, element);
		bool partial;

		if (error == 0)
			error = send_message(call, send, &wait);
		if (error == 1)
			return wait;
		if (error == 0)
			error = mem_write_message_length(call, element, (uint32_t)send->done);
		if (error < 0)
			return send_many_end(send, error);
		partial = send->done < send->total;
		send->messages_done++;
		send->turn += SEND_MESSAGE_COST + send->done + send->control.fd_count * SEND_RIGHT_COST;
		send_drop_message(call, send);
		if (partial)
			break;
		if (send->turn >= SEND_TURN_MAX && send->messages_done < send->message_count)
			return send_many_later(call, send);
	}
	return verdict_return(send->messages_done);
}

struct verdict socket_sendmmsg(struct call *call, const uint64_t *args)
{
	int error;
	struct send_job *send = send_begin(call, args, send_flags(call, args[3]), &error);

	if (!send)
		return verdict_fail(error);
	send->many = true;
	send->job.again = send_many;
	send->messages = args[1];
	send->message_count = (unsigned)args[2] < SEND_MESSAGES_MAX ? (unsigned)args[2] : SEND_MESSAGES_MAX;
	return socket_finish(call, send_many(call, &send->job));
}
