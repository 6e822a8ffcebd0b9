/*
 * Which strings are names: a canonical path has no empty, "." or ".." component, and a slash at its end
 * only as the root.
 */
#include "core/pattern_names.h"

#include "core/util.h"

static unsigned pattern_name_start(enum pattern_names names, unsigned char byte)
{
	if (names == PATTERN_NAMES_WORDS)
		return byte == '/' ? PATTERN_NAME_DEAD : PATTERN_NAME_WORD;
	if (names == PATTERN_NAMES_ABSTRACT)
		return byte == '@' ? PATTERN_NAME_ANY : PATTERN_NAME_DEAD;
	if (byte == '/')
		return PATTERN_NAME_ROOT;
	return names == PATTERN_NAMES_FILES && byte == '!' ? PATTERN_NAME_LITERAL + 1 : PATTERN_NAME_DEAD;
}

static unsigned pattern_name_literal(unsigned state, unsigned char byte)
{
	static const char secret[] = PATTERN_NAME_SECRET;
	unsigned read = state - PATTERN_NAME_LITERAL;

	if (read == PATTERN_NAME_FORK && byte == ':')
		return PATTERN_NAME_ANY;
	return read < sizeof(secret) - 1 && byte == (unsigned char)secret[read] ? state + 1 : PATTERN_NAME_DEAD;
}

static unsigned pattern_name_path(unsigned state, unsigned char byte)
{
	if (byte == '/')
		return state == PATTERN_NAME_INSIDE ? PATTERN_NAME_COMPONENT : PATTERN_NAME_DEAD;
	if (byte != '.' || state == PATTERN_NAME_INSIDE || state == PATTERN_NAME_DOTS)
		return PATTERN_NAME_INSIDE;
	return state == PATTERN_NAME_DOT ? PATTERN_NAME_DOTS : PATTERN_NAME_DOT;
}

unsigned pattern_name_next(enum pattern_names names, unsigned state, unsigned char byte)
{
	if (state == PATTERN_NAME_START)
		return pattern_name_start(names, byte);
	if (state == PATTERN_NAME_ANY || state == PATTERN_NAME_DEAD)
		return state;
	if (state == PATTERN_NAME_WORD)
		return byte == '/' ? PATTERN_NAME_DEAD : PATTERN_NAME_WORD;
	if (state > PATTERN_NAME_LITERAL)
		return pattern_name_literal(state, byte);
	return pattern_name_path(state, byte);
}

bool pattern_name_ends(enum pattern_names names, unsigned state)
{
	if (state == PATTERN_NAME_ROOT)
		return names != PATTERN_NAMES_BELOW;
	return state == PATTERN_NAME_INSIDE || state == PATTERN_NAME_WORD || state == PATTERN_NAME_ANY ||
	       state == PATTERN_NAME_LITERAL + sizeof(PATTERN_NAME_SECRET) - 1;
}
