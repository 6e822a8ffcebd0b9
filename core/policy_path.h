/*
 * Names as people write them, on the command line: made absolute, and canonical.
 */
#ifndef KENNEL_CORE_POLICY_PATH_H
#define KENNEL_CORE_POLICY_PATH_H

#include <limits.h>
#include <stdbool.h>

/* Behind the current directory when it is relative. 0 or -errno, as everywhere here. */
int policy_path_absolute(const char *value, char absolute[PATH_MAX]);

/* Appends the components of path to name, a canonical one; "." and empty ones vanish, ".." goes up. */
int policy_path_append(char name[PATH_MAX], const char *path);

/* True when it holds "..", so that its spelling alone does not say where it leads. */
bool policy_path_goes_up(const char *path);

/* Symlinks followed as far as the path exists, the rest as written. */
int policy_path_canonical(const char *absolute, char name[PATH_MAX]);

#endif
