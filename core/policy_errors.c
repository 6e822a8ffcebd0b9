/*
 * Collecting the errors of a policy. What is quoted from a policy is not trusted: control
 * characters are made visible, so that no message can move the cursor or forge a line.
 */
#include "core/policy_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

void policy_errors_release(struct policy_errors *errors)
{
	free(errors->text);
	*errors = (struct policy_errors){ .text = NULL };
}

static bool policy_errors_reserve(struct policy_errors *errors, size_t more)
{
	size_t wanted = errors->length + more;
	char *grown;

	if (wanted <= errors->capacity)
		return true;
	wanted = wanted * 2 + 256;
	grown = realloc(errors->text, wanted);
	if (!grown)
		return false;
	errors->text = grown;
	errors->capacity = wanted;
	return true;
}

/* What a terminal would act upon is shown as \\xHH. Returns the length written. */
static size_t policy_errors_show(char *to, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	if (byte >= 0x20 && byte != 0x7f) {
		to[0] = (char)byte;
		return 1;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[byte >> 4];
	to[3] = digits[byte & 15];
	return 4;
}

static bool policy_errors_append(struct policy_errors *errors, const char *line)
{
	/* a byte becomes at most the four of \xHH, then newline and NUL */
	if (!policy_errors_reserve(errors, strlen(line) * 4 + 2))
		return false;
	for (; *line; line++)
		errors->length += policy_errors_show(errors->text + errors->length, (unsigned char)*line);
	errors->text[errors->length++] = '\n';
	errors->text[errors->length] = '\0';
	return true;
}

void policy_errors_add_list(struct policy_errors *errors, const char *file, unsigned line, size_t column,
	const char *format, va_list arguments)
{
	AUTO_FREE char *message = NULL;
	AUTO_FREE char *whole = NULL;

	if (++errors->count > POLICY_ERRORS_SHOWN)
		return;
	if (vasprintf(&message, format, arguments) < 0 ||
		asprintf(&whole, "%s:%u:%zu: %s", file, line, column, message) < 0 ||
		!policy_errors_append(errors, whole))
		errors->out_of_memory = true;
}

void policy_errors_add(
	struct policy_errors *errors, const char *file, unsigned line, size_t column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	policy_errors_add_list(errors, file, line, column, format, arguments);
	va_end(arguments);
}
