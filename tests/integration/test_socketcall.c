/*
 * Options and pairs of sockets that are made through the multiplexer of old ABIs, beside the calls themselves.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define NET_ONLY "-m", "sandbox/all:off", "-m", "sandbox/net:on"

TestSuite(socketcall, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome multiplexed;

static long socketcall_count(const char *what)
{
	const char *found = strstr(multiplexed.out, text("%s ", what));

	cr_assert(found, "no %s in %s%s", what, multiplexed.out, multiplexed.err);
	return strtol(found + strlen(what), NULL, 10);
}

static void socketcall_expect_as_natively(const char *guest)
{
	static struct outcome natively;

	run_native(WORDS(fixture_guest(guest), "plain"), &natively);
	expect_status(&natively, 0, "natively");
	run_kennel(WORDS(WATCH_ALL, ABIS), WORDS(fixture_guest(guest), "plain"), &multiplexed);
	expect_status(&multiplexed, 0, "under Kennel");
	cr_assert_str_eq(multiplexed.out, natively.out);
}

static void socketcall_is_judged(const char *guest)
{
	run_kennel(WORDS(NET_ONLY, ABIS), WORDS(fixture_guest(guest), "refused"), &multiplexed);
	expect_status(&multiplexed, 0, guest);
}

/* What is judged is what is done, in whatever memory it was said. */
static void socketcall_race(const char *guest)
{
	run_native(WORDS(fixture_guest(guest), "race"), &multiplexed);
	expect_status(&multiplexed, 0, "natively");
	cr_assert_gt(socketcall_count("evil"), 0, "the race was not seen natively: %s", multiplexed.out);
	run_kennel(WORDS(NET_ONLY, ABIS), WORDS(fixture_guest(guest), "race"), &multiplexed);
	expect_status(&multiplexed, 0, guest);
	cr_assert_eq(socketcall_count("evil"), 0, "%s", multiplexed.out);
	cr_assert(socketcall_count("good") > 0 && socketcall_count("refused") > 0, "%s", multiplexed.out);
}

#define SOCKETCALL(abi, guest) \
	Test(socketcall, options_and_pairs_are_made_as_natively##abi) \
	{ \
		socketcall_expect_as_natively(guest); \
	} \
	Test(socketcall, what_no_rule_can_judge_is_refused##abi) \
	{ \
		socketcall_is_judged(guest); \
	} \
	Test(socketcall, an_option_is_read_once##abi) \
	{ \
		socketcall_race(guest); \
	}

SOCKETCALL(, "set_options")
SOCKETCALL(_i386, "set_options.32")
SOCKETCALL(_ilp32, "set_options.ilp32")
