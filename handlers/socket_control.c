/*
 * Walks control data as the kernel does (CMSG_OK, CMSG_NXTHDR), so that what we did not translate is what the kernel
 * refuses whole.
 */
#include "handlers/socket_control.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/access.h"
#include "core/fds.h"
#include "core/identity.h"

/* Not in every distribution's headers. */
#define CONTROL_IPV6_2292RTHDR 5
#define CONTROL_IPV6_RTHDR 57

/*
 * The kernel bounds what is under way of each user, but not what waits with us: the others keep a quarter of our
 * numbers, of which the lowest is taken first.
 */
static bool socket_control_crowds(int fd)
{
	return fd > sysconf(_SC_OPEN_MAX) / 4 * 3;
}

static int socket_control_rights(struct call *call, unsigned char *data, size_t length, struct socket_control *control)
{
	unsigned count = (unsigned)(length / sizeof(int));

	if (count > SOCKET_RIGHTS_MAX - control->fd_count)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		int number;
		int fd;

		memcpy(&number, data + i * sizeof(int), sizeof(int));
		fd = fds_get_unchecked(call, number);
		if (fd < 0)
			return fd;
		control->fds[control->fd_count++] = fd;
		if (socket_control_crowds(fd))
			return -ETOOMANYREFS;
		memcpy(data + i * sizeof(int), &fd, sizeof(int));
	}
	return 0;
}

static int socket_control_claim(struct call *call, unsigned char *data, size_t length, struct socket_control *control)
{
	struct ucred claim;
	int error;

	if (length != sizeof(claim))
		return -EINVAL;
	memcpy(&claim, data, sizeof(claim));
	error = identity_check_claim(call, &claim);
	if (error < 0)
		return error;
	if (!identity_lift_claims(call))
		claim.pid = getpid(); /* we may speak for no other: doc/BOUNDARY.md */
	else
		identity_lower(call);
	memcpy(data, &claim, sizeof(claim));
	control->has_claim = true;
	return 0;
}

/* Routes of the sender's own lead through machines that no rule was asked about. */
static bool socket_control_routes(const struct cmsghdr *header)
{
	if (header->cmsg_level == IPPROTO_IP)
		return header->cmsg_type == IP_RETOPTS;
	return header->cmsg_level == IPPROTO_IPV6 &&
	       (header->cmsg_type == CONTROL_IPV6_RTHDR || header->cmsg_type == CONTROL_IPV6_2292RTHDR);
}

static int socket_control_one(struct call *call, const struct socket_job *job, const struct cmsghdr *header,
	unsigned char *data, struct socket_control *control)
{
	size_t length = header->cmsg_len - CMSG_LEN(0);

	if (job->domain == AF_INET || job->domain == AF_INET6)
		return socket_control_routes(header) && access_active(call, CAT_NET_CONNECT) ? -EPERM : 0;
	if (header->cmsg_level != SOL_SOCKET)
		return 0;
	if (header->cmsg_type == SCM_RIGHTS && job->domain == AF_UNIX)
		return socket_control_rights(call, data, length, control);
	if (header->cmsg_type == SCM_CREDENTIALS)
		return socket_control_claim(call, data, length, control);
	return 0;
}

static int socket_control_walk(struct call *call, const struct socket_job *job, struct socket_control *control)
{
	size_t at = 0;

	while (control->length - at >= sizeof(struct cmsghdr)) {
		struct cmsghdr header;
		int error;

		memcpy(&header, control->bytes + at, sizeof(header));
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > control->length - at)
			return 0;
		error = socket_control_one(call, job, &header, control->bytes + at + CMSG_LEN(0), control);
		if (error < 0)
			return error;
		at += CMSG_ALIGN(header.cmsg_len);
		if (at > control->length)
			return 0;
	}
	return 0;
}

/* Without a claim the kernel would name us as the sender. It comes first: what is behind it may be cut off, or lie. */
static int socket_control_speak(struct call *call, struct socket_control *control)
{
	static const size_t space = CMSG_SPACE(sizeof(struct ucred));
	struct cmsghdr header = {
		.cmsg_len = CMSG_LEN(sizeof(struct ucred)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS
	};
	struct ucred own;
	unsigned char *larger;
	int error;

	if (!identity_lift_claims(call))
		return 0;
	identity_lower(call);
	error = identity_claim(call, &own);
	if (error < 0)
		return error;
	larger = calloc(1, space + control->length);
	if (!larger)
		return -ENOBUFS;
	memcpy(larger, &header, sizeof(header));
	memcpy(larger + CMSG_LEN(0), &own, sizeof(own));
	if (control->length > 0)
		memcpy(larger + space, control->bytes, control->length);
	free(control->bytes);
	control->bytes = larger;
	control->length += space;
	control->has_claim = true;
	return 0;
}

int socket_control_take(struct call *call, const struct socket_job *job, unsigned char *bytes, size_t length,
	struct socket_control *control)
{
	int error;

	control->bytes = bytes;
	control->length = length;
	error = socket_control_walk(call, job, control);
	if (error < 0 || job->domain != AF_UNIX || control->has_claim)
		return error;
	return socket_control_speak(call, control);
}

void socket_control_release(struct call *call, struct socket_control *control)
{
	for (unsigned i = 0; i < control->fd_count; i++)
		fds_put(call, control->fds[i]);
	free(control->bytes);
	control->fd_count = 0;
	control->bytes = NULL;
	control->length = 0;
	control->has_claim = false;
}
