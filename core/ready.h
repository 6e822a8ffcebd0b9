/*
 * Readiness of descriptors whose files the target has, too. In an epoll of our own, because the loop's keeps what is
 * closed here while the target has it, and ends where the kernel refuses one: it takes a file only so many ways.
 */
#ifndef KENNEL_CORE_READY_H
#define KENNEL_CORE_READY_H

struct loop;
struct ready;

/* Embedded in what waits. */
struct ready_watch {
	void (*ready)(struct ready_watch *watch);
	int fd;    /* the caller's, open as long as it is watched; -1: not watched */
	int pidfd; /* ours */
};

/* NULL when it cannot be made. */
struct ready *ready_new(struct loop *loop);
void ready_free(struct ready *ready);

/* events: POLLIN, POLLOUT. The end of pidfd (-1: none) counts as well. 0 or -errno: nothing is watched. */
int ready_add(struct ready *ready, struct ready_watch *watch, int fd, short events, int pidfd);

/* Harmless where nothing is watched. */
void ready_remove(struct ready *ready, struct ready_watch *watch);

#endif
