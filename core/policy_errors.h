/*
 * The errors of a policy that is being loaded: collected, so that one run shows all of them, each
 * as a line "FILE:LINE:COLUMN: message" without control characters, or as JSON.
 */
#ifndef KENNEL_CORE_POLICY_ERRORS_H
#define KENNEL_CORE_POLICY_ERRORS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define POLICY_ERRORS_SHOWN 1000u /* further ones are only counted */

/* All strings are owned; expected and nearest are parts of the message, NULL where it has none. */
struct policy_error {
	char *file;
	unsigned line;
	size_t column;
	char *message;
	char *expected;
	char *nearest;
};

struct policy_errors {
	struct policy_error *errors; /* the first POLICY_ERRORS_SHOWN */
	size_t kept;
	unsigned long count;
	bool out_of_memory;
};

void policy_errors_release(struct policy_errors *errors);

/*
 * line and column start at 1; the column counts bytes. What follows "expected " in the format, up to
 * ", found" or the hint, is what was expected.
 */
__attribute__((format(printf, 5, 6))) void policy_errors_add(
	struct policy_errors *errors, const char *file, unsigned line, size_t column, const char *format, ...);
__attribute__((format(printf, 5, 0))) void policy_errors_add_list(struct policy_errors *errors, const char *file,
	unsigned line, size_t column, const char *format, va_list arguments);

void policy_errors_print(const struct policy_errors *errors, FILE *stream);

/* An array, without a newline. */
void policy_errors_print_json(const struct policy_errors *errors, FILE *stream);

#endif
