/*
 * Collecting the errors of a policy. What is quoted from a policy is not trusted: control
 * characters are made visible, so that no message can move the cursor or forge a line.
 */
#include "core/policy_errors.h"

#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/json_print.h"
#include "core/util.h"

static const char hint_start[] = " (did you mean '";
static const char hint_end[] = "'?)";

static void policy_error_release(struct policy_error *error)
{
	free(error->file);
	free(error->message);
	free(error->expected);
	free(error->nearest);
}

void policy_errors_release(struct policy_errors *errors)
{
	for (size_t i = 0; i < errors->kept; i++)
		policy_error_release(&errors->errors[i]);
	free(errors->errors);
	*errors = (struct policy_errors){ .errors = NULL };
}

/* Where the hint starts, the end of the message when there is none. It is always last. */
static const char *policy_error_hint(const char *message)
{
	size_t length = strlen(message);
	const char *hint = NULL;

	if (length < sizeof(hint_end) || !str_equal(message + length - (sizeof(hint_end) - 1), hint_end))
		return message + length;
	for (const char *at = message; (at = strstr(at, hint_start)) != NULL; at++)
		hint = at;
	return hint ? hint : message + length;
}

/* How much of the message comes from the format up to word; the whole length when it is not in there. */
__attribute__((format(printf, 2, 0))) static size_t policy_error_position(
	const char *word, const char *format, va_list arguments)
{
	const char *found = strstr(format, word);
	AUTO_FREE char *head = NULL;
	va_list copy;
	int length;

	if (!found)
		return SIZE_MAX;
	head = strndup(format, (size_t)(found - format));
	if (!head)
		return SIZE_MAX;
	va_copy(copy, arguments);
	length = vsnprintf(NULL, 0, head, copy);
	va_end(copy);
	return length < 0 ? SIZE_MAX : (size_t)length;
}

/* Texts about patterns and variables come whole, by "%s", and hold nothing of a policy but names. */
static size_t policy_error_whole(const char *message)
{
	const char *found = strstr(message, ", expected ");

	if (str_starts(message, "expected "))
		return 0;
	return found ? (size_t)(found + 2 - message) : SIZE_MAX;
}

/* From "expected " to what was found instead. */
__attribute__((format(printf, 2, 0))) static void policy_error_expected(
	struct policy_error *error, const char *format, va_list arguments)
{
	static const char word[] = "expected ";
	const char *hint = policy_error_hint(error->message);
	size_t start = policy_error_position(word, format, arguments);
	size_t end = policy_error_position(", found", format, arguments);
	size_t limit = (size_t)(hint - error->message);

	if (start == SIZE_MAX && str_equal(format, "%s"))
		start = policy_error_whole(error->message);
	if (*hint)
		error->nearest = strndup(hint + sizeof(hint_start) - 1,
			strlen(hint) - (sizeof(hint_start) - 1) - (sizeof(hint_end) - 1));
	if (start == SIZE_MAX)
		return;
	start += sizeof(word) - 1;
	end = end < limit ? end : limit;
	if (start < end)
		error->expected = strndup(error->message + start, end - start);
}

void policy_errors_add_list(struct policy_errors *errors, const char *file, unsigned line, size_t column,
	const char *format, va_list arguments)
{
	struct policy_error error = { .line = line, .column = column };
	struct policy_error *larger;
	va_list copy;
	int length;

	if (++errors->count > POLICY_ERRORS_SHOWN)
		return;
	larger = reallocarray(errors->errors, errors->kept + 1, sizeof(*larger));
	if (larger)
		errors->errors = larger;
	error.file = strdup(file);
	va_copy(copy, arguments);
	length = vasprintf(&error.message, format, copy);
	va_end(copy);
	if (!larger || !error.file || length < 0) {
		errors->out_of_memory = true;
		free(error.file);
		return;
	}
	policy_error_expected(&error, format, arguments);
	errors->errors[errors->kept++] = error;
}

void policy_errors_add(
	struct policy_errors *errors, const char *file, unsigned line, size_t column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	policy_errors_add_list(errors, file, line, column, format, arguments);
	va_end(arguments);
}

/* What a terminal would act upon is shown as \xHH. */
static void policy_errors_show(const char *text, FILE *stream)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x20 && byte != 0x7f)
			fputc(byte, stream);
		else
			fprintf(stream, "\\x%02x", byte);
	}
}

void policy_errors_print(const struct policy_errors *errors, FILE *stream)
{
	for (size_t i = 0; i < errors->kept; i++) {
		const struct policy_error *error = &errors->errors[i];

		policy_errors_show(error->file, stream);
		fprintf(stream, ":%u:%zu: ", error->line, error->column);
		policy_errors_show(error->message, stream);
		fputc('\n', stream);
	}
	if (errors->count > POLICY_ERRORS_SHOWN)
		fprintf(stream, "and %lu more errors\n", errors->count - POLICY_ERRORS_SHOWN);
	if (errors->out_of_memory)
		fputs("out of memory while loading the policy\n", stream);
}

void policy_errors_print_json(const struct policy_errors *errors, FILE *stream)
{
	fputc('[', stream);
	for (size_t i = 0; i < errors->kept; i++) {
		const struct policy_error *error = &errors->errors[i];

		fputs(i > 0 ? ",{" : "{", stream);
		json_print_member("file", error->file, stream);
		fprintf(stream, ",\"line\":%u,\"column\":%zu,", error->line, error->column);
		json_print_member("message", error->message, stream);
		fputc(',', stream);
		json_print_member("expected", error->expected, stream);
		fputc(',', stream);
		json_print_member("nearest", error->nearest, stream);
		fputc('}', stream);
	}
	fputc(']', stream);
}
