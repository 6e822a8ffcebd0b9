/*
 * Patterns for tips: "/a{,/b{,/c}}" is /a, /a/b and /a/b/c.
 */
#include "core/tip.h"

#include <stdio.h>
#include <string.h>

#include "core/pattern.h"
#include "core/util.h"

bool tip_pattern(const char *name, const char *whole, char *buffer, size_t size)
{
	/* Below "/" the first slash is there already. */
	size_t position = str_equal(name, "/") ? 0 : strlen(name);
	char quoted[PATH_MAX * 2];
	size_t length;
	unsigned depth = 0;

	if (pattern_quote(name, quoted, sizeof(quoted)) < 0)
		return false;
	length = (size_t)snprintf(buffer, size, "%s", quoted);
	while (whole[position] == '/' && whole[position + 1] != '\0' && length < size) {
		size_t part = 1 + strcspn(whole + position + 1, "/");
		char component[NAME_MAX + 2];

		snprintf(component, sizeof(component), "%.*s", (int)part - !position, whole + position + !position);
		if (pattern_quote(component, quoted, sizeof(quoted)) < 0)
			return false;
		length += (size_t)snprintf(buffer + length, size - length, "{,%s", quoted);
		position += part;
		depth++;
	}
	if (length + depth >= size)
		return false;
	memset(buffer + length, '}', depth);
	buffer[length + depth] = '\0';
	return true;
}
