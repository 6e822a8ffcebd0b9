/*
 * The pattern of a rule that would allow one name, and where that was refused on the way to it, every
 * directory from there on: for the log and for kennel explain. Pure.
 */
#ifndef KENNEL_CORE_TIP_H
#define KENNEL_CORE_TIP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define TIP_PATTERN_MAX (PATH_MAX * 5)

/* name is whole, or a directory above it. False when it does not fit. */
bool tip_pattern(const char *name, const char *whole, char *buffer, size_t size);

#endif
