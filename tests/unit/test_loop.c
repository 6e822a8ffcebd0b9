/*
 * One loop and its graveyard: what is buried lives until the end of the turn and no longer.
 */
#include <criterion/criterion.h>
#include <ev.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/util.h"

static struct loop *loop;
static ev_timer timer;
static ev_timer later;
static unsigned freed;
static unsigned turns;

struct corpse {
	struct grave grave;
	struct corpse *heir; /* buried by the grave-digger of this one */
};

static void loop_setup(void)
{
	setenv("LIBEV_FLAGS", "1", 1); /* select(): the user's variable must not reach us */
	loop = loop_new();
	cr_assert_not_null(loop);
}

static void loop_end(void)
{
	loop_free(loop);
}

TestSuite(loop, .init = loop_setup, .fini = loop_end, .timeout = 60);

static void loop_free_corpse(struct grave *grave)
{
	struct corpse *corpse = container_of(grave, struct corpse, grave);

	freed++;
	if (corpse->heir)
		loop_bury(loop, &corpse->heir->grave, loop_free_corpse);
	free(corpse);
}

static struct corpse *loop_corpse(void)
{
	return calloc(1, sizeof(struct corpse));
}

Test(loop, waits_with_epoll_whatever_the_environment_says)
{
	cr_expect_eq(ev_backend(loop_ev(loop)), EVBACKEND_EPOLL);
}

Test(loop, is_never_the_default_one)
{
	cr_expect_not(ev_is_default_loop(loop_ev(loop)));
}

static void loop_later_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
	turns++;
	cr_expect_eq(freed, 3, "the turn before this one ended");
	loop_stop(loop);
}

static void loop_bury_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct corpse *corpse = loop_corpse();

	(void)events;
	turns++;
	corpse->heir = loop_corpse();
	loop_bury(loop, &corpse->grave, loop_free_corpse);
	loop_bury(loop, &loop_corpse()->grave, loop_free_corpse);
	cr_expect_eq(freed, 0, "still usable in this turn");
	ev_timer_stop(ev, watcher);
	ev_timer_init(&later, loop_later_cb, 0.02, 0.);
	ev_timer_start(ev, &later);
}

Test(loop, graves_are_emptied_at_the_end_of_the_turn_heirs_included)
{
	ev_timer_init(&timer, loop_bury_cb, 0., 0.);
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	cr_expect_eq(turns, 2);
	cr_expect_eq(freed, 3);
}

static void loop_stop_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
	loop_bury(loop, &loop_corpse()->grave, loop_free_corpse);
	loop_stop(loop);
	cr_expect_eq(freed, 0);
}

Test(loop, last_turn_empties_the_graveyard_too)
{
	ev_timer_init(&timer, loop_stop_cb, 0., 0.5);
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	cr_expect_eq(freed, 1);
	ev_timer_stop(loop_ev(loop), &timer);
}

Test(loop, loop_that_never_ran_frees_what_was_buried)
{
	struct loop *other = loop_new();

	loop_bury(other, &loop_corpse()->grave, loop_free_corpse);
	loop_bury(other, &loop_corpse()->grave, loop_free_corpse);
	loop_free(other);
	loop_free(NULL);
	cr_expect_eq(freed, 2);
}

/* A watcher that dies together with its owner in the callback of another one. */
struct owner {
	ev_io readable;
	struct grave grave;
	unsigned woken;
};

static struct owner *owners[2];

static void loop_free_owner(struct grave *grave)
{
	freed++;
	free(container_of(grave, struct owner, grave));
}

static void loop_kill_other_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct owner *self = container_of(watcher, struct owner, readable);
	struct owner *other = owners[self == owners[0]];

	(void)events;
	self->woken++;
	cr_expect_eq(other->woken, 0, "a stopped watcher is not called any more");
	for (int i = 0; i < 2; i++) {
		ev_io_stop(ev, &owners[i]->readable);
		loop_bury(loop, &owners[i]->grave, loop_free_owner);
	}
}

static void loop_end_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
	cr_expect_eq(freed, 2, "buried before this turn");
	loop_stop(loop);
}

Test(loop, callback_may_destroy_itself_and_who_is_still_to_be_called)
{
	int pipes[2];

	cr_assert(pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1);
	for (int i = 0; i < 2; i++) {
		owners[i] = calloc(1, sizeof(*owners[i]));
		ev_io_init(&owners[i]->readable, loop_kill_other_cb, i ? dup(pipes[0]) : pipes[0], EV_READ);
		ev_io_start(loop_ev(loop), &owners[i]->readable);
	}
	ev_timer_init(&timer, loop_end_cb, 0.05, 0.);
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	cr_expect_eq(freed, 2);
}

static void loop_watched_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)watcher;
	loop_check(events);
	loop_stop(loop);
}

Test(loop, descriptor_that_cannot_be_watched_ends_the_process, .exit_code = 125)
{
	ev_io watcher;
	int pipes[2];

	cr_assert(pipe(pipes) == 0);
	ev_io_init(&watcher, loop_watched_cb, pipes[0], EV_READ);
	ev_io_start(loop_ev(loop), &watcher);
	/* What libev does where the kernel has no room. */
	ev_feed_event(loop_ev(loop), &watcher, EV_ERROR | EV_READ);
	loop_run(loop);
}

Test(loop, descriptor_that_is_ready_ends_nothing)
{
	ev_io watcher;
	int pipes[2];

	cr_assert(pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1);
	ev_io_init(&watcher, loop_watched_cb, pipes[0], EV_READ);
	ev_io_start(loop_ev(loop), &watcher);
	loop_run(loop);
}
