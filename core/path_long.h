/*
 * Names of PATH_MAX bytes and more: the kernel neither takes nor tells them. What a walk has found out about
 * them is remembered, so that a descriptor of such an object has a name too.
 */
#ifndef KENNEL_CORE_PATH_LONG_H
#define KENNEL_CORE_PATH_LONG_H

#include <stdbool.h>

#include "core/path.h"

struct long_names;
struct supervisor;

/* NULL when memory is exhausted. Pages that are never needed are never touched. */
struct long_names *long_names_new(void);
void long_names_free(struct long_names *names);

/* A way that is noted name by name: one more that was no symlink, and "..". "" stays: it is not known. */
void long_way_begin(char way[PATH_NAME_SIZE], const char *name, size_t length);
void long_way_down(char way[PATH_NAME_SIZE], const char *name);
void long_way_up(char way[PATH_NAME_SIZE]);

/* Does this name lead to the object without a symlink? Cut at slashes where it is in the meantime. */
bool long_name_leads_to(const struct supervisor *supervisor, int fd, char *name);

/* The oldest name makes room. */
void long_names_remember(struct long_names *names, int fd, const char *name);

/* False: not known, or no longer the object's. */
bool long_names_find(const struct supervisor *supervisor, int fd, char name[PATH_NAME_SIZE]);

#endif
