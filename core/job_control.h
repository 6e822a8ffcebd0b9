/*
 * Signals: those sent to us are forwarded, those of the terminal reach the payload
 * anyway; when the payload stops, we stop with the same signal, and continue it.
 */
#ifndef KENNEL_CORE_JOB_CONTROL_H
#define KENNEL_CORE_JOB_CONTROL_H

struct job_control;
struct supervisor;

/* Blocks what is forwarded and watches for it. NULL when there is no signalfd or memory. */
struct job_control *job_control_new(struct supervisor *supervisor);
void job_control_free(struct job_control *job_control);

/* The first process was stopped by this signal: so do we, until SIGCONT. */
void job_control_stopped(struct supervisor *supervisor, int number);

#endif
