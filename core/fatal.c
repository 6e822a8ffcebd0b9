/*
 * Calls nothing that could fail in its turn, or that could hold the end up.
 */
#include "core/fatal.h"

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define FATAL_STATUS 125

_Noreturn void fatal_end(const char *what)
{
	static const char before[] = "kennel: ", after[] = ": the sandbox ends\n";
	const struct iovec parts[] = {
		{ (void *)(uintptr_t)before, sizeof(before) - 1 },
		{ (void *)(uintptr_t)what, strlen(what) },
		{ (void *)(uintptr_t)after, sizeof(after) - 1 },
	};
	/* Nobody is left to be told of a failure here. */
	ssize_t written = writev(STDERR_FILENO, parts, sizeof(parts) / sizeof(parts[0]));

	(void)written;
	_exit(FATAL_STATUS);
}
