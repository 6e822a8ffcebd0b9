/*
 * The libev loop. Never the default one: that owns SIGCHLD and calls waitpid(-1),
 * which would swallow stops. LIBEV_FLAGS is the user's variable, so it is not read.
 */
#include <ev.h>
#include <stdlib.h>

#include "core/fatal.h"
#include "core/loop.h"
#include "core/settle.h"
#include "core/util.h"

#define LOOP_MAGIC 0x4c4f4f50U

struct loop {
	uint32_t magic;
	struct ev_loop *ev;
	ev_prepare end_of_turn;
	ev_timer settle;
	struct grave *graves;
};

static void loop_empty_graveyard(struct loop *loop)
{
	while (loop->graves) {
		struct grave *grave = loop->graves;

		loop->graves = grave->next;
		grave->free(grave);
	}
}

static void loop_end_of_turn_cb(struct ev_loop *ev, ev_prepare *watcher, int events)
{
	struct loop *loop = container_of(watcher, struct loop, end_of_turn);

	(void)ev;
	(void)events;
	MAGIC_CHECK(loop, LOOP_MAGIC);
	loop_empty_graveyard(loop);
}

static HOT void loop_settle(struct ev_loop *ev)
{
	ev_set_loop_release_cb(ev, NULL, NULL);
	settle_memory();
}

/* libev calls back right before it waits: what it does until then would need its code and constants again. */
static void loop_settle_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)watcher;
	(void)events;
	ev_set_loop_release_cb(ev, loop_settle, NULL);
}

/* libev has no way to report a failure; left alone, it aborts. */
static void loop_failed(const char *what)
{
	fatal_end(what);
}

static void *loop_allocate(void *pointer, long size) /* NOLINT(google-runtime-int): libev's type */
{
	void *made;

	if (!size) {
		free(pointer);
		return NULL;
	}
	made = realloc(pointer, (size_t)size);
	if (!made)
		fatal_end("no memory for the event loop");
	return made;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	ev_set_allocator(loop_allocate);
	ev_set_syserr_cb(loop_failed);
	loop->magic = LOOP_MAGIC;
	loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!loop->ev) {
		free(loop);
		return NULL;
	}
	ev_prepare_init(&loop->end_of_turn, loop_end_of_turn_cb);
	ev_prepare_start(loop->ev, &loop->end_of_turn);
	ev_timer_init(&loop->settle, loop_settle_cb, SETTLE_AFTER_MS / 1e3, 0.);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	MAGIC_CHECK(loop, LOOP_MAGIC);
	loop_empty_graveyard(loop);
	ev_prepare_stop(loop->ev, &loop->end_of_turn);
	ev_timer_stop(loop->ev, &loop->settle);
	ev_loop_destroy(loop->ev);
	loop->magic = 0;
	free(loop);
}

struct ev_loop *loop_ev(struct loop *loop)
{
	return loop->ev;
}

void loop_check(int events)
{
	if (events & EV_ERROR)
		fatal_end("a descriptor cannot be watched");
}

void loop_run(struct loop *loop)
{
	ev_timer_start(loop->ev, &loop->settle);
	ev_run(loop->ev, 0);
	loop_empty_graveyard(loop);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}

void loop_bury(struct loop *loop, struct grave *grave, void (*free_grave)(struct grave *grave))
{
	grave->free = free_grave;
	grave->next = loop->graves;
	loop->graves = grave;
}
