/*
 * Owns the listener. RECV blocks when nothing is pending, O_NONBLOCK or not (tried on
 * 6.18), so poll() stands before each but the first of a turn. Everything pending is received
 * before anything is worked on: until it is received, a call can be interrupted by a signal.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/notify.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

#define NOTIFIER_MAGIC 0x4e4f5449U
#define NOTIFY_BATCH 64
/* So many calls may follow each other before the loop looks at what else there is. */
#define NOTIFY_TURN 8
/* How long nothing is received while the table of calls is full and nobody makes room. */
#define NOTIFY_FULL_S 0.001
/* After so many calls of one thread in a row nobody else is looked for, until another one calls. */
#define NOTIFY_ALONE 64
/* The exit status of a sandbox that cannot be answered. */
#define NOTIFY_FAILED 125

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0) /* 6.6 */
#endif

struct notifier {
	uint32_t magic;
	int fd;
	struct sandbox *sandbox;
	ev_io readable;
	ev_timer full;  /* while that is stopped because there is no room */
	pid_t last;     /* whose call was received last */
	unsigned alone; /* and how many of it in a row, up to NOTIFY_ALONE */
	struct grave grave;
};

/* POLLIN: a call can be received. Something else without it: no task is left. */
static short notify_poll(const struct notifier *notifier)
{
	struct pollfd pollfd = { .fd = notifier->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 ? pollfd.revents : 0;
}

/* A call from one notification, or NULL: the target died (normal), or the table is full. */
static struct call *notify_receive(struct notifier *notifier, int *error_out)
{
	struct seccomp_notif request = { 0 };
	struct call *call = call_pool_take(notifier->sandbox);

	*error_out = 0;
	if (!call) {
		*error_out = -EAGAIN;
		return NULL;
	}
	if (ioctl(notifier->fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
		*error_out = -errno;
		call_pool_give(call);
		return NULL;
	}
	call_fill(call, request.id, (pid_t)request.pid, request.data.arch, request.data.nr,
		(const uint64_t *)request.data.args);
	return call;
}

/*
 * Is anything else pending? Not asked while one thread calls again and again. The first call of another
 * is received a turn later then, as if it had come during the work on this one.
 */
static bool notify_pending(struct notifier *notifier, const struct call *received)
{
	if (received && received->tid == notifier->last && notifier->alone == NOTIFY_ALONE)
		return false;
	if (received) {
		notifier->alone = received->tid == notifier->last ? notifier->alone + 1 : 0;
		notifier->last = received->tid;
	}
	return notify_poll(notifier) & POLLIN;
}

/* What is pending stays with the kernel, and costs nobody anything. */
static void notify_pause(struct notifier *notifier)
{
	struct ev_loop *ev = loop_ev(notifier->sandbox->supervisor->loop);

	ev_io_stop(ev, &notifier->readable);
	ev_timer_set(&notifier->full, NOTIFY_FULL_S, 0.);
	ev_timer_start(ev, &notifier->full);
}

static void notify_full_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct notifier *notifier = container_of(watcher, struct notifier, full);

	(void)events;
	MAGIC_CHECK(notifier, NOTIFIER_MAGIC);
	ev_io_start(ev, &notifier->readable);
}

static unsigned notify_receive_all(struct notifier *notifier, struct call *batch[NOTIFY_BATCH])
{
	unsigned count = 0;
	struct call *call;

	do {
		int error;

		call = notify_receive(notifier, &error);
		if (call)
			batch[count++] = call;
		else if (error == -EAGAIN && count == 0)
			notify_pause(notifier);
		if (!call && error != -ENOENT && error != -EINTR)
			break;
	} while (count < NOTIFY_BATCH && notify_pending(notifier, call));
	return count;
}

/* No task is left: there will be no further call. */
static bool notify_is_over(struct notifier *notifier)
{
	short events = notify_poll(notifier);

	if (events && !(events & POLLIN))
		ev_io_stop(loop_ev(notifier->sandbox->supervisor->loop), &notifier->readable);
	return !(events & POLLIN);
}

/*
 * The woken target often runs before we do, and its next call is there: a poll() then costs half a turn of
 * the loop. A call that was answered may have ended the sandbox.
 */
static bool notify_goes_on(const struct notifier *notifier)
{
	return ev_is_active(&notifier->readable) && (notify_poll(notifier) & POLLIN);
}

static void notify_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct notifier *notifier = container_of(watcher, struct notifier, readable);
	struct call *batch[NOTIFY_BATCH];
	unsigned served = 0, count;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(notifier, NOTIFIER_MAGIC);
	/* libev reports a hang-up as readable; before 6.11 RECV then blocks for ever. */
	if (!notifier->sandbox->supervisor->features.recv_ends && notify_is_over(notifier))
		return;
	do {
		count = notify_receive_all(notifier, batch);
		for (unsigned i = 0; i < count; i++)
			dispatch_start(batch[i]);
		served += count;
	} while (count > 0 && served < NOTIFY_TURN && notify_goes_on(notifier));
	if (count == 0)
		notify_is_over(notifier);
}

struct notifier *notify_new(struct sandbox *sandbox, int listener_fd)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));
	struct supervisor *supervisor = sandbox->supervisor;

	if (!notifier) {
		close(listener_fd);
		return NULL;
	}
	notifier->magic = NOTIFIER_MAGIC;
	notifier->fd = listener_fd;
	notifier->sandbox = sandbox;
	if (supervisor->features.sync_wake_up &&
		ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0)
		supervisor->features.sync_wake_up = false;
	ev_timer_init(&notifier->full, notify_full_cb, 0., 0.);
	ev_io_init(&notifier->readable, notify_cb, listener_fd, EV_READ);
	ev_io_start(loop_ev(supervisor->loop), &notifier->readable);
	return notifier;
}

static void notify_free(struct grave *grave)
{
	free(container_of(grave, struct notifier, grave));
}

void notify_close(struct notifier *notifier)
{
	struct loop *loop;

	if (!notifier)
		return;
	MAGIC_CHECK(notifier, NOTIFIER_MAGIC);
	loop = notifier->sandbox->supervisor->loop;
	ev_io_stop(loop_ev(loop), &notifier->readable);
	ev_timer_stop(loop_ev(loop), &notifier->full);
	close(notifier->fd);
	notifier->fd = -1;
	notifier->magic = 0;
	loop_bury(loop, &notifier->grave, notify_free);
}

int notify_check(const struct call *call)
{
	uint64_t id = call->id;
	int result;

	/* Another thread of the target holds the lock, and core/brief.c interrupts us. */
	do
		result = ioctl(call->sandbox->notifier->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return 0;
}

int notify_listener(const struct sandbox *sandbox)
{
	return sandbox->notifier->fd;
}

int notify_place_lent(struct call *call, int listener, int fd, uint32_t fd_flags, int target_fd)
{
	struct notifier lent = { .magic = NOTIFIER_MAGIC, .fd = listener };
	int result;

	call->sandbox->notifier = &lent;
	result = notify_place_fd(call, fd, fd_flags, target_fd);
	call->sandbox->notifier = NULL;
	return result;
}

/* Nobody would ever answer the target again: that ends the sandbox. */
static void notify_give_up(struct sandbox *sandbox, int error)
{
	if (!sandbox->ending)
		fprintf(stderr, "kennel: cannot answer the payload: %s\n", strerror(error));
	sandbox_end(sandbox, NOTIFY_FAILED);
}

/* ENOENT: the target is gone; EBADF: the listener was closed. */
static int notify_send(struct call *call, int64_t value, int error, uint32_t flags)
{
	struct seccomp_notif_resp response = { .id = call->id, .val = value, .error = -error, .flags = flags };
	int result;

	if (call->answered) {
		call_mistaken(call, "is answered twice");
		return -ESRCH;
	}
	call->answered = true;
	do
		result = ioctl(call->sandbox->notifier->fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
	while (result < 0 && errno == EINTR);
	if (result < 0 && errno == EINPROGRESS)
		call_mistaken(call, "was answered before");
	else if (result < 0 && errno != ENOENT && errno != EBADF)
		notify_give_up(call->sandbox, errno);
	return result < 0 ? -ESRCH : 0;
}

int notify_fail(struct call *call, int error)
{
	return notify_send(call, 0, error, 0);
}

int notify_return(struct call *call, int64_t value)
{
	return notify_send(call, value, 0, 0);
}

int notify_continue(struct call *call)
{
	return notify_send(call, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/*
 * Never with SECCOMP_ADDFD_FLAG_SEND: when we are stopped, or the system suspended, before the target has woken, the
 * kernel makes its call return 0 (tried on 6.18). Without it the request is made anew.
 */
static int notify_inject(struct call *call, struct seccomp_notif_addfd *request)
{
	int result;

	do
		result = ioctl(call->sandbox->notifier->fd, SECCOMP_IOCTL_NOTIF_ADDFD, request);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return errno == ENOENT || errno == EBADF ? -ESRCH : -errno;
	return result;
}

int notify_place_fd(struct call *call, int fd, uint32_t fd_flags, int target_fd)
{
	struct seccomp_notif_addfd request = {
		.id = call->id,
		.flags = target_fd >= 0 ? SECCOMP_ADDFD_FLAG_SETFD : 0,
		.srcfd = (uint32_t)fd,
		.newfd = target_fd >= 0 ? (uint32_t)target_fd : 0,
		.newfd_flags = fd_flags,
	};

	return notify_inject(call, &request);
}
