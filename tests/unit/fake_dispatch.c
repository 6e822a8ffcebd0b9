/*
 * Fakes behind tests/unit/fake_dispatch.h. Criterion runs each test in a process of its own, so
 * that everything starts at zero every time.
 */
#include "tests/unit/fake_dispatch.h"

#include <ev.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/loop.h"
#include "core/notify.h"
#include "core/wait.h"

struct fake_dispatch fake_dispatch = { .wake.fd = -1 };

const struct handler fake_dispatch_handler = { .name = "open", .flags = H_READS_MEM | H_MAY_WAIT };

static void fake_dispatch_end(struct call *call)
{
	fake_dispatch.tid = call->tid;
	if (call->wait)
		wait_end(call);
	call_pool_give(call);
	if (fake_dispatch.done)
		fake_dispatch.done();
}

void dispatch_start(struct call *call)
{
	(void)call;
}

void dispatch_resume(struct call *call, const struct wake *wake)
{
	fake_dispatch.resumed++;
	fake_dispatch.wake = *wake;
	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_WAKE);
	call_advance(call, CALL_EVENT_ANSWER);
	call_advance(call, CALL_EVENT_LOST);
	fake_dispatch_end(call);
}

void dispatch_abandon(struct call *call, int error)
{
	fake_dispatch.abandoned++;
	fake_dispatch.error = error;
	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_LOST);
	fake_dispatch_end(call);
}

void dispatch_finish(struct call *call, const struct verdict *verdict)
{
	fake_dispatch.finished++;
	fake_dispatch.verdict = *verdict;
	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_WAKE);
	call_advance(call, CALL_EVENT_ANSWER);
	call_advance(call, CALL_EVENT_LOST);
	fake_dispatch_end(call);
}

void dispatch_interrupt(struct call *call)
{
	fake_dispatch.interrupted = call->interrupted;
	dispatch_abandon(call, 512);
}

void dispatch_lost(struct call *call)
{
	fake_dispatch.lost++;
	call_pool_unwait(call);
	call_advance(call, CALL_EVENT_LOST);
	fake_dispatch_end(call);
}

int notify_check(const struct call *call)
{
	(void)call;
	return fake_dispatch.notify_check;
}

int notify_place_fd(struct call *call, int fd, uint32_t fd_flags, int target_fd)
{
	(void)fd_flags;
	(void)target_fd;
	(void)call;
	return fd + 100;
}

const struct handler *handler_find(enum sysno sysno)
{
	return sysno == SC_openat ? &fake_dispatch_handler : NULL;
}

static void fake_dispatch_expired_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	loop_stop(watcher->data);
}

void fake_dispatch_run_for(struct loop *loop, double seconds)
{
	ev_timer timer;

	ev_timer_init(&timer, fake_dispatch_expired_cb, seconds, 0.);
	timer.data = loop;
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	ev_timer_stop(loop_ev(loop), &timer);
}
