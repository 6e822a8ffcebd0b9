/*
 * The names of what can be given back, in the order in which they are printed.
 */
#include "core/unsafe.h"

static const char *const unsafe_names[UNSAFE_COUNT] = {
	[UNSAFE_CAPS] = "caps",
	[UNSAFE_ENV] = "env",
	[UNSAFE_HARDLINKS] = "hardlinks",
	[UNSAFE_PTRACE] = "ptrace",
	[UNSAFE_SYMLINKS] = "symlinks",
};

const char *unsafe_name(enum unsafe unsafe)
{
	return unsafe_names[unsafe];
}
