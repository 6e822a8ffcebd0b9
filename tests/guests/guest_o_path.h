/*
 * What O_PATH gives here. For the guests that look at such descriptors.
 */
#ifndef KENNEL_TESTS_GUESTS_GUEST_O_PATH_H
#define KENNEL_TESTS_GUESTS_GUEST_O_PATH_H

#include "guest.h"

/*
 * True where O_PATH gives what it gives natively: not under rules of the categories walk or
 * stat, where it is a descriptor for reading (doc/BOUNDARY.md). Then that must be what it gives.
 */
static inline bool guest_has_o_path(void)
{
	int fd = open(".", O_PATH | O_DIRECTORY);
	int flags = fcntl(fd, F_GETFL);

	if (fd < 0 || (!(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY))
		guest_fail(__FILE__, __LINE__, "O_PATH", errno);
	close(fd);
	return flags & O_PATH;
}

#endif
