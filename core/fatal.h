/*
 * The end of the process where it can neither go on nor go back. Whoever watches over the sandbox (the launcher over
 * the supervisor, the supervisor over workers) reads the end of its channel, and kills what must not run on.
 */
#ifndef KENNEL_CORE_FATAL_H
#define KENNEL_CORE_FATAL_H

/* Says "kennel: WHAT: the sandbox ends" without allocating anything, and exits with status 125. */
_Noreturn void fatal_end(const char *what);

#endif
