/*
 * What Kennel got from its own parent and changes for itself: given back to the payload
 * before it runs (pitfall: a signal mask survives exec).
 */
#ifndef KENNEL_CORE_INHERITED_H
#define KENNEL_CORE_INHERITED_H

#include <signal.h>
#include <sys/resource.h>

struct inherited {
	sigset_t mask;
	sigset_t ignored; /* signals whose disposition was SIG_IGN */
	struct rlimit nofile;
};

/* Before anything is changed. */
void inherited_save(struct inherited *inherited);

/* In the payload's process, last thing before exec. Async-signal-safe. */
void inherited_restore(const struct inherited *inherited);

#endif
