/*
 * A hash table by thread id. A number may be reused before the loop has seen the old thread's
 * end, so an entry is believed only while a signal of number 0 still reaches its thread.
 */
#include "core/tracee.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_call.h"
#include "core/call.h"
#include "core/loop.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif

#define TRACEE_MAGIC 0x54524143U
#define TRACEE_BUCKETS 256

struct tracee {
	uint32_t magic;
	pid_t tid;
	int pidfd;
	bool hidden; /* it asked for PR_SET_DUMPABLE 0 and was told yes */
	struct tracees *table;
	struct tracee *next;
	ev_io ended;
	struct grave grave;
};

struct tracees {
	struct sandbox *sandbox;
	unsigned count;
	int borrowed; /* pidfd of the last call on a kernel without PIDFD_THREAD */
	struct tracee *buckets[TRACEE_BUCKETS];
};

static struct tracee **tracee_slot(struct tracees *tracees, pid_t tid)
{
	struct tracee **slot = &tracees->buckets[(unsigned)tid % TRACEE_BUCKETS];

	while (*slot && (*slot)->tid != tid)
		slot = &(*slot)->next;
	return slot;
}

static void tracee_free(struct grave *grave)
{
	free(container_of(grave, struct tracee, grave));
}

/* Marks: out of the table at once, freed at the end of the turn. */
static void tracee_remove(struct tracee *tracee)
{
	struct loop *loop = tracee->table->sandbox->supervisor->loop;
	struct tracee **slot = tracee_slot(tracee->table, tracee->tid);

	assert(*slot == tracee);
	*slot = tracee->next;
	tracee->table->count--;
	ev_io_stop(loop_ev(loop), &tracee->ended);
	close(tracee->pidfd);
	tracee->magic = 0;
	loop_bury(loop, &tracee->grave, tracee_free);
}

static void tracee_ended_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct tracee *tracee = container_of(watcher, struct tracee, ended);

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(tracee, TRACEE_MAGIC);
	tracee_remove(tracee);
}

struct tracees *tracees_new(struct sandbox *sandbox)
{
	struct tracees *tracees = calloc(1, sizeof(*tracees));

	if (tracees) {
		tracees->sandbox = sandbox;
		tracees->borrowed = -1;
	}
	return tracees;
}

void tracees_free(struct tracees *tracees)
{
	if (!tracees)
		return;
	for (unsigned i = 0; i < TRACEE_BUCKETS; i++)
		while (tracees->buckets[i])
			tracee_remove(tracees->buckets[i]);
	if (tracees->borrowed >= 0)
		close(tracees->borrowed);
	free(tracees);
}

unsigned tracees_count(const struct tracees *tracees)
{
	return tracees->count;
}

static struct tracee *tracee_add(struct tracees *tracees, pid_t tid, int pidfd)
{
	struct tracee *tracee = calloc(1, sizeof(*tracee));
	struct tracee **slot = &tracees->buckets[(unsigned)tid % TRACEE_BUCKETS];

	if (!tracee) {
		close(pidfd);
		return NULL;
	}
	*tracee = (struct tracee){ .magic = TRACEE_MAGIC, .tid = tid, .pidfd = pidfd, .table = tracees, .next = *slot };
	*slot = tracee;
	tracees->count++;
	ev_io_init(&tracee->ended, tracee_ended_cb, pidfd, EV_READ);
	ev_io_start(loop_ev(tracees->sandbox->supervisor->loop), &tracee->ended);
	return tracee;
}

static bool tracee_alive(const struct tracee *tracee)
{
	const struct supervisor *supervisor = tracee->table->sandbox->supervisor;

	return cage_call(supervisor, SYS_pidfd_send_signal, tracee->pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

/* The entry of a thread of the caller's process, made when it is new; NULL with *error_out set. */
static struct tracee *tracee_get(struct call *call, pid_t tid, int *error_out)
{
	struct tracees *tracees = call->sandbox->tracees;
	struct tracee *known = *tracee_slot(tracees, tid);
	int pidfd;

	if (known && tracee_alive(known))
		return known;
	if (known)
		tracee_remove(known);
	pidfd = (int)cage_call(call->sandbox->supervisor, SYS_pidfd_open, tid, PIDFD_THREAD, 0, 0);
	*error_out = pidfd < 0 ? -errno : call_revalidate(call);
	/* Between receiving the call and here the number may have changed hands. */
	if (*error_out < 0) {
		if (pidfd >= 0)
			close(pidfd);
		return NULL;
	}
	known = tracee_add(tracees, tid, pidfd);
	*error_out = known ? 0 : -ENOMEM;
	return known;
}

/* Before 6.9: for this call only, and only for the leader of a process. */
static int tracee_borrow(struct tracees *tracees, pid_t tid)
{
	int pidfd = (int)cage_call(tracees->sandbox->supervisor, SYS_pidfd_open, tid, 0, 0, 0);

	if (pidfd < 0)
		return errno == ESRCH ? -ESRCH : -EINVAL;
	if (tracees->borrowed >= 0)
		close(tracees->borrowed);
	tracees->borrowed = pidfd;
	return pidfd;
}

int tracee_pidfd(struct call *call)
{
	struct tracee *tracee;
	int error;

	if (!call->sandbox->supervisor->features.pidfd_thread)
		return tracee_borrow(call->sandbox->tracees, call->tid);
	tracee = tracee_get(call, call->tid, &error);
	return tracee ? tracee->pidfd : error;
}

int tracee_set_hidden(struct call *call, pid_t leader, bool hidden)
{
	struct tracee *tracee;
	int error;

	/* Without a pidfd that lasts nothing about it can be remembered. */
	if (!call->sandbox->supervisor->features.pidfd_thread)
		return 0;
	tracee = tracee_get(call, leader, &error);
	if (!tracee)
		return error;
	tracee->hidden = hidden;
	return 0;
}

bool tracee_is_hidden(struct call *call, pid_t leader)
{
	const struct tracee *tracee = *tracee_slot(call->sandbox->tracees, leader);

	return tracee && tracee_alive(tracee) && tracee->hidden;
}
