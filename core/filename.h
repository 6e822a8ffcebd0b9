/*
 * Names of files that are meant to fool people or programs (filename/strict:on). Pure.
 */
#ifndef KENNEL_CORE_FILENAME_H
#define KENNEL_CORE_FILENAME_H

#include <stdbool.h>

/*
 * True for a name (one component) that begins with '-', '~' or a space, ends with a space, holds a
 * control character or a character that shells take apart, or is no UTF-8.
 */
bool filename_hostile(const char *name);

#endif
