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

/*
 * A port that is told was bound, and judged then, or is what is left of a connection that was dissolved: then the
 * address is any, and the kernel chooses another. One that may be bound is, so that it is the one.
 */
static int listen_judge(struct call *call, const struct socket_job *job, const struct address_bytes *name)
{
	struct address address, chosen;

	address_parse(job->domain, job->type, ADDRESS_BIND, name, &address);
	chosen = address;
	chosen.port = 0;
	if (address.port && (!address.any || !access_refuses_address(call, CAT_NET_BIND, &chosen)))
		return call_revalidate(call);
	if (!address.port || access_refuses_address(call, CAT_NET_BIND, &address)) {
		int error = access_check_address(call, CAT_NET_BIND, &chosen);

		return error < 0 ? error : call_revalidate(call);
	}
	if (call_revalidate(call) < 0)
		return -ESRCH;
	return bind(job->fd, (const void *)name->bytes, name->length) < 0 && errno != EINVAL ? -errno : 0;
}

/* Another thread may have dissolved a connection meanwhile: a port was chosen that nobody was asked about. */
static int listen_look_again(struct call *call, const struct socket_job *job, const struct address_bytes *before)
{
	struct address_bytes name;
	struct address address;
	int error = socket_get_name(job, false, &name);

	if (error < 0 || (name.length == before->length && memcmp(name.bytes, before->bytes, name.length) == 0))
		return error;
	address_parse(job->domain, job->type, ADDRESS_BIND, &name, &address);
	address.port = 0;
	error = access_check_address(call, CAT_NET_BIND, &address);
	if (error < 0)
		shutdown(job->fd, SHUT_RDWR);
	return error;
}

static int listen_on_ip(struct call *call, const struct socket_job *job, int backlog)
{
	struct address_bytes name;
	int error = socket_get_name(job, false, &name);

	if (error == 0)
		error = listen_judge(call, job, &name);
	if (error == 0)
		error = errno_result(listen(job->fd, backlog));
	if (error < 0 || ((const struct sockaddr_in *)(const void *)name.bytes)->sin_port == 0)
		return error;
	return listen_look_again(call, job, &name);
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
		error = errno_result(listen(job->fd, (int)args[1]));
	return socket_finish(call, verdict_result(error));
}
