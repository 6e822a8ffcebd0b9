/*
 * Each day's date as the C library has it.
 */
#include <criterion/criterion.h>
#include <time.h>

#include "core/utc.h"

#define DAY 86400

TestSuite(utc, .timeout = 120);

static void assert_as_libc(time_t seconds)
{
	char text[UTC_TEXT_SIZE], expected[UTC_TEXT_SIZE];
	struct tm parts;

	utc_text(seconds, text);
	cr_assert(gmtime_r(&seconds, &parts));
	cr_assert_gt(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &parts), 0);
	cr_assert_str_eq(text, expected);
}

Test(utc, each_day_of_a_thousand_years_is_the_c_librarys)
{
	for (time_t day = 0; day < 1000 * 366; day++) {
		assert_as_libc(day * DAY);
		assert_as_libc(day * DAY + DAY - 1);
	}
}

Test(utc, each_second_of_a_day_is_the_c_librarys)
{
	for (time_t second = 0; second < DAY; second++)
		assert_as_libc(20000 * (time_t)DAY + second);
}
