/*
 * socketpair where its arguments are in memory: judged as in registers, made here, and both ends given. What can be
 * known to fail is looked at first: a descriptor that was given cannot be taken back.
 */
#include <errno.h>
#include <unistd.h>

#include "core/fds.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/util.h"
#include "handlers/socket.h"

/* Room for two numbers, in the table of descriptors and in memory: what was there is written there. */
static int pair_check_room(struct call *call, uint64_t numbers_to)
{
	int32_t numbers[2];
	int error;

	if (identity_table_lacks(call, ARRAY_SIZE(numbers)))
		return -EMFILE;
	error = mem_read(call, numbers_to, numbers, sizeof(numbers));
	return error < 0 ? error : mem_write(call, numbers_to, numbers, sizeof(numbers));
}

/* No other domain of the Internet has pairs, but the kernel looks at the type and the protocol first. */
static int pair_refuse(int domain, int type, int protocol)
{
	int fd = errno_result(socket(domain, type | SOCK_CLOEXEC, protocol));

	if (fd < 0)
		return fd;
	close(fd);
	return -EOPNOTSUPP;
}

static int pair_make(struct call *call, int type, int protocol, int ends[2])
{
	int error = identity_take_effective(call);

	if (error == 0)
		error = call_revalidate(call);
	return error < 0 ? error : errno_result(socketpair(AF_UNIX, type | SOCK_CLOEXEC, protocol, ends));
}

/* Where another thread takes the last number meanwhile, one end stays there: its other end is closed. */
static int pair_give(struct call *call, const int ends[2], uint32_t fd_flags, uint64_t numbers_to)
{
	int32_t numbers[2];

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		numbers[i] = call_give_fd(call, ends[i], fd_flags);
		if (numbers[i] < 0)
			return numbers[i];
	}
	return mem_write(call, numbers_to, numbers, sizeof(numbers));
}

struct verdict socket_pair(struct call *call, const uint64_t *args)
{
	int domain = (int)args[0], type = (int)args[1], protocol = (int)args[2];
	int ends[2] = { -1, -1 };
	int error;

	if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
		return verdict_fail(EAFNOSUPPORT);
	error = pair_check_room(call, args[3]);
	if (error == 0)
		error = domain == AF_UNIX ? pair_make(call, type, protocol, ends) : pair_refuse(domain, type, protocol);
	if (error < 0)
		return verdict_fail(error);
	error = pair_give(call, ends, type & SOCK_CLOEXEC ? O_CLOEXEC : 0, args[3]);
	/* Before the answer, so that the target's close is the last. */
	fds_put(call, ends[0]);
	fds_put(call, ends[1]);
	return verdict_result(error);
}
