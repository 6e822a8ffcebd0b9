/*
 * Control data of a message that we send for another process: descriptors are ours while it is sent,
 * credentials are the caller's.
 */
#ifndef KENNEL_HANDLERS_SOCKET_CONTROL_H
#define KENNEL_HANDLERS_SOCKET_CONTROL_H

#include "handlers/socket.h"

#define SOCKET_RIGHTS_MAX 253 /* SCM_MAX_FD */

struct socket_control {
	unsigned char *bytes; /* native layout, owned */
	size_t length;
	bool has_claim; /* it says who sends it */
	unsigned fd_count;
	int fds[SOCKET_RIGHTS_MAX]; /* our duplicates */
};

/*
 * Takes the copy of the target's control data (may be NULL): descriptors become ours, claims are checked and,
 * on UNIX sockets, added. 0 or -errno.
 */
int socket_control_take(struct call *call, const struct socket_job *job, unsigned char *bytes, size_t length,
	struct socket_control *control);
void socket_control_release(struct call *call, struct socket_control *control);

#endif
