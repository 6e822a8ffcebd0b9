/*
 * What the open handler and path resolution ask of a call, answered without a kernel in
 * between: the target is this process, waiting is only noted, rules are one set of categories.
 */
#ifndef KENNEL_TESTS_FAKE_OPEN_H
#define KENNEL_TESTS_FAKE_OPEN_H

#include <stdbool.h>
#include <stdint.h>

struct fake_open {
	uint64_t refused; /* CAT_BIT()s, for names that hold refused_name */
	const char *refused_name;
	bool warned;    /* allowed, but with a line in the log: never by name alone */
	uint64_t asked; /* CAT_BIT()s that were decided on */
	bool compat;
	bool crowded;
	bool full;         /* no descriptor number is left */
	unsigned reserved; /* so often a number was asked for; none is given */
	unsigned waits_ms;
	uint64_t worker_flags;
	int worker_object;
};

extern struct fake_open fake_open;

#endif
