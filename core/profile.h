/*
 * The policies compiled into the program. The table is generated from profiles/ when
 * building; the text of a profile is that of a policy file.
 */
#ifndef KENNEL_CORE_PROFILE_H
#define KENNEL_CORE_PROFILE_H

#include <stddef.h>

struct profile_text {
	const char *name;
	const char *text;
};

extern const struct profile_text profile_texts[];
extern const size_t profile_texts_count;

/* The first sentence of its comment, on one line, into buffer. */
void profile_describe(const struct profile_text *profile, char *buffer, size_t size);

/* NULL when there is none of this name. */
const struct profile_text *profile_find(const char *name);

#endif
