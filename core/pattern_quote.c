/*
 * Quoting names for policies, and back. What is written here is what core/pattern_scan.c
 * reads as one literal byte.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/pattern.h"
#include "core/pattern_internal.h"
#include "core/utf8.h"

/* Also what ends a line, starts a comment or a variable, or is trimmed: a tip stays one line. */
static const char pattern_special[] = "\\*?[]{}+:,!#$";

/* Writes the quoted form of the bytes at name, at most 4 and NUL; returns how many were read. */
static size_t pattern_quote_one(const char *name, size_t left, char piece[8])
{
	unsigned char byte = (unsigned char)name[0];
	size_t sequence = utf8_sequence(name, left);
	bool trimmed = byte == ' ' && left == 1;

	if (sequence == 0 || byte < 0x20 || byte == 0x7f || trimmed) {
		snprintf(piece, 8, "\\x%02x", byte);
		return 1;
	}
	if (strchr(pattern_special, name[0])) {
		snprintf(piece, 8, "\\%c", name[0]);
		return 1;
	}
	memcpy(piece, name, sequence);
	piece[sequence] = '\0';
	return sequence;
}

long pattern_quote(const char *name, char *buffer, size_t size)
{
	size_t left = strlen(name);
	size_t length = 0;

	while (left > 0) {
		char piece[8];
		size_t read = pattern_quote_one(name, left, piece);
		size_t written = strlen(piece);

		if (length + written >= size)
			return -ENAMETOOLONG;
		memcpy(buffer + length, piece, written);
		length += written;
		name += read;
		left -= read;
	}
	if (length >= size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return (long)length;
}

long pattern_unquote(const char *text, char *buffer, size_t size, size_t *error_offset_out, const char **error_out)
{
	size_t length = 0;

	for (size_t at = 0; text[at] != '\0';) {
		int byte = (unsigned char)text[at];
		size_t read = 0;

		if (byte == '\\') {
			byte = pattern_scan_quoted(text + at + 1, &read, error_out);
			*error_offset_out = at;
			if (byte < 0)
				return -EINVAL;
		}
		if (length + 1 >= size)
			return -ENAMETOOLONG;
		buffer[length++] = (char)byte;
		at += 1 + read;
	}
	if (length >= size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return (long)length;
}
