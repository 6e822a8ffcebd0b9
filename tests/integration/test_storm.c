/*
 * Storms of signals without SA_RESTART. The guest judges the effects: a call that says EINTR has done nothing,
 * a fresh name never exists, nothing is left. Natively none of these calls is ever interrupted; how long the
 * window is in which ours can be is measured by bench/run.py (group storm).
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(storm, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

/* Of 300 or more; a thread that waits for a processor gets several as one. */
enum { SIGNALS_LEAST = 100, CALLS_LEAST = 200 };
#define STORM_MS "1000"

static struct outcome storm_outcome;

static long long storm_count(const char *what)
{
	const char *found = strstr(storm_outcome.out, what);

	cr_assert(found, "no %s in %s%s", what, storm_outcome.out, storm_outcome.err);
	return strtoll(found + strlen(what), NULL, 10);
}

/* EINTRs of each call and signal of a second: how long a call can be interrupted, in microseconds. */
static double storm_window_us(void)
{
	double rate = (double)storm_count("signals") * 1e9 / (double)storm_count("lived_ns");

	return (double)storm_count("interrupted") * 1e6 / (double)storm_count("calls") / rate;
}

static void storm_run(const char *const *options, const char *guest, const char *call, const char *rate)
{
	run_kennel(options, WORDS(fixture_guest(guest), call, "3", rate, STORM_MS), &storm_outcome);
	expect_status(&storm_outcome, 0, call);
	cr_assert(storm_count("signals") > SIGNALS_LEAST / fixture_slower(), "too few signals: %s", storm_outcome.out);
	/* where everything is slower, each signal takes more of what is left for calls, too */
	cr_assert(storm_count("calls") > CALLS_LEAST / fixture_slower() / fixture_slower(), "too few calls: %s",
		storm_outcome.out);
}

static void storm_check(const char *guest, const char *call, const char *rate)
{
	storm_run(NULL, guest, call, rate);
	cr_assert(storm_count("interrupted") == 0, "natively: %s", storm_outcome.out);
	storm_run(WORDS(WATCH_ALL, ABIS), guest, call, rate);
	note("%lld interrupted calls of %lld: %s of %s, %s signals a second, window %.1f us, call %.1f us",
		storm_count("interrupted"), storm_count("calls"), call, guest, rate, storm_window_us(),
		(double)storm_count("called_ns") / 1e3 / (double)storm_count("calls"));
}

#define STORM(call) \
	Test(storm, call##_a_hundred_times_a_second) \
	{ \
		storm_check("storm_threads", #call, "100"); \
	} \
	Test(storm, call##_three_thousand_times_a_second) \
	{ \
		storm_check("storm_threads", #call, text("%u", fixture_rounds(3000))); \
	} \
	Test(storm, call##_three_thousand_times_a_second_i386) \
	{ \
		storm_check("storm_threads.32", #call, text("%u", fixture_rounds(3000))); \
	} \
	Test(storm, call##_three_thousand_times_a_second_ilp32) \
	{ \
		storm_check("storm_threads.ilp32", #call, text("%u", fixture_rounds(3000))); \
	}

STORM(mkdir)
STORM(open)
STORM(stat)
