/*
 * The table of calls in flight, made small: whom the newest call drives out, how often, what the log says, and
 * that nobody is forgotten.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(table, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

/* As in core/eviction.h: so many at once, then so many each millisecond. */
enum { TABLE_BURST = 2000, TABLE_EACH_MS = 2 };

static struct outcome table_outcome;

/* What the log says of calls that made room, added up. */
static unsigned long table_evicted(void)
{
	unsigned long sum = 0;
	const char *line = table_outcome.err;
	char message[512];

	while ((line = log_line(line, "ctx", "calls", NULL, NULL))) {
		cr_assert(log_field(line, "msg", message, sizeof(message)));
		sum += strtoul(message, NULL, 10);
		line += strcspn(line, "\n");
	}
	return sum;
}

static void table_run(const char *limit, const char *const *command)
{
	fixture_run(&(struct job){ .options = WORDS(WATCH_ALL, "-m", limit), .command = command, .deadline_ms = 30000 },
		&table_outcome);
	expect_status(&table_outcome, 0, limit);
	cr_expect(fixture_all_gone(3000), "%u left", fixture_descendants());
}

Test(table, oldest_waiting_calls_make_room_in_their_order_and_are_counted)
{
	table_run("limit/calls:4", WORDS(fixture_guest("fill_table"), "once", "9"));
	cr_expect_eq(strncmp(table_outcome.out, "0 1 2 3 4 ", 10), 0, "%s", table_outcome.out);
	cr_expect(strstr(table_outcome.out, "made room"));
	cr_expect_geq(table_evicted(), 5, "%s", table_outcome.err);
	cr_expect_leq(log_count(table_outcome.err, "ctx", "calls", NULL, NULL), 3, "%s", table_outcome.err);
}

Test(table, nobody_makes_room_in_a_table_that_is_large_enough)
{
	table_run("limit/calls:16", WORDS(fixture_guest("fill_table"), "once", "9"));
	cr_expect_str_eq(table_outcome.out, "made room\n");
	cr_expect_str_empty(table_outcome.err, "%s", table_outcome.err);
}

Test(table, those_who_try_again_chase_each_other_slowly_and_quick_calls_go_on)
{
	unsigned long quick, interrupted, lived_ms;

	table_run("limit/calls:4", WORDS(fixture_guest("fill_table"), "retry", "12"));
	cr_assert_eq(sscanf(table_outcome.out, "%lu quick, %lu interrupted in %lu ms", &quick, &interrupted, &lived_ms),
		3, "%s", table_outcome.out);
	cr_expect_geq(quick, 1);
	cr_expect_geq(interrupted, 8, "%s", table_outcome.out);
	cr_expect_leq(interrupted, TABLE_BURST + TABLE_EACH_MS * (lived_ms + 1), "%s", table_outcome.out);
	cr_expect_leq(interrupted, table_evicted());
	cr_expect_leq(log_count(table_outcome.err, "ctx", "calls", NULL, NULL), 32, "%s", table_outcome.err);
	note("%lu interrupted: of twelve that try again, with %lu quick calls beside", interrupted, quick);
}

/* Traced calls need a place as well: whoever finds none waits. */
Test(table, more_execs_at_once_than_there_is_room_for_all_succeed)
{
	const char *script = "for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4 5 6 7 8 9 10; do /bin/true || echo bad; "
			     "done) & done; wait; echo done";

	table_run("limit/calls:1", WORDS("/bin/sh", "-c", script));
	cr_expect_str_eq(table_outcome.out, "done\n", "%s%s", table_outcome.out, table_outcome.err);
}
