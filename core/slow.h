/*
 * Slow mounts: FUSE (perhaps served by a process of the sandbox), autofs, other machines. The
 * supervisor touches nothing on them. Whoever meets one of their objects or names returns
 * -SLOW_ERROR; the dispatcher then lets a worker take the whole step. Where there is no such
 * mount, all that this costs is one comparison.
 */
#ifndef KENNEL_CORE_SLOW_H
#define KENNEL_CORE_SLOW_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/* An errno that no system call has: it never leaves the supervisor. */
#define SLOW_ERROR 4000

/* Must this call look out for slow mounts at all? */
bool slow_matters(const struct call *call);

/* Is the absolute name on one, or the mount of this number? For calls for which it matters. */
bool slow_name(const struct call *call, const char *name);
bool slow_mount(const struct call *call, uint64_t mount_id);

/* Is what this link of procfs ("TID/cwd", "TID/fd/N") says on one? */
bool slow_link(const struct call *call, const char *link);

/* Is the held O_PATH descriptor of an object on one? */
bool slow_object(const struct call *call, int fd);

#endif
