/*
 * What a signal does to a call that waits, where the program ignores that signal. Used by core/trace.c only.
 */
#ifndef KENNEL_CORE_TRACE_SIGNAL_H
#define KENNEL_CORE_TRACE_SIGNAL_H

struct traced;

/* At the stop before this signal is delivered; nothing is done where nothing has to be. */
void trace_signal(struct traced *traced, int number);

/*
 * At a stop before signals are delivered: a notified call that ended for one is restarted as any other. number: of the
 * signal that is about to be, 0: none.
 */
void trace_signal_restart(const struct traced *traced, int number);

#endif
