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
	UNSAFE_KEYRING,
	UNSAFE_LEGACY,
	UNSAFE_NICE,
	UNSAFE_PERF,
	UNSAFE_PERSONALITY,
	UNSAFE_PRCTL,
	UNSAFE_PTRACE,
	UNSAFE_RAWIO,
	UNSAFE_REBOOT,
	UNSAFE_SYMLINKS,
	UNSAFE_SYSLOG,
	UNSAFE_TIME,
	UNSAFE_USERFAULTFD,
	UNSAFE_COUNT,
};

#define UNSAFE_BIT(unsafe) (UINT32_C(1) << (unsafe))

const char *unsafe_name(enum unsafe unsafe);

/* Why nothing gives this back, although somebody may ask for it by this name; NULL: nobody knows it. */
const char *unsafe_never(const char *name);

static inline bool unsafe_given(const struct policy_settings *settings, enum unsafe unsafe)
{
	return settings->unsafe & UNSAFE_BIT(unsafe);
}

#endif
