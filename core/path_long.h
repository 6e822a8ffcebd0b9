/*
 * Names of PATH_MAX bytes and more: the kernel neither takes nor tells them. What a walk has found out about
 * them is remembered, so that a descriptor of such an object has a name too.
 */
#ifndef KENNEL_CORE_PATH_LONG_H
#define KENNEL_CORE_PATH_LONG_H

#include <stdbool.h>

#include "core/path.h"

struct long_names;

/* NULL when memory is exhausted. Pages that are never needed are never touched. */
struct long_names *long_names_new(void);
void long_names_free(struct long_names *names);

/* Does this name lead to the object without a symlink? Cut at slashes where it is in the meantime. */
bool long_name_leads_to(int fd, char *name);

/* The oldest name makes room. */
void long_names_remember(struct long_names *names, int fd, const char *name);

/* False: not known, or no longer the object's. */
bool long_names_find(struct long_names *names, int fd, char name[PATH_NAME_SIZE]);

#endif
