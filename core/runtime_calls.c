/*
 * The stat family runs commands, the open family reads the state. Nothing else knows /dev/kennel: to access(), to
 * readlink() and to calls on a descriptor there is no such file.
 */
#include "core/runtime_calls.h"

#include <stddef.h>

#include "core/mem.h"
#include "core/util.h"

static const struct runtime_call runtime_calls[] = {
	{ SC_stat, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_NEW },
	{ SC_lstat, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_NEW },
	{ SC_newfstatat, RUNTIME_STAT, 1, 3, 2, STAT_NEW },
	{ SC_stat64, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_64 },
	{ SC_lstat64, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_64 },
	{ SC_fstatat64, RUNTIME_STAT, 1, 3, 2, STAT_64 },
	{ SC_oldstat, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_OLD },
	{ SC_oldlstat, RUNTIME_STAT, 0, RUNTIME_NONE, 1, STAT_OLD },
	{ SC_statx, RUNTIME_STATX, 1, 2, 4, 0 },
	{ SC_open, RUNTIME_OPEN, 0, 1, RUNTIME_NONE, 0 },
	{ SC_openat, RUNTIME_OPEN, 1, 2, RUNTIME_NONE, 0 },
	{ SC_openat2, RUNTIME_OPENAT2, 1, 2, 3, 0 },
};

const struct runtime_call *runtime_call_find(enum sysno sysno)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtime_calls); i++)
		if (runtime_calls[i].sysno == sysno)
			return &runtime_calls[i];
	return NULL;
}
