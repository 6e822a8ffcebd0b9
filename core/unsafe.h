/*
 * What allow_unsafe/NAME:on gives back: the one table of names, for the language, its printing and its
 * questions. What an option means is where it is enforced: core/surface.c, core/capability.c, ... Const data.
 */
#ifndef KENNEL_CORE_UNSAFE_H
#define KENNEL_CORE_UNSAFE_H

#include <stdbool.h>

#include "core/policy_settings.h"

enum unsafe {
	UNSAFE_CAPS,
	UNSAFE_ENV,
	UNSAFE_HARDLINKS,
	UNSAFE_PTRACE,
	UNSAFE_SYMLINKS,
	UNSAFE_COUNT,
};

#define UNSAFE_BIT(unsafe) (UINT32_C(1) << (unsafe))

const char *unsafe_name(enum unsafe unsafe);

static inline bool unsafe_given(const struct policy_settings *settings, enum unsafe unsafe)
{
	return settings->unsafe & UNSAFE_BIT(unsafe);
}

#endif
