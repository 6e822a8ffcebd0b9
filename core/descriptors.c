/*
 * close_range(2), 5.9.
 */
#include "core/descriptors.h"

#include <errno.h>
#include <unistd.h>

int descriptors_close_others(const int *keep, unsigned count)
{
	unsigned from = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned kept = (unsigned)keep[i];

		if (kept > from && close_range(from, kept - 1, 0) < 0)
			return -errno;
		from = kept + 1;
	}
	return close_range(from, ~0U, 0) < 0 ? -errno : 0;
}
