/*
 * What the supervisor gives up once it is ready and before the payload runs.
 */
#ifndef KENNEL_CORE_CAGE_H
#define KENNEL_CORE_CAGE_H

struct supervisor;

/*
 * Not dumpable, no core files, the payload's input and output let go. Once per supervisor;
 * 0 or -errno: then the payload must not be released.
 */
int cage_enter(struct supervisor *supervisor);

#endif
