/*
 * Expanding variables. A variable that is set but empty counts as unset: otherwise
 * allow/read+${DIR}/... with an empty DIR would open everything. No I/O: values come from
 * the loader's lookup.
 */
#include "core/policy_vars.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pattern.h"

#define POLICY_VARS_DEPTH 8
#define POLICY_VARS_LENGTH 65536u
#define POLICY_VARS_NAME 128

void policy_vars_release(struct policy_vars *vars)
{
	free(vars->bytes);
	free(vars->origins);
	vars->bytes = NULL;
	vars->origins = NULL;
}

size_t policy_vars_origin(const struct policy_vars *vars, size_t at)
{
	return vars->origins ? vars->origins[at < vars->length ? at : vars->length] : 0;
}

__attribute__((format(printf, 3, 4))) static int policy_vars_fail(
	struct policy_vars *vars, size_t offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(vars->error, sizeof(vars->error), format, arguments);
	va_end(arguments);
	vars->error_offset = offset;
	return -EINVAL;
}

static int policy_vars_reserve(struct policy_vars *vars, size_t wanted)
{
	char *bytes;
	size_t *origins;

	if (wanted < vars->capacity)
		return 0;
	wanted = wanted * 2 + 64;
	bytes = realloc(vars->bytes, wanted);
	vars->bytes = bytes ? bytes : vars->bytes;
	origins = reallocarray(vars->origins, wanted, sizeof(*origins));
	vars->origins = origins ? origins : vars->origins;
	if (!bytes || !origins)
		return -ENOMEM;
	vars->capacity = wanted;
	return 0;
}

static int policy_vars_append(struct policy_vars *vars, const char *bytes, size_t count, size_t origin, size_t step)
{
	int result;

	if (vars->length + count > POLICY_VARS_LENGTH)
		return policy_vars_fail(vars, origin, "expected a shorter value");
	result = policy_vars_reserve(vars, vars->length + count + 1);
	if (result)
		return result;
	for (size_t i = 0; i < count; i++) {
		vars->bytes[vars->length] = bytes[i];
		vars->origins[vars->length++] = origin + i * step;
	}
	vars->bytes[vars->length] = '\0';
	vars->origins[vars->length] = origin + count * step;
	return 0;
}

/* One ${...} as it stands in the source. */
struct policy_reference {
	char name[POLICY_VARS_NAME];
	size_t start;    /* of the dollar */
	size_t fallback; /* offset of the default's text, 0: none */
	size_t fallback_end;
	size_t end; /* behind the closing brace */
};

/* The closing brace of a default that starts at from; defaults may hold references. */
static size_t policy_reference_close(const char *source, size_t from)
{
	size_t depth = 0;

	for (size_t i = from; source[i] != '\0'; i++) {
		if (source[i] == '\\' && source[i + 1] != '\0')
			i++;
		else if (source[i] == '$' && source[i + 1] == '{')
			depth++, i++;
		else if (source[i] == '}' && depth-- == 0)
			return i;
	}
	return 0;
}

static int policy_reference_read(
	struct policy_vars *vars, const char *source, size_t start, struct policy_reference *reference)
{
	size_t at = start + 2;
	size_t length = 0;

	while (isascii((unsigned char)source[at + length]) &&
		(isalnum((unsigned char)source[at + length]) || source[at + length] == '_'))
		length++;
	if (length == 0 || length >= sizeof(reference->name) || isdigit((unsigned char)source[at]))
		return policy_vars_fail(vars, at, "expected the name of a variable after '${'");
	*reference = (struct policy_reference){ .start = start };
	memcpy(reference->name, source + at, length);
	at += length;
	reference->fallback_end = at;
	if (source[at] == ':' && source[at + 1] == '-') {
		reference->fallback = at + 2;
		reference->fallback_end = policy_reference_close(source, at + 2);
	}
	if (reference->fallback_end == 0 || source[reference->fallback_end] != '}')
		return policy_vars_fail(vars, start, "expected '}' or ':-' after '${%s'", reference->name);
	reference->end = reference->fallback_end + 1;
	return 0;
}

/* Without the slashes at its end where the policy goes on with one: HOME may be "/". */
static int policy_vars_insert(
	struct policy_vars *vars, const char *value, const struct policy_reference *reference, char next)
{
	char plain[PATH_MAX];
	char quoted[PATH_MAX * 4 + 1];
	size_t length = strlen(value);
	long quoted_length;

	if (length >= sizeof(plain))
		return policy_vars_fail(
			vars, reference->start, "expected a shorter value of variable '%s'", reference->name);
	memcpy(plain, value, length + 1);
	while (next == '/' && length > 0 && plain[length - 1] == '/')
		plain[--length] = '\0';
	quoted_length = pattern_quote(plain, quoted, sizeof(quoted));
	if (quoted_length < 0)
		return policy_vars_fail(
			vars, reference->start, "expected a shorter value of variable '%s'", reference->name);
	return policy_vars_append(vars, quoted, (size_t)quoted_length, reference->start, 0);
}

static int policy_vars_range(struct policy_vars *vars, const char *source, size_t from, size_t to, unsigned depth);

static int policy_vars_reference(struct policy_vars *vars, const char *source, size_t *at, unsigned depth)
{
	struct policy_reference reference;
	int result = policy_reference_read(vars, source, *at, &reference);
	const char *value = result == 0 ? vars->lookup(vars->lookup_context, reference.name) : NULL;

	if (result)
		return result;
	*at = reference.end;
	if (value && *value)
		return policy_vars_insert(vars, value, &reference, source[reference.end]);
	if (reference.fallback == 0)
		return policy_vars_fail(vars, reference.start,
			"variable '%s' is %s and has no default, expected ${%s:-DEFAULT}", reference.name,
			value ? "empty" : "not set", reference.name);
	return policy_vars_range(vars, source, reference.fallback, reference.fallback_end, depth + 1);
}

/* How many bytes stand for themselves, a quoted one with its backslash; at least one. */
static size_t policy_vars_run(const char *source, size_t from, size_t to)
{
	size_t at = from;

	while (at < to && source[at] != '$')
		at += source[at] == '\\' && source[at + 1] != '\0' ? 2 : 1;
	return at > from ? at - from : 1;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by POLICY_VARS_DEPTH */
static int policy_vars_range(struct policy_vars *vars, const char *source, size_t from, size_t to, unsigned depth)
{
	int result = 0;

	if (depth > POLICY_VARS_DEPTH)
		return policy_vars_fail(
			vars, from, "expected at most %d defaults within each other", POLICY_VARS_DEPTH);
	for (size_t at = from; at < to && result == 0;) {
		size_t step = policy_vars_run(source, at, to);

		if (source[at] == '$' && source[at + 1] == '{') {
			result = policy_vars_reference(vars, source, &at, depth);
			continue;
		}
		if (source[at] == '$')
			return policy_vars_fail(vars, at, "expected '${NAME}' or '\\$'");
		result = policy_vars_append(vars, source + at, step, at, 1);
		at += step;
	}
	return result;
}

int policy_vars_expand(struct policy_vars *vars, const char *source)
{
	int result = policy_vars_append(vars, "", 0, 0, 1);

	if (result == 0)
		result = policy_vars_range(vars, source, 0, strlen(source), 0);
	if (result == 0)
		vars->origins[vars->length] = strlen(source);
	return result;
}
