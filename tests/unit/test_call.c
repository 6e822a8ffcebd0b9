/*
 * The state machine, pair by pair, and the bounded table of calls. Illegal pairs abort, so each
 * runs in a child.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "core/wait.h"
#include "tests/unit/fake_dispatch.h"
#include "tests/unit/forked.h"

#define ABORTS (-1)
#define STATES (CALL_GONE + 1)
#define EVENTS (CALL_EVENT_LOST + 1)

/* wait.o stays out of this program: no call here holds a wait, and at most one may not be left. */
static const struct call *call_kept;

void wait_end(struct call *call)
{
	(void)call;
}

bool wait_may_be_left(const struct call *call)
{
	return call != call_kept;
}

static unsigned call_logged;

void log_event(struct log *log, const char *context, const char *format, ...)
{
	(void)log;
	(void)context;
	(void)format;
	call_logged++;
}

static struct supervisor supervisor;
static struct sandbox sandbox = { .magic = SANDBOX_MAGIC, .supervisor = &supervisor, .null_fd = 5 };

TestSuite(call, .timeout = 180);

static const int successors[STATES][EVENTS] = {
	[CALL_FREE] = { ABORTS, ABORTS, ABORTS, ABORTS, ABORTS, ABORTS },
	[CALL_NEW] = {
		[CALL_EVENT_START] = CALL_RUNNING,
		[CALL_EVENT_WAIT] = ABORTS,
		[CALL_EVENT_WAKE] = ABORTS,
		[CALL_EVENT_ANSWER] = ABORTS,
		[CALL_EVENT_LEAVE] = ABORTS,
		[CALL_EVENT_LOST] = CALL_GONE,
	},
	[CALL_RUNNING] = {
		[CALL_EVENT_START] = ABORTS,
		[CALL_EVENT_WAIT] = CALL_WAITING,
		[CALL_EVENT_WAKE] = ABORTS,
		[CALL_EVENT_ANSWER] = CALL_ANSWERED,
		[CALL_EVENT_LEAVE] = ABORTS,
		[CALL_EVENT_LOST] = CALL_GONE,
	},
	[CALL_WAITING] = {
		[CALL_EVENT_START] = ABORTS,
		[CALL_EVENT_WAIT] = ABORTS,
		[CALL_EVENT_WAKE] = CALL_RUNNING,
		[CALL_EVENT_ANSWER] = ABORTS,
		[CALL_EVENT_LEAVE] = ABORTS,
		[CALL_EVENT_LOST] = CALL_GONE,
	},
	[CALL_ANSWERED] = { ABORTS, ABORTS, ABORTS, ABORTS, [CALL_EVENT_LEAVE] = CALL_LEAVING,
		[CALL_EVENT_LOST] = CALL_GONE },
	[CALL_LEAVING] = { ABORTS, ABORTS, ABORTS, ABORTS, ABORTS, [CALL_EVENT_LOST] = CALL_GONE },
	[CALL_GONE] = { ABORTS, ABORTS, ABORTS, ABORTS, ABORTS, ABORTS },
};

struct pair {
	enum call_state state;
	enum call_event event;
	uint32_t magic;
};

/* Ends with 10 + the successor. */
static void call_try_pair(void *context)
{
	const struct pair *pair = context;
	struct call call = { .magic = pair->magic, .state = pair->state };

	call_advance(&call, pair->event);
	_exit(10 + (int)call.state);
}

Test(call, every_pair_of_state_and_event_moves_or_aborts)
{
	for (int state = 0; state < STATES; state++)
		for (int event = 0; event < EVENTS; event++) {
			struct pair pair = { (enum call_state)state, (enum call_event)event, CALL_MAGIC };
			int expected = successors[state][event];
			int status = forked_run_silent(call_try_pair, &pair);

			if (expected == ABORTS)
				cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "(%d, %d): %x", state,
					event, status);
			else
				cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 10 + expected, "(%d, %d): %x",
					state, event, status);
		}
}

Test(call, memory_that_is_no_call_aborts)
{
	struct pair pair = { CALL_NEW, CALL_EVENT_START, 0 };
	int status = forked_run_silent(call_try_pair, &pair);

	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%x", status);
}

static struct call *call_take_for(pid_t tid)
{
	struct call *call = call_pool_take(&sandbox);

	if (call) {
		cr_expect_eq(call->state, CALL_NEW);
		cr_expect(call->magic == CALL_MAGIC && call->sandbox == &sandbox && !call->wait);
		call->tid = tid;
	}
	return call;
}

static struct call *call_take_waiting(pid_t tid)
{
	struct call *call = call_take_for(tid);

	cr_assert_not_null(call);
	call_advance(call, CALL_EVENT_START);
	call_advance(call, CALL_EVENT_WAIT);
	call_pool_wait(call);
	return call;
}

static void call_new_pool(unsigned limit)
{
	sandbox.calls = call_pool_new(limit);
	cr_assert_not_null(sandbox.calls);
}

static void call_answer(struct call *call)
{
	call_advance(call, CALL_EVENT_START);
	call_advance(call, CALL_EVENT_ANSWER);
	call_advance(call, CALL_EVENT_LOST);
	call_pool_give(call);
}

Test(call, table_holds_as_many_as_its_limit)
{
	struct call *calls[3];

	call_new_pool(3);
	for (int i = 0; i < 3; i++) {
		calls[i] = call_take_for(i + 1);
		cr_assert_not_null(calls[i]);
		for (int j = 0; j < i; j++)
			cr_expect_neq(calls[i], calls[j]);
	}
	cr_expect_null(call_pool_take(&sandbox), "none waits: there is nobody to take the place of");
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 3);
	cr_expect_eq(fake_dispatch.abandoned, 0);
	call_answer(calls[1]);
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 2);
	cr_expect_not_null(call_take_for(9));
	cr_expect_null(call_pool_take(&sandbox));
	call_pool_free(sandbox.calls);
}

Test(call, place_taken_again_is_clean)
{
	struct call *call;

	call_new_pool(1);
	call = call_take_for(1);
	memset(call->private_state, 0xff, sizeof(call->private_state));
	call->subject = "x";
	call->wants = 1;
	call->identity_read = true;
	call_answer(call);
	call = call_take_for(2);
	cr_expect(!call->subject && !call->wants && !call->identity_read);
	for (size_t i = 0; i < sizeof(call->private_state); i++)
		cr_assert_eq(call->private_state[i], 0);
	call_pool_free(sandbox.calls);
}

Test(call, oldest_waiting_call_makes_room_and_is_told_eintr)
{
	call_new_pool(3);
	call_take_for(1); /* at work: never evicted */
	call_take_waiting(2);
	call_take_waiting(3);
	cr_expect_not_null(call_take_for(4));
	cr_expect_eq(fake_dispatch.abandoned, 1);
	cr_expect_eq(fake_dispatch.tid, 2);
	cr_expect_eq(fake_dispatch.error, EINTR);
	cr_expect_not_null(call_take_for(5));
	cr_expect_eq(fake_dispatch.tid, 3);
	cr_expect_null(call_pool_take(&sandbox));
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 3);
	cr_expect_null(call_pool_waiting(sandbox.calls));
	call_pool_free(sandbox.calls);
}

Test(call, nobody_makes_room_while_too_many_did_of_late)
{
	struct call *newest;

	call_new_pool(1);
	call_take_waiting(1);
	sandbox.eviction.due_ns = UINT64_MAX / 2;
	cr_expect_null(call_pool_take(&sandbox));
	cr_expect_eq(fake_dispatch.abandoned, 0);
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 1);
	sandbox.eviction.due_ns = 0;
	newest = call_take_for(2);
	cr_assert_not_null(newest);
	cr_expect_eq(fake_dispatch.tid, 1);
	cr_expect_eq(sandbox.eviction.count, 1);
	call_pool_free(sandbox.calls);
}

Test(call, a_full_table_has_a_spare_call_for_what_is_over_at_once)
{
	struct call *spare;

	call_new_pool(1);
	call_take_for(1);
	for (int i = 0; i < 3; i++) {
		spare = call_pool_take_spare(&sandbox);
		cr_assert(spare && spare->state == CALL_NEW && spare->sandbox == &sandbox);
		call_answer(spare);
		cr_expect_null(call_pool_take(&sandbox), "the spare one is nobody else's");
	}
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 1);
	call_pool_free(sandbox.calls);
}

Test(call, one_that_may_not_be_left_stays_and_the_next_oldest_makes_room)
{
	call_new_pool(2);
	call_take_waiting(1);
	call_take_waiting(2);
	call_kept = call_pool_waiting(sandbox.calls);
	cr_expect_not_null(call_take_for(3));
	cr_expect_eq(fake_dispatch.tid, 2);
	cr_expect_null(call_pool_take(&sandbox));
	cr_expect_eq(fake_dispatch.abandoned, 1);
	call_pool_free(sandbox.calls);
}

Test(call, waiting_calls_are_found_by_thread_and_only_they)
{
	struct call *second;

	call_new_pool(8);
	call_take_for(1);
	call_take_waiting(2);
	second = call_take_waiting(3);
	call_take_waiting(4);
	cr_expect_null(call_pool_find(sandbox.calls, 1));
	cr_expect_eq(call_pool_find(sandbox.calls, 3), second);
	cr_expect_null(call_pool_find(sandbox.calls, 5));
	call_pool_unwait(second);
	cr_expect_null(call_pool_find(sandbox.calls, 3));
	cr_expect_not_null(call_pool_find(sandbox.calls, 2));
	cr_expect_not_null(call_pool_find(sandbox.calls, 4));
	call_pool_free(sandbox.calls);
}

/* Those of the three that still wait, oldest first, are the list. */
static void call_expect_waiting(struct call *const calls[3], const bool waits[3])
{
	struct call *found = call_pool_waiting(sandbox.calls);

	for (int i = 0; i < 3; i++) {
		if (!waits[i])
			continue;
		cr_assert_eq(found, calls[i]);
		found = found->next;
	}
	cr_expect_null(found);
}

static void call_leave_in_order(const int order[3])
{
	struct call *calls[3];
	bool waits[3] = { true, true, true };

	for (int i = 0; i < 3; i++)
		calls[i] = call_take_waiting(i + 1);
	for (int step = 0; step < 3; step++) {
		struct call *leaving = calls[order[step]];

		call_expect_waiting(calls, waits);
		call_pool_unwait(leaving);
		call_advance(leaving, CALL_EVENT_LOST);
		call_pool_give(leaving);
		waits[order[step]] = false;
	}
	cr_expect_null(call_pool_waiting(sandbox.calls));
}

Test(call, list_of_waiting_calls_survives_every_order_of_leaving)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	call_new_pool(4);
	for (size_t order = 0; order < ARRAY_SIZE(orders); order++)
		call_leave_in_order(orders[order]);
	cr_expect_eq(call_pool_in_flight(sandbox.calls), 0);
	call_pool_free(sandbox.calls);
}

Test(call, call_that_waits_after_the_newest_left_is_the_last)
{
	struct call *first, *second, *third;

	call_new_pool(4);
	first = call_take_waiting(1);
	second = call_take_waiting(2);
	call_pool_unwait(second);
	third = call_take_waiting(3);
	cr_expect_eq(call_pool_waiting(sandbox.calls), first);
	cr_expect_eq(first->next, third);
	cr_expect(third->prev == first && !third->next);
	call_pool_free(sandbox.calls);
}

static void call_give_twice(void *context)
{
	struct call *call;

	(void)context;
	sandbox.calls = call_pool_new(2);
	call = call_pool_take(&sandbox);
	call_pool_give(call);
	call_pool_give(call);
}

Test(call, giving_a_call_back_twice_aborts)
{
	int status = forked_run_silent(call_give_twice, NULL);

	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%x", status);
}

static void call_make_mistakes(void *context)
{
	struct call call = { .magic = CALL_MAGIC, .sandbox = &sandbox };

	(void)context;
	for (int i = 0; i < 3; i++)
		call_mistaken(&call, "is a test");
	_exit(call_logged == 1 && sandbox.mistakes == 3 ? 10 : 11);
}

Test(call, mistakes_end_a_debug_build_and_are_counted_in_others)
{
	int status = forked_run_silent(call_make_mistakes, NULL);

#ifdef KENNEL_CHECKED
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%x", status);
#else
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 10, "%x", status);
#endif
}

Test(call, filling_finds_abi_name_and_handler)
{
	const uint64_t args[6] = { UINT64_MAX, 2, 3, 4, 5, 6 };
	struct call call = { .magic = CALL_MAGIC, .sandbox = &sandbox };

	call_fill(&call, 77, 1234, AUDIT_ARCH_X86_64, 257, args);
	cr_expect(call.id == 77 && call.tid == 1234 && call.nr == 257);
	cr_expect_eq(call.sysno, SC_openat);
	cr_expect_eq(call.handler, &fake_dispatch_handler);
	cr_expect_eq(call_arg(&call, 0), UINT64_MAX);
	cr_expect_eq(call_arg_int(&call, 0), -1);
	cr_expect_not(call_is_compat(&call));
	cr_expect_eq(call_long_bytes(&call), 8);
	call_fill(&call, 78, 1234, AUDIT_ARCH_I386, 295, args);
	cr_expect_eq(call.sysno, SC_openat);
	cr_expect_eq(call_arg(&call, 0), UINT32_MAX);
	cr_expect(call_is_compat(&call));
	cr_expect_eq(call_long_bytes(&call), 4);
	call_fill(&call, 79, 1234, AUDIT_ARCH_X86_64, 0, args);
	cr_expect_eq(call.sysno, SC_read);
	cr_expect_null(call.handler);
}

Test(call, unknown_architecture_has_no_abi_and_no_handler)
{
	const uint64_t args[6] = { 0 };
	struct call call = { .magic = CALL_MAGIC, .sandbox = &sandbox };

	call_fill(&call, 1, 1, 0x12345678, 257, args);
	cr_expect_null(call.abi);
	cr_expect_null(call.handler);
	cr_expect_eq(call.sysno, SC_none);
	call_fill(&call, 1, 1, AUDIT_ARCH_X86_64, 99999, args);
	cr_expect_null(call.handler);
}

Test(call, what_a_step_asks_reaches_the_listener)
{
	struct call call = { .magic = CALL_MAGIC, .sandbox = &sandbox };

	fake_dispatch.notify_check = -ESRCH;
	cr_expect_eq(call_revalidate(&call), -ESRCH);
	cr_expect_eq(call_reserve_fd(&call), 105, "a copy of the sandbox's null_fd");
}

Test(call, state_of_a_handler_is_aligned_for_anything)
{
	call_new_pool(3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq((uintptr_t)call_state(call_take_for(i)) % 16, 0);
	call_pool_free(sandbox.calls);
}
