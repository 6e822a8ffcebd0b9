/*
 * The slow road: a walk over held directories, component by component, in the
 * order and with the errno of the kernel's own. Used by core/path.c only.
 */
#ifndef KENNEL_CORE_PATH_WALK_H
#define KENNEL_CORE_PATH_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct path;

enum walk_goal {
	WALK_OBJECT, /* fill object */
	WALK_PARENT, /* fill parent and base, leave the last component alone */
	WALK_CREATE, /* fill object, or parent and base when the last component is missing */
};

/* Also fills the name. 0 or -errno; path keeps what was found until path_release(). */
int walk_path(struct call *call, struct path *path, enum walk_goal goal);

#endif
