/*
 * The errors of a policy that is being loaded: collected, so that one run shows all of
 * them, each a line "FILE:LINE:COLUMN: message" without control characters.
 */
#ifndef KENNEL_CORE_POLICY_ERRORS_H
#define KENNEL_CORE_POLICY_ERRORS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define POLICY_ERRORS_SHOWN 1000u /* further ones are only counted */

struct policy_errors {
	char *text; /* lines; NULL while there are none */
	size_t length;
	size_t capacity;
	unsigned long count;
	bool out_of_memory;
};

void policy_errors_release(struct policy_errors *errors);

/* line and column start at 1; the column counts bytes. */
__attribute__((format(printf, 5, 6))) void policy_errors_add(
	struct policy_errors *errors, const char *file, unsigned line, size_t column, const char *format, ...);
__attribute__((format(printf, 5, 0))) void policy_errors_add_list(struct policy_errors *errors, const char *file,
	unsigned line, size_t column, const char *format, va_list arguments);

#endif
