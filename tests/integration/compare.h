/*
 * Compares a command's native run with runs under Kennel, in the same place: output,
 * status, and the tree it leaves by path, type, mode, size and content.
 */
#ifndef KENNEL_TESTS_COMPARE_H
#define KENNEL_TESTS_COMPARE_H

#include "tests/integration/fixture.h"

/*
 * Three runs in a fresh folder "place", each prepared by the native bash script make:
 * natively, under work, and under work with everything switched on. The status must be
 * this one; files that hold times (.ninja_*, .git/index, .git/logs) are left out.
 */
void compare_ways(const char *make, const char *const *command, int status);

/* The same with a deadline for each run. */
void compare_ways_within(const char *make, const char *const *command, int status, unsigned deadline_ms);

#endif
