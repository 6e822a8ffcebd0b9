/*
 * Signals: those sent to us are forwarded, those of the terminal reach the payload
 * anyway; when the payload stops, we stop with the same signal, and continue it.
 */
#ifndef KENNEL_CORE_JOB_CONTROL_H
#define KENNEL_CORE_JOB_CONTROL_H

#include <stdbool.h>

struct job_control;
struct supervisor;

/* Blocks what is forwarded and watches for it. NULL when there is no signalfd or memory. */
struct job_control *job_control_new(struct supervisor *supervisor);
void job_control_free(struct job_control *job_control);

/*
 * True when no process above us in our group has a parent in another group of the session: stops by the terminal are
 * nothing there, since nobody would continue who stopped. Before the supervisor's cage closes.
 */
bool job_control_is_orphaned(void);

/* The first process was stopped by this signal: so do we, until SIGCONT. */
void job_control_stopped(struct supervisor *supervisor, int number);

#endif
