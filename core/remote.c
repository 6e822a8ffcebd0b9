/*
 * The worker's end of the channel: one question, one answer, in order. Touches neither the
 * target nor the listener itself.
 */
#include "core/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/call.h"
#include "core/channel.h"
#include "core/path.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

struct remote_data {
	const void *out;
	size_t out_size;
	void *in;
	size_t in_size;
	int fd;
};

/* The answer's status; nobody there any more: -ESRCH, so that the step ends. */
static int remote_ask(int channel, struct message *message, struct remote_data *data)
{
	int result;

	message->type = MESSAGE_ASK;
	data->fd = -1;
	if (channel_post_data(channel, message, data->out, data->out_size, -1) < 0)
		return -ESRCH;
	result = channel_receive_data(channel, false, message, data->in, &data->in_size, &data->fd);
	if (result != 1 || message->type != MESSAGE_ANSWER)
		return -ESRCH;
	return message->status;
}

static int remote_ask_number(const struct supervisor *supervisor, enum remote_question question, int number)
{
	struct message message = { .id = question, .status = number };
	struct remote_data data = { 0 };

	return remote_ask(supervisor->remote_fd, &message, &data);
}

int remote_read(const struct call *call, uint64_t address, void *buffer, size_t size)
{
	struct message message = { .id = REMOTE_READ, .value = address, .status = (int32_t)size };
	struct remote_data data = { .in = buffer, .in_size = size };
	int error;

	if (size > CHANNEL_DATA_MAX)
		return -EFAULT;
	error = remote_ask(call->sandbox->supervisor->remote_fd, &message, &data);
	return error == 0 && data.in_size != size ? -ESRCH : error;
}

int remote_write(const struct call *call, uint64_t address, const void *buffer, size_t size)
{
	struct message message = { .id = REMOTE_WRITE, .value = address };
	struct remote_data data = { .out = buffer, .out_size = size };

	if (size > CHANNEL_DATA_MAX)
		return -EFAULT;
	return remote_ask(call->sandbox->supervisor->remote_fd, &message, &data);
}

int remote_check(const struct call *call)
{
	return remote_ask_number(call->sandbox->supervisor, REMOTE_CHECK, 0);
}

int remote_reserve_fd(const struct call *call)
{
	return remote_ask_number(call->sandbox->supervisor, REMOTE_RESERVE, 0);
}

int remote_signal(const struct call *call, int number)
{
	return remote_ask_number(call->sandbox->supervisor, REMOTE_SIGNAL, number);
}

bool remote_owns_pid(const struct supervisor *supervisor, pid_t pid)
{
	return remote_ask_number(supervisor, REMOTE_OWNS, pid) != 0;
}

int remote_listener(const struct call *call)
{
	struct message message = { .id = REMOTE_LISTENER };
	struct remote_data data = { 0 };
	int error = remote_ask(call->sandbox->supervisor->remote_fd, &message, &data);

	return error == 0 && data.fd < 0 ? -ESRCH : error < 0 ? error : data.fd;
}

int remote_placed(const struct call *call, int number)
{
	return remote_ask_number(call->sandbox->supervisor, REMOTE_PLACED, number);
}

int remote_wait_ms(struct call *call, unsigned timeout_ms)
{
	struct timespec rest = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	nanosleep(&rest, NULL);
	call->wake = (struct wake){ .reason = WAKE_TIMEOUT, .fd = -1 };
	return 0;
}

int remote_wait_fd(struct call *call, int fd, short events, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int ready = poll(&pollfd, 1, timeout_ms);

	call->wake = (struct wake){ .reason = ready ? WAKE_READY : WAKE_TIMEOUT, .fd = -1 };
	return 0;
}

int remote_open(int object, uint64_t open_flags)
{
	char name[PATH_OF_FD_SIZE];

	path_of_fd(object, name);
	return errno_result(open(name, (int)open_flags | O_CLOEXEC | O_NOCTTY));
}

int remote_wait_open(struct call *call, int object, uint64_t open_flags)
{
	int fd = remote_open(object, open_flags);

	call->wake = (struct wake){ .reason = WAKE_WORKER, .fd = fd, .result = fd < 0 ? fd : 0 };
	return 0;
}

void remote_tell(const struct supervisor *supervisor, const struct verdict *verdict, bool ending, int exit_status)
{
	struct message message = { .type = MESSAGE_STEPPED, .status = ending ? exit_status + 1 : 0 };

	channel_post_data(supervisor->remote_fd, &message, verdict, sizeof(*verdict), -1);
}
