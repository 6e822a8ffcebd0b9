/*
 * The environment that a payload gets: the caller's, without what steers the loader and what is secret by its
 * name, changed as the policy says. Names are looked at, never values.
 */
#ifndef KENNEL_CORE_ENVIRONMENT_H
#define KENNEL_CORE_ENVIRONMENT_H

#include <stdio.h>

struct policy;

/* NULL where the payload gets a variable of this name without being asked, or why it does not. */
const char *environment_unsafe(const char *name);

struct environment {
	char **variables; /* NULL after the last */
	size_t count;
};

/* From the strings of the caller. 0 or -ENOMEM; release in either case. */
int environment_build(const struct policy *policy, char *const *from, struct environment *environment_out);
void environment_release(struct environment *environment);

/* Says for each variable of the caller's that the payload does not get as it is why, and what is set. No values. */
int environment_explain(const struct policy *policy, char *const *from, FILE *stream);

/* The value of a variable in a list of strings, NULL: not there. */
const char *environment_value(char *const *variables, const char *name);

#endif
