/*
 * Calls of ours that others shall not make in our name: the registers that they do not use carry the supervisor's
 * cookie, a random number that its filter looks for. Code that is made to run out of turn does not have it there.
 */
#ifndef KENNEL_CORE_CAGE_CALL_H
#define KENNEL_CORE_CAGE_CALL_H

#include <unistd.h>

#include "core/supervisor.h"

/* syscall() with four arguments; the kernel does not look at the two behind them. */
#define cage_call(supervisor, number, a, b, c, d) \
	syscall(number, a, b, c, d, (supervisor)->cookie, (supervisor)->cookie)

#endif
