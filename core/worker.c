/*
 * One blocking open by a held object. Holds nothing but the reply channel and the object.
 */
#include "core/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/path.h"

static int worker_keep_only(int first, int second)
{
	/* Numbers far apart are possible: move both to the bottom, then close the rest. */
	if (dup3(first, 200, O_CLOEXEC) < 0 || dup3(second, 201, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(0, 199, 0) < 0 || close_range(202, ~0U, 0) < 0)
		return -errno;
	return 0;
}

static int worker_open(int object, uint64_t open_flags)
{
	char name[PATH_OF_FD_SIZE];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", object);
	fd = open(name, (int)open_flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

_Noreturn void worker_run(const struct message *message, const int *fds)
{
	struct message reply = { .type = MESSAGE_WORKER, .pid = getpid() };
	int error = worker_keep_only(fds[WORKER_FD_REPLY], fds[WORKER_FD_OBJECT]);
	int fd = -1;

	if (error < 0)
		_exit(1);
	prctl(PR_SET_NAME, "kennel-worker", 0, 0, 0);
	channel_send(200, &reply, NULL, 0);
	reply.type = MESSAGE_WORKED;
	reply.status = identity_become(&message->identity);
	if (reply.status == 0) {
		fd = worker_open(201, message->value);
		reply.status = fd < 0 ? fd : 0;
	}
	channel_send(200, &reply, &fd, fd >= 0 ? 1 : 0);
	_exit(0);
}
