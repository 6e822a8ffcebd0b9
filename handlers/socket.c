/*
 * bind. The node of a UNIX socket is a new file: the create category decides on its
 * name, and it is made in the held directory. Every other address is bound as it
 * is, from our copy: what kind of socket a number is may change after we looked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#define SOCKET_PATH_OFFSET offsetof(struct sockaddr_un, sun_path)
#define SOCKETCALL_BIND 2
#define SOCKETCALL_BIND_ARGS 3

/* One byte more than the kernel takes: a path that fills sun_path has no NUL of its own. */
struct socket_address {
	union {
		struct sockaddr any;
		struct sockaddr_nl netlink;
		struct sockaddr_un un;
		char bytes[sizeof(struct sockaddr_storage) + 1];
	};
	socklen_t len;
};

static int socket_read_address(struct call *call, uint64_t from, int len, struct socket_address *address_out)
{
	memset(address_out, 0, sizeof(*address_out));
	if (len < 0 || (size_t)len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	address_out->len = (socklen_t)len;
	return len ? mem_read(call, from, address_out->bytes, (size_t)len) : 0;
}

/* True when binding makes a node: a UNIX socket and an address with a path. */
static bool socket_makes_node(int domain, const struct socket_address *address)
{
	return domain == AF_UNIX && address->any.sa_family == AF_UNIX && address->len > SOCKET_PATH_OFFSET &&
	       address->len <= sizeof(struct sockaddr_un) && address->un.sun_path[0] != '\0';
}

/*
 * The kernel takes no directory for bind, so ours becomes the held one for this call: nothing else
 * of ours is relative to it. getsockname() then tells the last component.
 */
static int socket_bind_in(int fd, const struct path *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path->base);
	int AUTO_CLOSE back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error;

	/* A name may fill sun_path without a NUL. */
	if (len > sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path->base, len);
	if (back < 0 || fchdir(path->parent) < 0)
		return -errno;
	error = errno_result(bind(fd, (const struct sockaddr *)&address, (socklen_t)(SOCKET_PATH_OFFSET + len)));
	if (fchdir(back) < 0)
		abort();
	return error;
}

static int socket_bind_node(struct call *call, int fd, const struct socket_address *address)
{
	struct path AUTO_PATH path = PATH_INIT;
	int error = path_begin_string(call, AT_FDCWD, address->un.sun_path, 0, &path);

	if (error >= 0)
		error = path_find_parent(call, &path);
	if (error >= 0)
		error = common_check_new(&path);
	if (error >= 0)
		error = access_check_path(call, CAT_CREATE, &path);
	if (error >= 0)
		error = identity_take_umask(call, NULL);
	if (error >= 0)
		error = call_revalidate(call);
	if (error >= 0)
		error = socket_bind_in(fd, &path);
	return error == -EEXIST ? -EADDRINUSE : error;
}

/*
 * A netlink port 0 means the number of the process that binds, which would be ours. As
 * natively, the kernel chooses when that one is taken.
 */
static int socket_bind_netlink(struct call *call, int fd, struct socket_address *address)
{
	int error;

	address->netlink.nl_pid = (uint32_t)call_tid(call);
	error = errno_result(bind(fd, &address->any, address->len));
	if (error != -EADDRINUSE)
		return error;
	address->netlink.nl_pid = 0;
	return errno_result(bind(fd, &address->any, address->len));
}

static int socket_bind_plain(struct call *call, int fd, int domain, struct socket_address *address)
{
	int error = call_revalidate(call);

	if (error < 0)
		return error;
	if (domain == AF_NETLINK && address->len >= sizeof(address->netlink) && address->netlink.nl_pid == 0)
		return socket_bind_netlink(call, fd, address);
	return errno_result(bind(fd, &address->any, address->len));
}

static struct verdict socket_bind(struct call *call, int target_fd, uint64_t from, int len)
{
	struct socket_address address;
	int AUTO_CLOSE fd = fds_get(call, target_fd);
	socklen_t size = sizeof(int);
	int domain;
	int error = fd;

	if (error >= 0)
		error = errno_result(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size));
	if (error >= 0)
		error = socket_read_address(call, from, len, &address);
	if (error < 0)
		return verdict_fail(error);
	if (socket_makes_node(domain, &address))
		return verdict_result(socket_bind_node(call, fd, &address));
	return verdict_result(socket_bind_plain(call, fd, domain, &address));
}

static struct verdict socket_enter_bind(struct call *call)
{
	return socket_bind(call, call_arg_int(call, 0), call_arg(call, 1), call_arg_int(call, 2));
}

/* The multiplexer of i386: the filter leaves every subcall but bind to the kernel. */
static struct verdict socket_enter_socketcall(struct call *call)
{
	uint32_t args[SOCKETCALL_BIND_ARGS];
	int error;

	if (call_arg_int(call, 0) != SOCKETCALL_BIND)
		return verdict_fail(ENOSYS);
	error = mem_read(call, call_arg(call, 1), args, sizeof(args));
	return error < 0 ? verdict_fail(error) : socket_bind(call, (int)args[0], args[1], (int)args[2]);
}

const struct handler handler_bind = {
	.name = "bind",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WALK),
	.enter = socket_enter_bind,
};

const struct handler handler_socketcall = {
	.name = "socketcall",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_WALK),
	.enter = socket_enter_socketcall,
};
