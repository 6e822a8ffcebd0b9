/*
 * The loader itself, and the shape of commands: lines, comments, name, operator, value.
 * What a command means is in core/policy_command.c; where text comes from in
 * core/policy_file.c and core/policy_short.c.
 */
#include "core/policy_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/nearest.h"
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/policy_weight.h"
#include "core/utf8.h"
#include "core/util.h"

struct policy_loader *policy_loader_new(policy_lookup_fn *lookup, void *lookup_context)
{
	struct policy_loader *loader = calloc(1, sizeof(*loader));

	if (!loader)
		return NULL;
	loader->lookup = lookup;
	loader->lookup_context = lookup_context;
	loader->policy = policy_new();
	if (!loader->policy) {
		free(loader);
		return NULL;
	}
	return loader;
}

void policy_loader_free(struct policy_loader *loader)
{
	if (!loader)
		return;
	policy_free(loader->policy);
	policy_errors_release(&loader->errors);
	free(loader);
}

unsigned long policy_loader_errors(const struct policy_loader *loader)
{
	return loader->errors.count;
}

/* Nothing more is read: an error has been noted before. */
static bool policy_loader_full(const struct policy_loader *loader)
{
	return loader->weight + loader->errors.count * POLICY_WEIGHT_ERROR > POLICY_WEIGHT_MAX;
}

bool policy_charge(const struct policy_statement *statement, size_t weight)
{
	struct policy_loader *loader = statement->loader;

	loader->weight += weight;
	if (loader->weight > POLICY_WEIGHT_MAX)
		policy_statement_fail(statement, 0, "expected fewer or simpler rules: this policy is too large");
	return loader->weight <= POLICY_WEIGHT_MAX;
}

bool policy_charge_line(struct policy_loader *loader, const struct policy_place *place, size_t weight)
{
	loader->weight += weight;
	if (loader->weight > POLICY_WEIGHT_MAX)
		policy_fail(loader, place, 0, "expected fewer networks: this policy is too large");
	return !policy_loader_full(loader);
}

static void policy_loader_print(const struct policy_loader *loader, FILE *stream)
{
	policy_errors_print(&loader->errors, stream);
	if (policy_loader_full(loader))
		fputs("the rest was not read\n", stream);
}

void policy_loader_print_json(const struct policy_loader *loader, FILE *stream)
{
	policy_errors_print_json(&loader->errors, stream);
}

struct policy *policy_loader_finish(struct policy_loader *loader, FILE *stream)
{
	if (loader->errors.count == 0 && !loader->errors.out_of_memory && policy_seal(loader->policy))
		policy_fail_memory(loader);
	if (loader->errors.count > 0 || loader->errors.out_of_memory) {
		if (stream)
			policy_loader_print(loader, stream);
		return NULL;
	}
	return take_ptr(loader->policy);
}

void policy_fail_memory(struct policy_loader *loader)
{
	loader->errors.out_of_memory = true;
}

void policy_fail(struct policy_loader *loader, const struct policy_place *place, size_t offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	policy_errors_add_list(&loader->errors, place->file, place->line, offset + 1, format, arguments);
	va_end(arguments);
}

void policy_statement_fail(const struct policy_statement *statement, size_t offset, const char *format, ...)
{
	const struct policy_place *place = statement->place;
	va_list arguments;

	va_start(arguments, format);
	policy_errors_add_list(&statement->loader->errors, place->file, place->line, offset + 1, format, arguments);
	va_end(arguments);
}

struct rule_origin policy_origin(const struct policy_statement *statement)
{
	struct policy_loader *loader = statement->loader;
	struct rule_origin origin = { policy_own_string(loader->policy, statement->place->file),
		statement->place->line };

	if (!origin.file)
		policy_fail_memory(loader);
	return origin;
}

void policy_load_error(struct policy_loader *loader, const char *option, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	policy_errors_add_list(&loader->errors, option, 1, 1, format, arguments);
	va_end(arguments);
}

const char *policy_hint_nearest(struct policy_hint *hint, const char *word, const char *const *words, size_t count)
{
	const char *nearest = nearest_word(word, words, count);

	hint->text[0] = '\0';
	if (nearest)
		snprintf(hint->text, sizeof(hint->text), " (did you mean '%s'?)", nearest);
	return hint->text;
}

/* The length of the name at the start of text. The set all-x is the only name with a minus. */
static size_t policy_name_length(const char *text)
{
	size_t length = 0;

	for (;; length++) {
		char c = text[length];

		if (isascii((unsigned char)c) && (isalnum((unsigned char)c) || c == '_' || c == '/' || c == ','))
			continue;
		if (c == '-' && length >= 4 && strncmp(text + length - 3, "all-x", 5) == 0 &&
			strchr("/,", text[length - 4]) && text[length + 2] && strchr(",:+-^?!", text[length + 2]))
			continue;
		return length;
	}
}

static bool policy_statement_is_include(const struct policy_statement *statement)
{
	return str_equal(statement->name, "include") || str_equal(statement->name, "include_profile");
}

/* Fills operator and value_at from what follows the name. */
static bool policy_statement_operator(struct policy_statement *statement, size_t at)
{
	char c = statement->text[at];

	statement->value_at = at;
	if (c == '\0')
		return true;
	if (policy_statement_is_include(statement) && isspace((unsigned char)c)) {
		statement->op = ' ';
		statement->value_at = at + strspn(statement->text + at, " \t");
		return true;
	}
	if (strchr(":+-^!?", c)) {
		statement->op = c;
		statement->value_at = at + 1;
		return true;
	}
	policy_statement_fail(statement, at, "unexpected '%.*s' after '%s', expected one of : + - ^ ! ?",
		(int)utf8_sequence(statement->text + at, 4), statement->text + at, statement->name);
	return false;
}

static bool policy_statement_expand(struct policy_statement *statement)
{
	struct policy_vars *value = &statement->value;
	int result;

	value->lookup = statement->loader->lookup;
	value->lookup_context = statement->loader->lookup_context;
	result = policy_vars_expand(value, statement->text + statement->value_at);
	if (result == -ENOMEM)
		policy_fail_memory(statement->loader);
	else if (result)
		policy_statement_fail(statement, statement->value_at + value->error_offset, "%s", value->error);
	return result == 0;
}

/* One command, without a comment or blanks behind it. */
static void policy_load_statement(struct policy_loader *loader, const char *text, const struct policy_place *place)
{
	struct policy_statement statement = { .loader = loader, .place = place, .text = text };
	size_t at = strspn(text, " \t");
	size_t length = policy_name_length(text + at);

	if (length == 0 || length >= sizeof(statement.name)) {
		policy_statement_fail(
			&statement, at, "expected a command such as sandbox, default, allow, deny or include");
		return;
	}
	memcpy(statement.name, text + at, length);
	if (policy_statement_operator(&statement, at + length) && policy_statement_expand(&statement))
		policy_command_apply(&statement);
	policy_vars_release(&statement.value);
}

/* Without the comment ('#' first in the line or after a blank) and the blanks at the end. */
static size_t policy_line_end(const char *line, size_t length)
{
	size_t end = 0;

	for (size_t i = 0; i < length; i++) {
		if (line[i] == '#' && (i == 0 || end < i))
			break;
		if (line[i] == '\\' && i + 1 < length)
			i++;
		else if (isspace((unsigned char)line[i]))
			continue;
		end = i + 1;
	}
	return end;
}

/* UTF-8 without control characters; a carriage return is trimmed only at the end of a line. */
static bool policy_line_valid(
	struct policy_loader *loader, const char *line, size_t length, const struct policy_place *place)
{
	size_t step;

	for (size_t i = 0; i < length; i += step) {
		unsigned char byte = (unsigned char)line[i];

		step = utf8_sequence(line + i, length - i);
		if (byte == 0)
			policy_fail(loader, place, i, "expected text, found a NUL byte");
		else if (step == 0)
			policy_fail(
				loader, place, i, "expected UTF-8, found byte 0x%02x (quoted: \\x%02x)", byte, byte);
		else if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			policy_fail(loader, place, i, "expected text, found control character 0x%02x (quoted: \\x%02x)",
				byte, byte);
		else
			continue;
		return false;
	}
	return true;
}

static void policy_load_line(
	struct policy_loader *loader, const char *line, size_t length, const struct policy_place *place)
{
	AUTO_FREE char *copy = NULL;

	if (length > POLICY_LINE_MAX) {
		policy_fail(loader, place, POLICY_LINE_MAX, "expected a line of at most %u bytes", POLICY_LINE_MAX);
		return;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (!policy_line_valid(loader, line, length, place))
		return;
	length = policy_line_end(line, length);
	if (length == 0)
		return;
	copy = strndup(line, length);
	if (!copy)
		policy_fail_memory(loader);
	else
		policy_load_statement(loader, copy, place);
}

void policy_load_text(struct policy_loader *loader, const char *text, size_t length, struct policy_place *place)
{
	const char *end = text + length;

	while (text < end && !policy_loader_full(loader)) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_length = newline ? (size_t)(newline - text) : (size_t)(end - text);

		place->line++;
		policy_load_line(loader, text, line_length, place);
		text += line_length + 1;
	}
}

void policy_load_one(struct policy_loader *loader, const char *text, const struct policy_place *place)
{
	if (text[strspn(text, " \t\r\n")] == '\0')
		policy_fail(loader, place, 0, "expected a command such as sandbox, default, allow, deny or include");
	else if (strchr(text, '\n'))
		policy_fail(loader, place, strcspn(text, "\n"), "expected one command, found a second line");
	else
		policy_load_line(loader, text, strlen(text), place);
}

void policy_load_command(struct policy_loader *loader, const char *text)
{
	struct policy_place place = { .file = "-m", .line = ++loader->command_count };

	policy_mark_configured(loader->policy);
	if (!policy_loader_full(loader))
		policy_load_one(loader, text, &place);
}
