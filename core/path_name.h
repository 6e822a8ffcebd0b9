/*
 * Names of descriptors that we hold, as the kernel tells them through our own
 * /proc/self/fd, and how far they can be believed. Part of core/path.c's business.
 */
#ifndef KENNEL_CORE_PATH_NAME_H
#define KENNEL_CORE_PATH_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path.h"

struct call;
struct supervisor;

enum path_name_kind {
	NAME_SURE,     /* the object is at this name, as far as we looked */
	NAME_COVERED,  /* it is its name for the rules, and nothing leads there any more: covered or unmounted */
	NAME_DELETED,  /* it was: removed since then */
	NAME_MEMORY,   /* "!memfd:NAME", "!memfd_secret:": a file that never had a name */
	NAME_DETACHED, /* "!detached/...": on a mount that we have never seen */
	NAME_NONE,     /* pipe, socket, anonymous inode: the text is only for the log */
};

/*
 * Fills name. With `verify` the string is compared with the object by mount, device and inode:
 * needed for whatever did not come from a walk from the root. The kind, or -errno
 * (-ENAMETOOLONG for a long name that is not remembered, core/path_long.h).
 */
int path_name_read(const struct supervisor *supervisor, int fd, bool verify, char name[PATH_NAME_SIZE]);

/* Appends "/component" to the name of a directory. 0 or -ENAMETOOLONG. */
int path_name_join(char name[PATH_NAME_SIZE], const char *component, size_t length);

/* Decides walk on each prefix of an absolute name, itself included. 0 or -ENOENT. */
int path_name_judge(struct call *call, const char *name);

#endif
