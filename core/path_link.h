/*
 * Hostile symlinks: whether the last link of a path may be followed. Our walk follows links in the kernel's
 * place, so fs.protected_symlinks is kept here, and without it allow_unsafe/symlinks.
 */
#ifndef KENNEL_CORE_PATH_LINK_H
#define KENNEL_CORE_PATH_LINK_H

#include <stdbool.h>

struct call;
struct statx;

/* May whoever acts now (identity assumed) follow this link in this directory? 0 or -EACCES. */
int path_link_check(struct call *call, const struct statx *dir, const struct statx *link);

/* Is it somebody else's, and not the directory's owner's, in a sticky directory that everybody writes to? */
bool path_link_is_hostile(unsigned dir_mode, unsigned dir_uid, unsigned link_uid, unsigned follower);

#endif
