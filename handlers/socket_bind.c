/*
 * bind. The node of a UNIX socket is a new file: the create category decides on its
 * name, and it is made in the held directory. Every other address is bound as it
 * is, from our copy: what kind of socket a number is may change after we looked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/access.h"
#include "core/bound.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/socket.h"

/*
 * The kernel takes no directory for bind, so ours becomes the held one for this call: nothing else
 * of ours is relative to it. We do not go back to where we were: the target's user may not be let
 * in there, or close it meanwhile.
 */
static int socket_bind_in(int fd, int directory, const char *name, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;

	/* A name may fill sun_path without a NUL. */
	memcpy(address.sun_path, name, len);
	if (fchdir(directory) < 0)
		return -errno;
	error = errno_result(bind(fd, (const struct sockaddr *)&address, (socklen_t)(SOCKET_NAME_OFFSET + len)));
	(void)!chdir("/");
	return error;
}

static int socket_bind_as(struct call *call, int fd, const struct path *path, const char *written)
{
	char name[BOUND_NAME_MAX + 1];
	size_t len = bound_begin(call, written, path->base, name);
	int error = len ? socket_bind_in(fd, path->parent, name, len) : -ENAMETOOLONG;

	if (error == 0)
		bound_keep(call, written, name);
	return error;
}

static int socket_bind_node(struct call *call, int fd, const struct address *address)
{
	PATH_LOCAL(path);
	int error = path_begin_string(call, AT_FDCWD, address->name, 0, &path);

	if (error >= 0)
		error = path_find_parent(call, &path);
	if (error >= 0)
		error = common_check_new(&path);
	if (error >= 0)
		error = access_check_path(call, CAT_CREATE, &path);
	if (error >= 0)
		error = access_check_path(call, CAT_NET_BIND, &path);
	if (error >= 0)
		error = identity_take_umask(call, NULL);
	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = socket_bind_as(call, fd, &path, address->name);
	return error == -EEXIST ? -EADDRINUSE : error;
}

static int socket_bind_bytes(int fd, const struct address_bytes *bytes)
{
	return errno_result(bind(fd, (const struct sockaddr *)bytes->bytes, bytes->length));
}

static bool socket_netlink_is_bound(int fd)
{
	struct sockaddr_nl bound = { 0 };
	socklen_t size = sizeof(bound);

	return getsockname(fd, (struct sockaddr *)&bound, &size) == 0 && bound.nl_pid;
}

/*
 * A netlink port 0 means the number of the process that binds, which would be ours. As
 * natively, the kernel chooses when that one is taken.
 */
static int socket_bind_netlink(struct call *call, int fd, struct address_bytes *bytes)
{
	struct sockaddr_nl netlink;
	int error;

	memcpy(&netlink, bytes->bytes, sizeof(netlink));
	if (netlink.nl_pid || socket_netlink_is_bound(fd))
		return socket_bind_bytes(fd, bytes);
	netlink.nl_pid = (uint32_t)call_tid(call);
	error = errno_result(bind(fd, (const struct sockaddr *)&netlink, bytes->length));
	return error == -EADDRINUSE ? socket_bind_bytes(fd, bytes) : error;
}

bool socket_binds_both(const struct socket_job *job, const struct address *address)
{
	socklen_t size = sizeof(int);
	int only = 0;

	if (job->domain != AF_INET6 || address->kind != ADDRESS_IPV6 || !address->any)
		return false;
	return getsockopt(job->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) < 0 || !only;
}

/*
 * A socket of IPv6 may become one of IPv4 at any moment (IPV6_ADDRFORM): what only that would take is refused here, as
 * IPv6 does it.
 */
static int socket_bind_nothing(struct call *call, const struct socket_job *job, const struct address_bytes *bytes)
{
	if (!access_active(call, CAT_NET_BIND) || job->domain == AF_INET || job->domain == AF_UNIX ||
		job->domain == AF_NETLINK)
		return 0;
	if (job->domain != AF_INET6)
		return -EADDRNOTAVAIL;
	return bytes->length < ADDRESS_IPV6_LENGTH_MIN ? -EINVAL : -EAFNOSUPPORT;
}

int socket_check_bind(struct call *call, const struct address *address, bool both)
{
	const struct address any4 = { .kind = ADDRESS_IPV4, .any = true, .port = address->port };
	int error = access_check_address(call, CAT_NET_BIND, address);

	return error == 0 && both ? access_check_address(call, CAT_NET_BIND, &any4) : error;
}

static int socket_bind_judge(struct call *call, const struct socket_job *job, const struct address *address,
	const struct address_bytes *bytes, bool both)
{
	if (address->kind == ADDRESS_NONE)
		return socket_bind_nothing(call, job, bytes);
	return socket_check_bind(call, address, both);
}

static struct verdict socket_bind_plain(
	struct call *call, const struct socket_job *job, const struct address *address, struct address_bytes *bytes)
{
	bool both = socket_binds_both(job, address);
	int error = socket_bind_judge(call, job, address, bytes, both);

	if (error == 0)
		error = call_revalidate(call);
	if (error < 0)
		return verdict_fail(error);
	if (job->domain == AF_NETLINK && bytes->length >= sizeof(struct sockaddr_nl))
		return verdict_result(socket_bind_netlink(call, job->fd, bytes));
	error = socket_bind_bytes(job->fd, bytes);
	/* Changed in between, and now for good: nobody does so but to get what he may not have. */
	if (error == 0 && !both && socket_binds_both(job, address) &&
		socket_bind_judge(call, job, address, bytes, true) < 0)
		return verdict_kill();
	return verdict_result(error);
}

struct verdict socket_bind(struct call *call, const uint64_t *args)
{
	struct address_bytes bytes;
	struct address address;
	int error;
	struct socket_job *job = socket_begin(call, (int)args[0], sizeof(*job), &error);

	if (!job)
		return verdict_fail(error);
	error = socket_read_address(call, args[1], (int)args[2], &bytes);
	if (error < 0)
		return socket_finish(call, verdict_fail(error));
	address_parse(job->domain, job->type, ADDRESS_BIND, &bytes, &address);
	call_settle(call);
	if (address.kind == ADDRESS_PATH)
		return socket_finish(call, verdict_result(socket_bind_node(call, job->fd, &address)));
	return socket_finish(call, socket_bind_plain(call, job, &address, &bytes));
}
