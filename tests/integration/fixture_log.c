/*
 * Reads the log of the program: one JSON object a line, between which there may be the
 * payload's own output. Only what the tests need: strings and numbers on the first level.
 */
#include "tests/integration/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Just behind the colon after this key in this line, or NULL. */
static const char *log_value(const char *line, const char *key)
{
	const char *end = line + strcspn(line, "\n");
	char quoted[64];
	const char *found;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	found = strstr(line, quoted);
	if (!found || found >= end)
		return NULL;
	found += strlen(quoted);
	return found + strspn(found, " ");
}

static char log_unescape(const char **from)
{
	static const char names[] = "nrtbf", values[] = "\n\r\t\b\f";
	const char *at = *from;
	const char *known;
	char digits[5] = "";

	*from = at + 1;
	if (*at == 'u' && strlen(at) > 4) {
		memcpy(digits, at + 1, 4);
		*from = at + 5;
		return (char)strtoul(digits, NULL, 16);
	}
	known = *at ? strchr(names, *at) : NULL;
	return known ? values[known - names] : *at;
}

bool log_field(const char *line, const char *key, char *buffer, size_t size)
{
	const char *at = log_value(line, key);
	size_t length = 0;

	if (!at)
		return false;
	if (*at != '"') {
		length = strcspn(at, ",} \n");
		snprintf(buffer, size, "%.*s", (int)length, at);
		return true;
	}
	at++;
	while (*at && *at != '"' && *at != '\n' && length + 1 < size) {
		if (*at != '\\') {
			buffer[length++] = *at++;
			continue;
		}
		at++;
		buffer[length++] = log_unescape(&at);
	}
	buffer[length] = '\0';
	return true;
}

static bool log_is(const char *line, const char *key, const char *value)
{
	char buffer[8192];

	return !key || (log_field(line, key, buffer, sizeof(buffer)) && strcmp(buffer, value) == 0);
}

static const char *log_next(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool log_matches(
	const char *line, const char *key_a, const char *value_a, const char *key_b, const char *value_b)
{
	return *line == '{' && log_is(line, key_a, value_a) && log_is(line, key_b, value_b);
}

const char *log_line(const char *log, const char *key_a, const char *value_a, const char *key_b, const char *value_b)
{
	for (; *log; log = log_next(log))
		if (log_matches(log, key_a, value_a, key_b, value_b))
			return log;
	return NULL;
}

unsigned log_count(const char *log, const char *key_a, const char *value_a, const char *key_b, const char *value_b)
{
	unsigned count = 0;

	for (; *log; log = log_next(log))
		count += log_matches(log, key_a, value_a, key_b, value_b);
	return count;
}
