/*
 * A call in flight for path resolution, without a supervisor behind it: its target is any
 * process of the test, its memory is the test's own, its policy a list of names refused by walk.
 */
#ifndef KENNEL_TESTS_FAKE_PATH_H
#define KENNEL_TESTS_FAKE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/call.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

enum { FAKE_DENIED_MAX = 4 };

struct fake_path {
	struct supervisor supervisor;
	struct sandbox sandbox;
	struct call call;
	pid_t owned;     /* supervisor_owns_pid() says yes to this one */
	int revalidated; /* what call_revalidate() returns */
	bool walk_active;
	bool guards_links;
	unsigned links_refused;
	const char *denied[FAKE_DENIED_MAX]; /* canonical names */
	char asked[4096];                    /* names that access_check() saw, each with a newline */
};

/* A supervisor that is this process, and a call of the thread `tid`. */
void fake_path_open(struct fake_path *fake, pid_t tid);
void fake_path_close(struct fake_path *fake);

#endif
