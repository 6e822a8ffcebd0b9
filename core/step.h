/*
 * Answers to the questions of core/remote.h, and the end of a step that a worker took.
 */
#ifndef KENNEL_CORE_STEP_H
#define KENNEL_CORE_STEP_H

#include <stddef.h>

#include "core/verdict.h"

struct call;
struct message;

/* A question of the call's worker, answered on the channel. 0, or -errno: it cannot go on. */
int step_answer(struct call *call, int channel, const struct message *question, const void *data, size_t size);

/* What the worker said at its end. */
struct verdict step_verdict(struct call *call, const struct message *message, const void *data, size_t size);

#endif
