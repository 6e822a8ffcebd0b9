/*
 * What programs bound their UNIX sockets to, as they wrote it. The kernel keeps the string that we bind by, which is
 * relative to the held directory; so that string carries a number, in dots and slashes that lead nowhere, and wherever
 * the kernel tells it (also of other sockets, and before anybody accepts) the number leads back to what was written.
 */
#ifndef KENNEL_CORE_BOUND_H
#define KENNEL_CORE_BOUND_H

#include <stddef.h>
#include <sys/un.h>

#include "core/address.h"

#define BOUND_NAME_MAX sizeof(((struct sockaddr_un *)0)->sun_path)

struct bound_names;
struct call;

/*
 * The string that binds `base` in the current directory, and its length without NUL; 0: too long. Where that is not
 * what was written it carries the next number, unless there is no room for one.
 */
size_t bound_begin(struct call *call, const char *written, const char *base, char name_out[BOUND_NAME_MAX + 1]);

/* It is bound: its number stays taken until it is the oldest of too many. */
void bound_keep(struct call *call, const char *written, const char *name);

/* What was written where this name was bound; its last component where that is forgotten, or the name itself. */
const char *bound_written(const struct call *call, const char *name);

/* The same for an address of a UNIX socket, as the kernel tells it. Others stay as they are. */
void bound_tell(const struct call *call, struct address_bytes *bytes);

void bound_free(struct bound_names *names);

#endif
