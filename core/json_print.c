/*
 * Strings of JSON, to a stream; lines of the log are made by core/json.c, which does not allocate.
 */
#include "core/json_print.h"

#include <string.h>

#include "core/utf8.h"

/* Names of files may hold any byte: what is no UTF-8 becomes U+FFFD. */
void json_print_string(const char *string, FILE *stream)
{
	size_t left = strlen(string);
	size_t step;

	fputc('"', stream);
	for (; left > 0; string += step, left -= step) {
		unsigned char byte = (unsigned char)*string;

		step = utf8_sequence(string, left);
		if (step == 0) {
			fputs("\\ufffd", stream);
			step = 1;
		} else if (byte < 0x20 || byte == 0x7f) {
			fprintf(stream, "\\u%04x", byte);
		} else {
			fprintf(stream, "%s%.*s", byte == '"' || byte == '\\' ? "\\" : "", (int)step, string);
		}
	}
	fputc('"', stream);
}

void json_print_member(const char *key, const char *string, FILE *stream)
{
	fprintf(stream, "\"%s\":", key);
	if (string)
		json_print_string(string, stream);
	else
		fputs("null", stream);
}
