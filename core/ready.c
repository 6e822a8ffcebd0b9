/*
 * One event is fetched at a time: whatever is removed by what comes of it is not among those to come. Owns its epoll,
 * which the loop watches from the start, so that the loop's own never refuses anything.
 */
#include "core/ready.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/util.h"

#define READY_TURN 16

struct ready {
	struct loop *loop;
	int epoll;
	ev_io readable;
};

static void ready_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	const struct ready *ready = container_of(watcher, struct ready, readable);
	struct epoll_event event;

	(void)ev;
	loop_check(events);
	for (int i = 0; i < READY_TURN && epoll_wait(ready->epoll, &event, 1, 0) == 1; i++) {
		struct ready_watch *watch = event.data.ptr;

		watch->ready(watch);
	}
}

struct ready *ready_new(struct loop *loop)
{
	struct ready *ready = calloc(1, sizeof(*ready));

	if (!ready)
		return NULL;
	ready->loop = loop;
	ready->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ready->epoll < 0) {
		free(ready);
		return NULL;
	}
	ev_io_init(&ready->readable, ready_cb, ready->epoll, EV_READ);
	ev_io_start(loop_ev(loop), &ready->readable);
	return ready;
}

void ready_free(struct ready *ready)
{
	if (!ready)
		return;
	ev_io_stop(loop_ev(ready->loop), &ready->readable);
	close(ready->epoll);
	free(ready);
}

static int ready_watch_one(const struct ready *ready, struct ready_watch *watch, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return errno_result(epoll_ctl(ready->epoll, EPOLL_CTL_ADD, fd, &event));
}

int ready_add(struct ready *ready, struct ready_watch *watch, int fd, short events, int pidfd)
{
	uint32_t mask = (events & POLLIN ? EPOLLIN : 0U) | (events & POLLOUT ? EPOLLOUT : 0U);
	int error = ready_watch_one(ready, watch, fd, mask);

	watch->fd = watch->pidfd = -1;
	if (error < 0)
		return error;
	watch->fd = fd;
	/* Of our own: others watch the same one. */
	if (pidfd >= 0)
		error = watch->pidfd = errno_result(fcntl(pidfd, F_DUPFD_CLOEXEC, 0));
	if (error >= 0 && watch->pidfd >= 0)
		error = ready_watch_one(ready, watch, watch->pidfd, EPOLLIN);
	if (error < 0)
		ready_remove(ready, watch);
	return error < 0 ? error : 0;
}

void ready_remove(struct ready *ready, struct ready_watch *watch)
{
	if (watch->pidfd >= 0) {
		epoll_ctl(ready->epoll, EPOLL_CTL_DEL, watch->pidfd, NULL);
		close(watch->pidfd);
	}
	if (watch->fd >= 0)
		epoll_ctl(ready->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = watch->pidfd = -1;
}
