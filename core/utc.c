/*
 * Counts years and months from 1970 on, by the calendar that is in use. Pure.
 */
#include "core/utc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SECONDS_PER_DAY 86400
#define DAYS_PER_ERA 146097 /* 400 years, after which the calendar repeats */
#define YEARS_PER_ERA 400

static bool utc_is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int utc_month_days(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && utc_is_leap(year));
}

void utc_text(time_t seconds, char text_out[UTC_TEXT_SIZE])
{
	int64_t days = (int64_t)seconds / SECONDS_PER_DAY;
	unsigned rest = (unsigned)((int64_t)seconds % SECONDS_PER_DAY);
	int64_t year = 1970 + days / DAYS_PER_ERA * YEARS_PER_ERA;
	unsigned month = 1;

	days %= DAYS_PER_ERA;
	for (; days >= 365 + utc_is_leap(year); year++)
		days -= 365 + utc_is_leap(year);
	for (; days >= utc_month_days(year, month); month++)
		days -= utc_month_days(year, month);
	snprintf(text_out, UTC_TEXT_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02uZ", (long long)year, month,
		(unsigned)days + 1, rest / 3600, rest / 60 % 60, rest % 60);
}
