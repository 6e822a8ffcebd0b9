/*
 * Time for guests: now, a rest, and limits that are longer where everything is slower.
 */
#ifndef KENNEL_TESTS_GUEST_TIME_H
#define KENNEL_TESTS_GUEST_TIME_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t guest_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A limit of time; where everything is slower (KENNEL_TEST_SLOWER, see tests/vm), a longer one. */
static inline int64_t guest_limit_ms(int64_t ms)
{
	const char *slower = getenv("KENNEL_TEST_SLOWER");

	return slower && atoi(slower) > 0 ? ms * atoi(slower) : ms;
}

/* As on an emulated machine: less is done then. */
static inline bool guest_is_much_slower(void)
{
	return guest_limit_ms(1) >= 5;
}

/* How often to do what is done often. */
static inline unsigned guest_rounds(unsigned usual)
{
	return guest_is_much_slower() ? (usual + 9) / 10 : usual;
}

static inline void guest_sleep_ms(long ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

#endif
