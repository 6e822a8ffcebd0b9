/*
 * Writes one line of JSON into a buffer of a fixed size. What does not fit makes the
 * line incomplete, which json_end() reports; nothing is ever written past the buffer.
 */
#ifndef KENNEL_CORE_JSON_H
#define KENNEL_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json {
	char *buffer;
	size_t size;
	size_t length;
	bool overflow;
	bool first; /* no member was written yet */
};

void json_begin(struct json *json, char *buffer, size_t size);

/* Control characters, quotes and bytes that are no UTF-8 are escaped (as \u00XX). */
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, long value);

/* An array of strings: begin, items, end. */
void json_array_begin(struct json *json, const char *key);
void json_array_item(struct json *json, const char *value);
void json_array_end(struct json *json);

/* Closes the object with a newline. The length, or 0 when it did not fit. */
size_t json_end(struct json *json);

#endif
