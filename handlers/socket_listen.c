/*
 * listen: where nothing was bound the kernel chooses a port of every address, which is a bind. On any other
 * socket it is the kernel's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/access.h"
#include "core/util.h"
#include "handlers/socket.h"

static bool listen_listens(const struct socket_job *job)
{
	socklen_t size = sizeof(int);
	int listens = 0;

	return getsockopt(job->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* By its own family: a socket of IPv6 may become one of IPv4 at any moment. */
static void listen_parse(const struct address_bytes *name, struct address *address_out)
{
	address_parse(((const struct sockaddr *)(const void *)name->bytes)->sa_family, SOCK_STREAM, ADDRESS_BIND, name,
		address_out);
}

static bool listen_refuses(const struct call *call, const struct address *address, bool both)
{
	const struct address any4 = { .kind = ADDRESS_IPV4, .any = true, .port = address->port };

	return access_refuses_address(call, CAT_NET_BIND, address) ||
	       (both && access_refuses_address(call, CAT_NET_BIND, &any4));
}

/*
 * A port that is told was bound, and judged then, or is what is left of a connection that was dissolved: then the
 * address is any, and the kernel chooses another. One that may be bound is, so that it is the one.
 */
static int listen_judge(struct call *call, const struct socket_job *job, const struct address_bytes *name,
	const struct address *address, bool both)
{
	struct address chosen = *address;

	chosen.port = 0;
	if (address->port && (!address->any || !listen_refuses(call, &chosen, both)))
		return call_revalidate(call);
	if (!address->port || listen_refuses(call, address, both)) {
		int error = socket_check_bind(call, &chosen, both);

		return error < 0 ? error : call_revalidate(call);
	}
	if (call_revalidate(call) < 0)
		return -ESRCH;
	return bind(job->fd, (const void *)name->bytes, name->length) < 0 && errno != EINVAL ? -errno : 0;
}

/*
 * Another thread may have dissolved a connection meanwhile, or let IPv4 in: then nobody was asked about the port that
 * was chosen.
 */
static int listen_look_again(
	struct call *call, const struct socket_job *job, const struct address_bytes *before, bool both)
{
	struct address_bytes name;
	struct address address;
	int error = socket_get_name(job, false, &name);
	bool same;

	if (error < 0)
		return error;
	listen_parse(before, &address);
	same = !address.port || memcmp(name.bytes, before->bytes, sizeof(name.bytes)) == 0;
	listen_parse(&name, &address);
	if (same && (both || !socket_binds_both(job, &address)))
		return 0;
	address.port = 0;
	error = socket_check_bind(call, &address, socket_binds_both(job, &address));
	if (error < 0)
		shutdown(job->fd, SHUT_RDWR);
	return error;
}

static int listen_on_ip(struct call *call, const struct socket_job *job, int backlog)
{
	struct address_bytes name;
	struct address address;
	int error = socket_get_name(job, false, &name);
	bool both;

	if (error < 0)
		return error;
	listen_parse(&name, &address);
	both = socket_binds_both(job, &address);
	error = listen_judge(call, job, &name, &address, both);
	if (error == 0)
		error = errno_result(listen(job->fd, backlog));
	return error < 0 ? error : listen_look_again(call, job, &name, both);
}

/* Whose socket it is, is known only then. */
static int listen_on_any(struct call *call, const struct socket_job *job, int backlog)
{
	int error = call_revalidate(call);

	return error < 0 ? error : errno_result(listen(job->fd, backlog));
}

struct verdict socket_listen(struct call *call, const uint64_t *args)
{
	int error;
	struct socket_job *job = socket_begin(call, (int)args[0], sizeof(*job), &error);
	bool ip;

	if (!job)
		return verdict_fail(error);
	ip = (job->domain == AF_INET || job->domain == AF_INET6) && job->type == SOCK_STREAM;
	if (ip && access_active(call, CAT_NET_BIND) && !listen_listens(job))
		error = listen_on_ip(call, job, (int)args[1]);
	else
		error = listen_on_any(call, job, (int)args[1]);
	return socket_finish(call, verdict_result(error));
}
