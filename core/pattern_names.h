/*
 * The names that can exist, as an automaton of a few states: only those are compared. For
 * core/pattern_product.c. Pure.
 */
#ifndef KENNEL_CORE_PATTERN_NAMES_H
#define KENNEL_CORE_PATTERN_NAMES_H

#include "core/pattern_product.h"

#define PATTERN_NAME_SECRET "!memfd_secret:"
#define PATTERN_NAME_FORK 6 /* so much of it, then ':': the name of a memory file */

enum pattern_name {
	PATTERN_NAME_START,
	PATTERN_NAME_ROOT,      /* "/" */
	PATTERN_NAME_COMPONENT, /* at the start of one */
	PATTERN_NAME_DOT,
	PATTERN_NAME_DOTS,
	PATTERN_NAME_INSIDE, /* within a component */
	PATTERN_NAME_WORD,
	PATTERN_NAME_ANY,     /* behind "!memfd:", or '@' */
	PATTERN_NAME_DEAD,    /* no name */
	PATTERN_NAME_LITERAL, /* + the number of bytes of PATTERN_NAME_SECRET that were read */
};

/* The state after one more byte. */
unsigned pattern_name_next(enum pattern_names names, unsigned state, unsigned char byte);

/* True when what was read is a name. */
bool pattern_name_ends(enum pattern_names names, unsigned state);

#endif
