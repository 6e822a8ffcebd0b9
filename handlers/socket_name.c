/*
 * getsockname and getpeername: the kernel's answer, but the path of a UNIX socket as the program wrote it, which is not
 * what the kernel was given.
 */
#include "core/bound.h"
#include "handlers/socket.h"

struct verdict socket_name(struct call *call, const uint64_t *args, bool peer)
{
	struct address_bytes bytes;
	int error;
	struct socket_job *job = socket_begin(call, (int)args[0], sizeof(*job), &error);

	if (!job)
		return verdict_fail(error);
	error = socket_get_name(job, peer, &bytes);
	bound_tell(call, &bytes);
	if (error == 0)
		error = socket_tell_address(call, args[1], args[2], &bytes);
	return socket_finish(call, verdict_result(error));
}
