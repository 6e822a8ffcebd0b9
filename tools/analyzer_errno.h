/*
 * For clang-tidy only: gives errno a few values that it has after a failure, wherever we read
 * it. The analyzer believes otherwise that `return -errno` may mean success, and
 * reports what the failed call left unset. It cannot reason about the minus of a value that it
 * only knows to be positive, so the values are spelled out; other ones end the path.
 */
#ifndef KENNEL_TOOLS_ANALYZER_ERRNO_H
#define KENNEL_TOOLS_ANALYZER_ERRNO_H

#include <errno.h>

static inline int *analyzer_errno(void)
{
	int *location = __errno_location();

	if (*location != EPERM && *location != ENOENT && *location != EINTR && *location != EAGAIN)
		__builtin_unreachable();
	return location;
}

#undef errno
#define errno (*analyzer_errno())

#endif
