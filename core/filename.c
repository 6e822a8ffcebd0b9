/*
 * The test of names behind filename/strict.
 */
#include "core/filename.h"

#include <string.h>

#include "core/utf8.h"

/* What a shell or a careless script would take apart or expand. */
static const char special[] = "*?[](){}!\"'<>|;&$`\\:";

/* U+0080 to U+009F, control characters of two bytes; U+00A0, a space that is none. */
static bool filename_is_odd_pair(const char *at, size_t length)
{
	return length == 2 && at[0] == '\xc2' && (unsigned char)at[1] <= 0xa0;
}

bool filename_hostile(const char *name)
{
	size_t left = strlen(name);
	size_t step;

	if (left == 0)
		return false;
	if (strchr("-~ ", name[0]) || name[left - 1] == ' ')
		return true;
	for (; left > 0; name += step, left -= step) {
		unsigned char byte = (unsigned char)*name;

		step = utf8_sequence(name, left);
		if (step == 0 || byte < 0x20 || byte == 0x7f || filename_is_odd_pair(name, step))
			return true;
		if (step == 1 && strchr(special, byte))
			return true;
	}
	return false;
}
