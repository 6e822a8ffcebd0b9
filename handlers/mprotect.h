/* What memory that became executable is judged by, for the calls that cannot say where it is. */
#ifndef KENNEL_HANDLERS_MPROTECT_H
#define KENNEL_HANDLERS_MPROTECT_H

#include <stdbool.h>
#include <stdint.h>

#include "handlers/handler.h"

/* At the exit of a call: the caller is killed where anything executable in its memory is refused. */
struct verdict mprotect_judge_memory(struct call *call);

/* Is all of this range of the caller's memory there without a hole, and executable if it has to be? 1, 0 or -errno. */
int mprotect_covers(struct call *call, uint64_t start, uint64_t end, bool executable);

#endif
