/*
 * A fresh temporary directory for the payload, and the small process that removes it when
 * everything that could use it is gone. Forked before the Landlock domain, which
 * would forbid the removal.
 */
#ifndef KENNEL_CORE_TMPDIR_H
#define KENNEL_CORE_TMPDIR_H

#include <limits.h>
#include <sys/types.h>

struct tmpdir {
	char path[PATH_MAX];
	int keep_alive_fd; /* held open by the supervisor and the launcher while it is in use */
	pid_t cleaner;
};

#define TMPDIR_INIT \
	{ \
		.keep_alive_fd = -1 \
	}

/* Its canonical name, below the caller's TMPDIR or /tmp. 0 or -errno. */
int tmpdir_name(struct tmpdir *tmpdir);

/* Forks the cleaner, which makes it, mode 0700. 0 or -errno. */
int tmpdir_start_cleaner(struct tmpdir *tmpdir);

/* Waits until it is made: 0 or -errno. Once, before anybody else has the keep_alive_fd. */
int tmpdir_wait(struct tmpdir *tmpdir);

/* Lets go of it and waits until it is removed. The launcher must have ended. */
void tmpdir_remove(struct tmpdir *tmpdir);

#endif
