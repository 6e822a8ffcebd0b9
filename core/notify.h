/*
 * The listener of one sandbox: the only file that issues the seccomp notification
 * requests. Receives calls in batches, sends the answers, injects descriptors.
 */
#ifndef KENNEL_CORE_NOTIFY_H
#define KENNEL_CORE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct notifier;
struct sandbox;

/* Takes over listener_fd (closed on failure too). NULL: out of memory or not a listener. */
struct notifier *notify_new(struct sandbox *sandbox, int listener_fd);

/* Stops the watcher and closes the listener; freed at the end of the turn. */
void notify_close(struct notifier *notifier);

/* 0, or -ESRCH when the target no longer waits in this call. */
int notify_check(const struct call *call);

/*
 * The answers. 0, or -ESRCH when the target is gone (normal). error: a positive errno, or 512
 * (ERESTARTSYS), which only core/wait.c may use.
 */
int notify_fail(struct call *call, int error);
int notify_return(struct call *call, int64_t value);
int notify_continue(struct call *call);

/*
 * Puts fd into the target and does not answer: the number, or -errno. target_fd: a number
 * reserved before, or -1 for the lowest free one. -EMFILE and the like leave the call ours.
 */
int notify_place_fd(struct call *call, int fd, uint32_t fd_flags, int target_fd);

/*
 * The listener itself, lent to a worker that has a descriptor to give; and how that places it.
 */
int notify_listener(const struct sandbox *sandbox);
int notify_place_lent(struct call *call, int listener, int fd, uint32_t fd_flags, int target_fd);

#endif
