/*
 * The name of the filesystem that an object is on, as rules of the category fs know it.
 */
#ifndef KENNEL_CORE_FILESYSTEM_H
#define KENNEL_CORE_FILESYSTEM_H

#include <stddef.h>

/* Longer than any that the kernel has. */
#define FILESYSTEM_NAME_SIZE 64

/*
 * The type of the mount that holds the object, "ext4", into buffer. 0 or -errno: -ENOENT for what
 * is on no mount of ours (a pipe, a memory file).
 */
int filesystem_name(int fd, char buffer[FILESYSTEM_NAME_SIZE]);

#endif
