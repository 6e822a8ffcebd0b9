/*
 * What the programs of race tests share: how long to try, and what it means when a race is not met.
 */
#ifndef KENNEL_TESTS_RACE_H
#define KENNEL_TESTS_RACE_H

#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
static const bool race_sanitized = true;
#else
static const bool race_sanitized = false;
#endif

/* A million for the long run: KENNEL_RACE_TRIES and KENNEL_RACE_MS say so. */
static inline const char *race_setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* The number behind "WHAT " in what a guest has printed. */
static inline long outcome_count(const struct outcome *outcome, const char *what)
{
	const char *found = strstr(outcome->out, text("%s ", what));

	cr_assert(found, "no %s in %s%s", what, outcome->out, outcome->err);
	return strtol(found + strlen(what), NULL, 10);
}

/* A race that is not met shows nothing. Emulated processors may take turns where the window is: it is said, there. */
static inline void race_expect_met(bool met, const char *which, const char *counts)
{
	if (met)
		return;
	cr_assert(fixture_slower() >= MUCH_SLOWER, "%s: the race was not met: %s", which, counts);
	note("not met on this machine: %s, %s", which, counts);
}

#endif
