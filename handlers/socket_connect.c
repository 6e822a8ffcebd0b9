/*
 * connect, accept and accept4. A connection that takes time is begun here and finished when the
 * socket says so; one to a full backlog, of which nothing tells, is tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/access.h"
#include "core/bound.h"
#include "core/brief.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/util.h"
#include "handlers/socket.h"

struct connect_job {
	struct socket_job job;
	struct address_bytes to;
	int object; /* the UNIX socket that was found, or -1 */
};

struct accept_job {
	struct socket_job job;
	uint64_t address; /* the target's: where to write the peer's address, 0: nowhere */
	uint64_t length;
	int flags;
};

static void connect_release(struct call *call, struct socket_job *job)
{
	struct connect_job *connecting = container_of(job, struct connect_job, job);

	(void)call;
	if (connecting->object >= 0)
		close(connecting->object);
}

/*
 * Another thread has dissolved the connection that is waited for, or it failed: to ask again could begin a new one.
 * 0, or the -errno that the kernel gives whoever waits; the socket is then as it leaves it.
 */
static int connect_is_over(const struct socket_job *job)
{
	static const struct sockaddr dissolve = { .sa_family = AF_UNSPEC };
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	int error = 0;

	if (job->domain == AF_UNIX || job->type != SOCK_STREAM || !job->timed ||
		getsockopt(job->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 || info.tcpi_state != TCP_CLOSE)
		return 0;
	size = sizeof(error);
	if (getsockopt(job->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error == 0)
		error = ECONNABORTED;
	(void)connect(job->fd, &dissolve, sizeof(dissolve));
	return -error;
}

static struct verdict connect_again(struct call *call, struct socket_job *job)
{
	struct connect_job *connecting = container_of(job, struct connect_job, job);
	int error = job->domain == AF_UNIX ? identity_take_effective(call) : connect_is_over(job);

	if (error == 0)
		error = brief_connect(
			call, job->fd, job->type, (const struct sockaddr *)connecting->to.bytes, connecting->to.length);
	/* Whoever has waited goes on, also where the descriptor does not block any more. */
	if (error != -EINTR && !(job->timed && (error == -EAGAIN || error == -EALREADY)))
		return verdict_result(error);
	if (job->domain == AF_UNIX)
		return socket_wait(call, job, 0, EAGAIN);
	return socket_wait(call, job, POLLOUT, EINPROGRESS);
}

/* The kernel looks at the address before it sees that this is no socket. */
static struct verdict connect_no_socket(struct call *call, const uint64_t *args, int error)
{
	struct address_bytes bytes;
	int other = error == -ENOTSOCK ? socket_read_address(call, args[1], (int)args[2], &bytes) : 0;

	return verdict_fail(other < 0 ? other : error);
}

struct verdict socket_connect(struct call *call, const uint64_t *args)
{
	int error;
	struct connect_job *connecting = socket_begin(call, (int)args[0], sizeof(*connecting), &error);

	if (!connecting)
		return connect_no_socket(call, args, error);
	connecting->object = -1;
	connecting->job.again = connect_again;
	connecting->job.release = connect_release;
	error = socket_read_address(call, args[1], (int)args[2], &connecting->to);
	if (error == 0)
		error = socket_judge(call, &connecting->job, &(struct socket_purpose){ .use = ADDRESS_CONNECT },
			&connecting->to, &connecting->object);
	if (error == 0)
		error = call_revalidate(call);
	return socket_finish(call, error < 0 ? verdict_fail(error) : connect_again(call, &connecting->job));
}

/* The path of a peer is what it was bound to, as it was written: what cannot be a canonical name matches no rule. */
static int accept_judge(struct call *call, const struct socket_job *job, const struct address_bytes *peer)
{
	struct address address;

	address_parse(job->domain, job->type, ADDRESS_PEER, peer, &address);
	return access_check_peer(call, &address) < 0 ? -ECONNABORTED : 0;
}

/* Nobody is there: does the call wait? One on no listener, or on a socket that does not block, fails at once. */
static bool accept_waits(struct socket_job *job)
{
	struct pollfd pollfd = { .fd = job->fd, .events = POLLIN };
	socklen_t size = sizeof(int);
	int listens = 0;

	if (poll(&pollfd, 1, 0) != 0)
		return false;
	if (getsockopt(job->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
		return false;
	return socket_blocks(job);
}

static struct verdict accept_again(struct call *call, struct socket_job *job)
{
	const struct accept_job *accepting = container_of(job, struct accept_job, job);
	struct address_bytes peer = { .length = 0 };
	int error;
	int fd = -1;

	if (accept_waits(job))
		return socket_wait(call, job, POLLIN, EAGAIN);
	/* Natively the number comes first: without one, nobody is taken off the queue. */
	if (identity_table_full(call))
		return verdict_fail(EMFILE);
	error = call_revalidate(call);
	if (error == 0)
		error = fd = brief_accept(call, job->fd, &peer, accepting->flags | SOCK_CLOEXEC);
	if (error == -EINTR || (error == -EAGAIN && job->timed))
		return socket_wait(call, job, POLLIN, EAGAIN);
	if (error < 0)
		return verdict_fail(error);
	bound_tell(call, &peer);
	error = accept_judge(call, job, &peer);
	if (error >= 0 && accepting->address)
		error = socket_tell_address(call, accepting->address, accepting->length, &peer);
	if (error < 0) {
		fds_put(call, fd);
		return verdict_fail(error);
	}
	return verdict_add_fd(fd, O_RDWR | (accepting->flags & SOCK_CLOEXEC ? O_CLOEXEC : 0));
}

struct verdict socket_accept(struct call *call, const uint64_t *args, int flags)
{
	struct accept_job *accepting;
	int error;

	accepting = socket_begin(call, (int)args[0], sizeof(*accepting), &error);
	/* The flags are looked at before it is seen that this is no socket. */
	if ((accepting || error == -ENOTSOCK) && flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return socket_finish(call, verdict_fail(EINVAL));
	if (!accepting)
		return verdict_fail(error);
	accepting->job.again = accept_again;
	accepting->job.timeout_option = SO_RCVTIMEO;
	accepting->address = args[1];
	accepting->length = args[2];
	accepting->flags = flags;
	return socket_finish(call, accept_again(call, &accepting->job));
}
