/*
 * The known word nearest to a misspelt one, for error messages.
 */
#ifndef KENNEL_CORE_NEAREST_H
#define KENNEL_CORE_NEAREST_H

#include <stddef.h>

/* NULL when none of the words is near enough to be meant. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
