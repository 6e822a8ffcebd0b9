/*
 * Jobs on sockets: made, waited for, ended. Decides on addresses for connect and the sends; what each call
 * does is in its own file.
 */
#include "handlers/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/access.h"
#include "core/bound.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/util.h"

#define SOCKET_RETRY_FIRST_MS 2
#define SOCKET_LIMIT_MAX_S INT32_MAX /* nobody sees the end of more */

/* The private state of every call on a socket is the pointer to its job. */
static struct socket_job **socket_slot(struct call *call)
{
	return (struct socket_job **)call_state(call);
}

static int64_t socket_now_ms(void)
{
	return monotonic_ns() / 1000000;
}

static int socket_describe(struct socket_job *job)
{
	socklen_t size = sizeof(int);
	int error = errno_result(getsockopt(job->fd, SOL_SOCKET, SO_DOMAIN, &job->domain, &size));

	size = sizeof(int);
	return error < 0 ? error : errno_result(getsockopt(job->fd, SOL_SOCKET, SO_TYPE, &job->type, &size));
}

/* Nothing waits for what a datagram socket of IP leaves behind. */
static bool socket_lingers(const struct socket_job *job)
{
	return job->type != SOCK_DGRAM || (job->domain != AF_INET && job->domain != AF_INET6);
}

static void socket_free(struct call *call, struct socket_job *job)
{
	if (!job)
		return;
	if (job->release)
		job->release(call, job);
	if (job->fd >= 0 && socket_lingers(job))
		fds_put(call, job->fd);
	else if (job->fd >= 0)
		close(job->fd);
	free(job);
}

void *socket_begin(struct call *call, int target_fd, size_t size, int *error_out)
{
	struct socket_job *job = calloc(1, size);

	if (!job) {
		*error_out = -ENOMEM;
		return NULL;
	}
	job->retry_ms = SOCKET_RETRY_FIRST_MS;
	job->timeout_option = SO_SNDTIMEO;
	job->fd = *error_out = fds_get_unchecked(call, target_fd);
	if (job->fd >= 0)
		*error_out = socket_describe(job);
	if (*error_out < 0) {
		socket_free(call, job);
		return NULL;
	}
	*socket_slot(call) = job;
	return job;
}

struct verdict socket_finish(struct call *call, struct verdict verdict)
{
	if (verdict.kind != VERDICT_WAIT)
		socket_cancel(call);
	return verdict;
}

void socket_cancel(struct call *call)
{
	struct socket_job *job = *socket_slot(call);

	*socket_slot(call) = NULL;
	socket_free(call, job);
}

struct verdict socket_resume(struct call *call, const struct wake *wake)
{
	struct socket_job *job = *socket_slot(call);

	(void)wake;
	return socket_finish(call, job->again(call, job));
}

bool socket_blocks(struct socket_job *job)
{
	if (!job->asked_blocks)
		job->blocks = !(fcntl(job->fd, F_GETFL) & O_NONBLOCK);
	job->asked_blocks = true;
	return job->blocks;
}

/* The limit that the target set; it interrupts differently, too (sock_intr_errno). */
static void socket_take_limit(struct call *call, struct socket_job *job)
{
	struct timeval limit = { 0 };
	socklen_t size = sizeof(limit);

	job->timed = true;
	job->deadline_ms = -1;
	if (getsockopt(job->fd, SOL_SOCKET, job->timeout_option, &limit, &size) < 0 ||
		(limit.tv_sec == 0 && limit.tv_usec == 0))
		return;
	if (limit.tv_sec < SOCKET_LIMIT_MAX_S)
		job->deadline_ms = socket_now_ms() + limit.tv_sec * INT64_C(1000) + (limit.tv_usec + 999) / 1000;
	call_set_interrupted(call, -EINTR);
}

struct verdict socket_wait(struct call *call, struct socket_job *job, short events, int expired)
{
	int64_t left = INT64_MAX;
	int error;

	if (!job->timed)
		socket_take_limit(call, job);
	if (job->deadline_ms >= 0)
		left = job->deadline_ms - socket_now_ms();
	if (left <= 0)
		return verdict_fail(expired);
	if (left > INT32_MAX)
		left = -1;
	error = events ? call_wait_fd(call, job->fd, events, (int)left) : -EINVAL;
	/* The kernel watches a file only so many times, which the program may have used up. */
	if (error < 0) {
		error = call_wait_ms(call, left >= 0 && left < job->retry_ms ? (unsigned)left : job->retry_ms);
		if (job->retry_ms < call_retry_ms(call))
			job->retry_ms *= 2;
	}
	return error < 0 ? verdict_fail(error) : verdict_wait();
}

int socket_read_address(struct call *call, uint64_t from, int length, struct address_bytes *bytes_out)
{
	memset(bytes_out, 0, sizeof(*bytes_out));
	if (length < 0 || (size_t)length > ADDRESS_BYTES_MAX)
		return -EINVAL;
	bytes_out->length = (socklen_t)length;
	return length ? mem_read(call, from, bytes_out->bytes, (size_t)length) : 0;
}

int socket_get_name(const struct socket_job *job, bool peer, struct address_bytes *bytes_out)
{
	struct sockaddr *address = (struct sockaddr *)(void *)bytes_out->bytes;

	memset(bytes_out, 0, sizeof(*bytes_out));
	bytes_out->length = ADDRESS_BYTES_MAX;
	return errno_result(peer ? getpeername(job->fd, address, &bytes_out->length)
				 : getsockname(job->fd, address, &bytes_out->length));
}

int socket_tell_address(struct call *call, uint64_t to, uint64_t length_to, const struct address_bytes *bytes)
{
	int32_t length = (int32_t)bytes->length;
	int32_t room = 0;
	int error = mem_read(call, length_to, &room, sizeof(room));

	if (error < 0)
		return error;
	if (room < 0)
		return -EINVAL;
	if (room > length)
		room = length;
	error = mem_write(call, length_to, &length, sizeof(length));
	return error < 0 ? error : mem_write(call, to, bytes->bytes, (size_t)room);
}

void socket_name_object(int object, struct address_bytes *bytes)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	path_of_fd(object, un.sun_path);
	memcpy(bytes->bytes, &un, sizeof(un));
	bytes->length = (socklen_t)(SOCKET_NAME_OFFSET + strlen(un.sun_path) + 1);
}

static int socket_judge_path(struct call *call, const char *name, const struct socket_purpose *purpose,
	struct address_bytes *bytes, int *object_out)
{
	PATH_LOCAL(path);
	/* By the number that a datagram came from, or that another process told. */
	int error = path_begin_string(call, AT_FDCWD, bound_written(call, name), PATH_FOLLOW, &path);

	if (error >= 0)
		error = path_find(call, &path);
	if (error >= 0)
		error = access_check_path(call, CAT_NET_CONNECT, &path);
	if (error >= 0 && purpose->passes_fds)
		error = access_check_path(call, CAT_NET_SENDFD, &path);
	if (error < 0)
		return error;
	*object_out = take_fd(&path.object);
	socket_name_object(*object_out, bytes);
	return 0;
}

/* Sockets that came from outside may be of any domain: where no rule can judge, nothing is reached. */
static bool socket_judged(int domain)
{
	return domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX || domain == AF_NETLINK;
}

/* To IPv6 family 0 is no destination. Said so, because the program can make the socket one of IPv4 at any moment. */
static bool socket_says_nothing(const struct socket_job *job, enum address_use use, const struct address_bytes *bytes)
{
	return job->domain == AF_INET6 && use == ADDRESS_SEND && job->type == SOCK_DGRAM && bytes->length >= 2 &&
	       bytes->bytes[0] == AF_UNSPEC && bytes->bytes[1] == 0;
}

int socket_judge(struct call *call, const struct socket_job *job, const struct socket_purpose *purpose,
	struct address_bytes *bytes, int *object_out)
{
	struct address address;
	int error;

	*object_out = -1;
	if (!socket_judged(job->domain))
		return access_active(call, CAT_NET_CONNECT) ? -EAFNOSUPPORT : 0;
	if (socket_says_nothing(job, purpose->use, bytes))
		bytes->length = 0;
	address_parse(job->domain, job->type, purpose->use, bytes, &address);
	if (address.kind == ADDRESS_NONE || address.kind == ADDRESS_DISSOLVE)
		return 0;
	if (address.kind == ADDRESS_PATH)
		return socket_judge_path(call, address.name, purpose, bytes, object_out);
	address_say_loopback(bytes, &address);
	error = access_check_address(call, CAT_NET_CONNECT, &address);
	return error == 0 && purpose->passes_fds ? access_check_address(call, CAT_NET_SENDFD, &address) : error;
}
