/*
 * In place of core/dispatch.c, core/notify.c and the table of handlers: what is done with calls is
 * counted, the calls themselves end as they would.
 */
#ifndef KENNEL_TESTS_FAKE_DISPATCH_H
#define KENNEL_TESTS_FAKE_DISPATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "handlers/handler.h"

struct loop;

struct fake_dispatch {
	unsigned resumed;
	unsigned abandoned;
	unsigned lost;
	int error; /* of the last one that was abandoned */
	pid_t tid; /* of the last one of all */
	unsigned finished;
	struct verdict verdict; /* of the last one that was finished */
	struct wake wake;       /* of the last one that was resumed */
	int64_t interrupted;    /* what a handler wanted of the last that was interrupted */
	int notify_check;       /* what notify_check() says */
	void (*done)(void);
};

extern struct fake_dispatch fake_dispatch;
extern const struct handler fake_dispatch_handler; /* the one of openat; other calls have none */

/* The loop runs so long, or until it is stopped. */
void fake_dispatch_run_for(struct loop *loop, double seconds);

#endif
