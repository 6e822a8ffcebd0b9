/*
 * Which mount points are procfs, read from mountinfo at the start: paths below them
 * depend on who looks and always take the slow road.
 */
#ifndef KENNEL_CORE_MOUNTS_H
#define KENNEL_CORE_MOUNTS_H

#include <stdbool.h>

struct mounts;

/* NULL when mountinfo cannot be read. */
struct mounts *mounts_new(void);
void mounts_free(struct mounts *mounts);

/* True when the absolute name is a procfs mount point or below one. */
bool mounts_below_procfs(const struct mounts *mounts, const char *name);

/* fs.protected_symlinks as it was at the start: our walk follows links in the kernel's place. */
bool mounts_protected_symlinks(const struct mounts *mounts);

#endif
