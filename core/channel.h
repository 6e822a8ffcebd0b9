/*
 * Messages of a fixed size with descriptors, over a SOCK_SEQPACKET socket pair: how the
 * supervisor, the launcher, payloads that are being started and workers talk.
 */
#ifndef KENNEL_CORE_CHANNEL_H
#define KENNEL_CORE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/identity_state.h"

#define CHANNEL_FDS_MAX 128
#define CHANNEL_DATA_MAX 65536

enum message_type {
	/* supervisor to launcher */
	MESSAGE_WORK,        /* fds: reply channel, O_PATH object */
	MESSAGE_STEP,        /* fds: channel, log; what is to be done is read from the channel */
	MESSAGE_WORK_CANCEL, /* id */
	MESSAGE_END,         /* kill everything that was launched */
	/* launcher to supervisor */
	MESSAGE_CAGED,   /* the payload was forked: nothing that the launcher should not can be done any more */
	MESSAGE_STOPPED, /* pid, status: the signal */
	MESSAGE_ENDED,   /* pid, status: the wait status of the first process; nothing is left */
	MESSAGE_FAILED,  /* status: -errno of a launch */
	MESSAGE_BURIED,  /* status: so many workers ended, or could not be started */
	/* payload that is being started, and supervisor */
	MESSAGE_LAUNCH,      /* the first; fds: see core/launch_request.h */
	MESSAGE_LISTENER,    /* status: descriptor number in the payload, -1: none; pid */
	MESSAGE_RELEASE,     /* go on to exec */
	MESSAGE_EXEC_FAILED, /* status: errno; value: which step */
	/* worker to supervisor */
	MESSAGE_WORKER, /* pid */
	MESSAGE_WORKED, /* status: 0 or -errno; fds: the result */
	/* supervisor and a worker that takes a step, see core/remote.h */
	MESSAGE_CALL,    /* data: struct remote_call; the first */
	MESSAGE_ASK,     /* id: which question; value, status and data are its arguments */
	MESSAGE_ANSWER,  /* status: 0 or -errno, data; fds: one */
	MESSAGE_STEPPED, /* data: struct verdict; status: 0, or what the sandbox ends with + 1 */
};

struct message {
	enum message_type type;
	uint32_t id;
	pid_t pid;
	int32_t status;
	uint64_t value;
	struct identity_spec identity;
};

/* A pair of connected sockets, both close-on-exec. 0 or -errno. */
int channel_pair(int fds_out[2]);

/* 0 or -errno; never raises SIGPIPE. Descriptors stay the caller's. */
int channel_send(int socket, const struct message *message, const int *fds, unsigned count);

/* The same for the loop, which never waits: -EAGAIN when the other side does not read. */
int channel_post(int socket, const struct message *message, const int *fds, unsigned count);

/*
 * 1: a message; 0: the other side is gone; -errno (-EAGAIN with dont_wait and nothing there).
 * Received descriptors are close-on-exec and the caller's; those beyond max are closed.
 */
int channel_receive(
	int socket, bool dont_wait, struct message *message_out, int *fds_out, unsigned max, unsigned *count_out);

/*
 * The same with up to CHANNEL_DATA_MAX bytes behind the message, and one descriptor or none (-1).
 * *size is the room for data first, then what came.
 */
int channel_post_data(int socket, const struct message *message, const void *data, size_t size, int fd);
int channel_receive_data(
	int socket, bool dont_wait, struct message *message_out, void *data_out, size_t *size, int *fd_out);

#endif
