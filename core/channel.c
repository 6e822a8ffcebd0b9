/*
 * sendmsg and recvmsg with SCM_RIGHTS. Knows nothing of what the messages mean.
 */
#include "core/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union channel_control {
	char buffer[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
	struct cmsghdr align;
};

int channel_pair(int fds_out[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_out) < 0 ? -errno : 0;
}

static int channel_put(
	int socket, const struct message *message, struct iovec data, const int *fds, unsigned count, int flags)
{
	struct iovec parts[] = { { .iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message) }, data };
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };
	union channel_control control;
	ssize_t sent;

	if (count > CHANNEL_FDS_MAX)
		return -EINVAL;
	if (count) {
		struct cmsghdr *cmsg;

		header.msg_control = control.buffer;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * count);
	}
	/* A payload that has its filter already may not be able to wait for a sendmsg. */
	do
		sent = count || data.iov_len ? sendmsg(socket, &header, MSG_NOSIGNAL | flags)
					     : send(socket, message, sizeof(*message), MSG_NOSIGNAL | flags);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int channel_send(int socket, const struct message *message, const int *fds, unsigned count)
{
	return channel_put(socket, message, (struct iovec){ 0 }, fds, count, 0);
}

int channel_post(int socket, const struct message *message, const int *fds, unsigned count)
{
	return channel_put(socket, message, (struct iovec){ 0 }, fds, count, MSG_DONTWAIT);
}

int channel_post_data(int socket, const struct message *message, const void *data, size_t size, int fd)
{
	struct iovec iovec = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };

	return channel_put(socket, message, iovec, &fd, fd >= 0, MSG_DONTWAIT);
}

static unsigned channel_take_fds(struct msghdr *header, int *fds_out, unsigned max)
{
	unsigned taken = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
		unsigned count = (unsigned)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (taken < max)
				fds_out[taken++] = fd;
			else
				close(fd);
		}
	}
	return taken;
}

static int channel_get(int socket, bool dont_wait, struct message *message_out, struct iovec *data, int *fds_out,
	unsigned max, unsigned *count_out)
{
	struct iovec parts[] = { { .iov_base = message_out, .iov_len = sizeof(*message_out) }, *data };
	union channel_control control;
	struct msghdr header = { .msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer) };
	unsigned taken;
	ssize_t received;

	/*
	 * A peer that closed with messages of ours unread is reported once as ECONNRESET, before
	 * its own last messages: those still count.
	 */
	do
		received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (dont_wait ? MSG_DONTWAIT : 0));
	while (received < 0 && (errno == EINTR || errno == ECONNRESET));
	if (received < 0)
		return -errno;
	taken = channel_take_fds(&header, fds_out, max);
	if (count_out)
		*count_out = taken;
	if (received == 0)
		return 0;
	data->iov_len = (size_t)received - sizeof(*message_out);
	if ((size_t)received >= sizeof(*message_out) && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	while (taken)
		close(fds_out[--taken]);
	if (count_out)
		*count_out = 0;
	return -EPROTO;
}

int channel_receive(
	int socket, bool dont_wait, struct message *message_out, int *fds_out, unsigned max, unsigned *count_out)
{
	struct iovec none = { 0 };

	return channel_get(socket, dont_wait, message_out, &none, fds_out, max, count_out);
}

int channel_receive_data(
	int socket, bool dont_wait, struct message *message_out, void *data_out, size_t *size, int *fd_out)
{
	struct iovec data = { .iov_base = data_out, .iov_len = *size };
	unsigned count = 0;
	int result = channel_get(socket, dont_wait, message_out, &data, fd_out, 1, &count);

	*size = data.iov_len;
	if (!count)
		*fd_out = -1;
	return result;
}
