/*
 * What the supervisor gives up once it is ready and before the payload runs.
 */
#ifndef KENNEL_CORE_CAGE_H
#define KENNEL_CORE_CAGE_H

#include "sysno.h"

struct sandbox;
struct supervisor;

/*
 * Not dumpable, no core files, the payload's input and output let go, capabilities dropped; last a filter that kills us
 * for what core/cage_table.h does not list. For the plan of this sandbox, once per supervisor; 0 or -errno: then the
 * payload must not be released.
 */
int cage_enter(struct sandbox *sandbox);

/*
 * The same for the launcher, who forks workers from then on and no payload: payloads would inherit it. copy: its own of
 * the supervisor, for the workers. 0 or -errno.
 */
int cage_enter_launcher(struct supervisor *copy);

/* For a worker, who makes this call for its caller; SC_none: it opens what it was given. 0 or -errno. */
int cage_enter_worker(const struct supervisor *supervisor, enum sysno sysno);

#endif
