/*
 * ${VAR} and ${VAR:-default} in the value of a command. What a variable holds is inserted
 * quoted, so that a directory named a*b means itself.
 */
#ifndef KENNEL_CORE_POLICY_VARS_H
#define KENNEL_CORE_POLICY_VARS_H

#include <stddef.h>

/* The value of a variable, NULL when unset. The string must live until the next call. */
typedef const char *policy_lookup_fn(void *context, const char *name);

struct policy_vars {
	policy_lookup_fn *lookup;
	void *lookup_context;
	char *bytes;     /* the expanded text, NUL-terminated; owned */
	size_t *origins; /* for each byte, and the end: its offset in the source; owned */
	size_t length;
	size_t capacity;
	size_t error_offset; /* into the source */
	char error[160];
};

/* 0, -EINVAL with error and error_offset, or -ENOMEM. Release in every case. */
int policy_vars_expand(struct policy_vars *vars, const char *source);
void policy_vars_release(struct policy_vars *vars);

/* The offset in the source of byte number at of the expanded text. */
size_t policy_vars_origin(const struct policy_vars *vars, size_t at);

#endif
