/*
 * A sandbox from inside: a stat of /dev/kennel/COMMAND changes or asks its policy, reading /dev/kennel gives its
 * state, as far as the lock lets the caller. /dev/syd is another name of it.
 */
#ifndef KENNEL_CORE_RUNTIME_H
#define KENNEL_CORE_RUNTIME_H

#include <stdbool.h>

#include "core/verdict.h"

struct call;

/* What the memory of a state is called: who holds it may ask for its size, whatever the rules. */
#define RUNTIME_STATE_NAME "kennel-state"

/* True when this call was for us: the verdict is its answer, and no handler sees it. */
bool runtime_takes(struct call *call, struct verdict *verdict_out);

#endif
