/*
 * What a signal does to a call that waits, where the program ignores that signal. Used by core/trace.c only.
 */
#ifndef KENNEL_CORE_TRACE_SIGNAL_H
#define KENNEL_CORE_TRACE_SIGNAL_H

struct traced;

/* At the stop before this signal is delivered; nothing is done where nothing has to be. */
void trace_signal(struct traced *traced, int number);

#endif
