/*
 * What the supervisor gives up once it is ready and before the payload runs.
 */
#ifndef KENNEL_CORE_CAGE_H
#define KENNEL_CORE_CAGE_H

struct sandbox;

/*
 * Not dumpable, no core files, the payload's input and output let go, capabilities dropped; last a filter that kills us for what
 * core/cage_table.h does not list. For the plan of this sandbox, once per supervisor; 0 or -errno: then
 * the payload must not be released.
 */
int cage_enter(struct sandbox *sandbox);

#endif
