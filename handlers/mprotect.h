/* What memory that became executable is judged by, for the calls that cannot say where it is. */
#ifndef KENNEL_HANDLERS_MPROTECT_H
#define KENNEL_HANDLERS_MPROTECT_H

#include "handlers/handler.h"

/* At the exit of a call: the caller is killed where anything executable in its memory is refused. */
struct verdict mprotect_judge_memory(struct call *call);

#endif
