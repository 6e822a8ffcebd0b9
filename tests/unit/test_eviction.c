/*
 * How often waiting calls make room, by a clock of the test's own, and what the log is told of it.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/eviction.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

#define SECOND UINT64_C(1000000000)
#define BURST ((unsigned)(EVICTION_BURST_NS / EVICTION_CALL_NS))

TestSuite(eviction, .timeout = 180);

static unsigned eviction_lines;
static char eviction_text[512];

void log_event(struct log *log, const char *context, const char *format, ...)
{
	va_list arguments;

	(void)log;
	cr_assert_str_eq(context, "calls");
	va_start(arguments, format);
	vsnprintf(eviction_text, sizeof(eviction_text), format, arguments);
	va_end(arguments);
	eviction_lines++;
}

/* How many of so many tries are allowed, at once. */
static unsigned eviction_try(struct eviction *eviction, unsigned tries, uint64_t now_ns)
{
	unsigned allowed = 0;

	for (unsigned i = 0; i < tries; i++)
		allowed += eviction_allows(eviction, EVICTION_CALL_NS, now_ns);
	return allowed;
}

Test(eviction, a_burst_is_allowed_at_once_and_no_more)
{
	struct eviction eviction = { 0 };

	cr_expect_eq(eviction_try(&eviction, 10 * BURST, 7 * SECOND), BURST);
	cr_expect_eq(eviction.count, BURST, "what is not allowed is not counted");
}

Test(eviction, after_the_burst_the_rate_is_steady)
{
	struct eviction eviction = { 0 };
	uint64_t now_ns = 7 * SECOND;
	unsigned allowed = 0;

	eviction_try(&eviction, BURST, now_ns);
	cr_expect_not(eviction_allows(&eviction, EVICTION_CALL_NS, now_ns + EVICTION_CALL_NS - 1));
	for (unsigned ms = 1; ms <= 1000; ms++)
		allowed += eviction_try(&eviction, 5, now_ns + ms * SECOND / 1000);
	cr_expect_eq(allowed, SECOND / EVICTION_CALL_NS);
}

Test(eviction, time_that_nobody_used_gives_one_burst_back_and_not_two)
{
	struct eviction eviction = { 0 };

	eviction_try(&eviction, BURST, SECOND);
	cr_expect_eq(eviction_try(&eviction, 10 * BURST, 3600 * SECOND), BURST);
}

Test(eviction, what_costs_more_is_allowed_less_often)
{
	struct eviction eviction = { 0 };
	unsigned allowed = 0;

	for (unsigned i = 0; i < 10 * BURST; i++)
		allowed += eviction_allows(&eviction, EVICTION_WORKER_NS, SECOND);
	cr_expect_eq(allowed, EVICTION_BURST_NS / EVICTION_WORKER_NS);
}

Test(eviction, sandboxes_do_not_use_each_others_share)
{
	struct supervisor supervisor = { .magic = SUPERVISOR_MAGIC };
	struct sandbox greedy = { .supervisor = &supervisor }, other = greedy;
	unsigned taken = 0;

	for (unsigned i = 0; i < 2 * BURST; i++)
		taken += eviction_take(&greedy, EVICTION_CALL_NS);
	cr_expect_geq(taken, BURST);
	cr_expect(eviction_take(&other, EVICTION_CALL_NS));
	cr_expect_eq(other.eviction.count, 1);
}

Test(eviction, log_is_told_of_the_first_at_once_and_then_a_number_each_second)
{
	struct eviction eviction = { 0 };

	cr_expect_eq(eviction_news(&eviction, SECOND), 0, "nothing to tell");
	eviction_try(&eviction, 1, SECOND);
	cr_expect_eq(eviction_news(&eviction, SECOND), 1);
	eviction_try(&eviction, 20, SECOND + 1);
	cr_expect_eq(eviction_news(&eviction, SECOND + 2), 0);
	eviction_try(&eviction, 3, 2 * SECOND);
	cr_expect_eq(eviction_news(&eviction, 2 * SECOND), 23);
	cr_expect_eq(eviction_news(&eviction, 9 * SECOND), 0, "nothing is told twice");
}

Test(eviction, a_flood_is_one_line_and_one_more_in_the_end)
{
	struct supervisor supervisor = { .magic = SUPERVISOR_MAGIC };
	struct sandbox sandbox = { .supervisor = &supervisor };

	for (unsigned i = 0; i < 100; i++)
		cr_assert(eviction_take(&sandbox, EVICTION_CALL_NS));
	cr_expect_eq(eviction_lines, 1);
	cr_expect_eq(strncmp(eviction_text, "1 waiting calls", 15), 0, "%s", eviction_text);
	eviction_finish(&sandbox);
	cr_expect_eq(eviction_lines, 2);
	cr_expect_eq(strncmp(eviction_text, "99 waiting calls", 16), 0, "%s", eviction_text);
	eviction_finish(&sandbox);
	cr_expect_eq(eviction_lines, 2);
}

Test(eviction, a_sandbox_that_evicted_nothing_says_nothing)
{
	struct supervisor supervisor = { .magic = SUPERVISOR_MAGIC };
	struct sandbox sandbox = { .supervisor = &supervisor };

	eviction_finish(&sandbox);
	cr_expect_eq(eviction_lines, 0);
}
