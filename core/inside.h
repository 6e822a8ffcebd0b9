/*
 * Who belongs to the sandbox of a call: asked by number, for signals where Landlock does not keep them inside. The
 * answer holds for a moment only: a number may be another's by the time that it is used (doc/BOUNDARY.md).
 */
#ifndef KENNEL_CORE_INSIDE_H
#define KENNEL_CORE_INSIDE_H

#include <sys/types.h>

struct call;

/* The process, or the thread, of this number: 0, -EPERM when it is outside, -ESRCH when there is none. */
int inside_process(struct call *call, pid_t pid);

/* The same for all processes of a group: -EPERM when one of them is outside. */
int inside_group(struct call *call, pid_t group);

#endif
