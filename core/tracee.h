/*
 * One tracee for each thread that made a notified call: its pidfd, which keeps its
 * identity over the reuse of numbers. Gone when the pidfd says so. Before PIDFD_THREAD
 * (6.9) nothing about a thread outlives one call, and this table stays empty.
 */
#ifndef KENNEL_CORE_TRACEE_H
#define KENNEL_CORE_TRACEE_H

#include <sys/types.h>

struct call;
struct sandbox;
struct tracees;

struct tracees *tracees_new(struct sandbox *sandbox);

/* Frees the table and closes every pidfd. */
void tracees_free(struct tracees *tracees);

/*
 * A pidfd of the calling thread, or (before 6.9) of its process when the thread leads it.
 * Not owned by the caller; good until control returns to the loop. -errno: -ESRCH when the thread
 * is gone, -EINVAL when this kernel has no pidfd for it.
 */
int tracee_pidfd(struct call *call);

/* A mark on the thread that leads the caller's process, as long as it lives. 0 or -errno. */
int tracee_set_hidden(struct call *call, pid_t leader, _Bool hidden);
_Bool tracee_is_hidden(struct call *call, pid_t leader);

unsigned tracees_count(const struct tracees *tracees);

#endif
