/*
 * UTF-8 as policies need it: is this a valid sequence, and how long is it. Owns nothing.
 */
#ifndef KENNEL_CORE_UTF8_H
#define KENNEL_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the valid sequence at bytes (1 to 4), 0 when there is none. NUL is no sequence. */
static inline size_t utf8_sequence(const char *bytes, size_t left)
{
	const unsigned char *b = (const unsigned char *)bytes;
	size_t length = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;

	if (left == 0 || b[0] == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf0 && b[1] < 0x90) ||
		(b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return length;
}

#endif
