/*
 * Swaps two names atomically, again and again, until it is killed: the outside part of
 * the symlink and directory races. Arguments: two names.
 */
#include "guest.h"

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (;;)
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE))
			guest_fail(__FILE__, __LINE__, "renameat2", errno);
}
