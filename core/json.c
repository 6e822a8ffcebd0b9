/*
 * Escaping is the point here: a file name must never be able to forge a line or to
 * reach a terminal with an escape sequence.
 */
#include "core/json.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

static void json_put(struct json *json, const char *text, size_t length)
{
	if (json->overflow || length > json->size - json->length) {
		json->overflow = true;
		return;
	}
	memcpy(json->buffer + json->length, text, length);
	json->length += length;
}

static void json_escape(struct json *json, unsigned char byte)
{
	char escaped[8];

	if (byte == '"' || byte == '\\')
		json_put(json, (char[]){ '\\', (char)byte }, 2);
	else
		json_put(json, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", byte));
}

static void json_quoted(struct json *json, const char *text)
{
	json_put(json, "\"", 1);
	while (*text) {
		size_t length = utf8_sequence(text, 4); /* the NUL ends a sequence that is cut */
		unsigned char byte = (unsigned char)*text;
		bool control = byte == 0xc2 && length == 2 && (unsigned char)text[1] < 0xa0;

		if (control) {
			json_escape(json, (unsigned char)text[1]);
			text += length;
			continue;
		}
		if (length > 1) {
			json_put(json, text, length);
			text += length;
			continue;
		}
		if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\')
			json_escape(json, byte);
		else
			json_put(json, text, 1);
		text++;
	}
	json_put(json, "\"", 1);
}

static void json_key(struct json *json, const char *key)
{
	if (!json->first)
		json_put(json, ",", 1);
	json->first = false;
	if (key) {
		json_quoted(json, key);
		json_put(json, ":", 1);
	}
}

void json_begin(struct json *json, char *buffer, size_t size)
{
	*json = (struct json){ .buffer = buffer, .size = size, .first = true };
	json_put(json, "{", 1);
}

void json_string(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_quoted(json, value);
}

void json_number(struct json *json, const char *key, long value)
{
	char text[24];

	json_key(json, key);
	json_put(json, text, (size_t)snprintf(text, sizeof(text), "%ld", value));
}

void json_array_begin(struct json *json, const char *key)
{
	json_key(json, key);
	json_put(json, "[", 1);
	json->first = true;
}

void json_array_item(struct json *json, const char *value)
{
	json_key(json, NULL);
	json_quoted(json, value);
}

void json_array_end(struct json *json)
{
	json_put(json, "]", 1);
	json->first = false;
}

size_t json_end(struct json *json)
{
	json_put(json, "}\n", 2);
	return json->overflow ? 0 : json->length;
}
