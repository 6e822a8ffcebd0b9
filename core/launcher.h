/*
 * The launcher: a small process forked before the cage closes. It forks payloads and
 * workers from then on, is their parent and subreaper, and is the keeper that ends
 * them all when the supervisor is gone. The only file that forks for others and waits
 * for children.
 */
#ifndef KENNEL_CORE_LAUNCHER_H
#define KENNEL_CORE_LAUNCHER_H

#include <sys/types.h>

struct policy;
struct supervisor;

struct launcher_options {
	int keep_alive_fd;             /* held until nothing that was launched is left; -1: none */
	_Bool wait_all;                /* ended with the last process instead of the first */
	_Bool orphaned;                /* see job_control_is_orphaned() */
	struct supervisor *supervisor; /* what workers that take steps begin with: copies, by the fork */
	struct policy *policy;
};

/*
 * Forks the launcher, which forks the payload. The launcher's pid, or -errno; our ends of their channels. All
 * descriptors of the caller but these and keep_alive_fd are closed in it.
 */
pid_t launcher_start(const struct launcher_options *options, int *channel_out, int *payload_out);

/*
 * Kills every child of this process but one (0: all), round by round, until none is left: orphans of the killed
 * become our children. For the supervisor whose launcher died.
 */
void launcher_kill_children(pid_t spared);

/* For the supervisor, at the end: what the payload used counts as used by our children only when this is waited for. */
void launcher_wait(pid_t launcher);

#endif
