/*
 * The dispatcher's side of identities: assume the target's before a step, drop it after.
 * Handlers use core/identity.h.
 */
#ifndef KENNEL_CORE_IDENTITY_STATE_H
#define KENNEL_CORE_IDENTITY_STATE_H

#include "core/identity.h"

struct call;
struct identity_state;

/* Reads our own identity. NULL when it cannot be read or memory is exhausted. */
struct identity_state *identity_new(void);
void identity_free(struct identity_state *state);

/* True when ids or capabilities of a target may come to differ from ours (capabilities, several ids). */
_Bool identity_privileged(const struct identity_state *state);

/*
 * True when an exec changes nothing of it: an ordinary user, or root with all ids 0 and every capability
 * that it could get. Anything between may lose or regain capabilities when it execs.
 */
_Bool identity_survives_exec(const struct identity_state *state);

/*
 * Assumes the target's fsuid, fsgid, groups and effective capabilities when
 * sandbox->ids_may_differ; free of cost otherwise. 0, or -errno: the call is refused.
 */
int identity_assume(struct call *call);

/* Back to ours after the step, whatever was taken. Aborts the process when that fails. */
void identity_drop(struct call *call);

/*
 * Our own capabilities for one access to the target itself (memory, descriptors, its
 * links in /proc), which the identity assumed may not reach. False: nothing would change.
 */
_Bool identity_lift(struct call *call); /* until identity_lower() */

/* The same for the payload before it runs, when there is no call yet: on, then off. 0 or -errno. */
int identity_reach(const struct identity_state *state, _Bool reach);

/* The id of the thread group's leader, or -errno. One status read per call at most. */
int identity_leader(struct call *call);

/*
 * One status read of /proc/TID: what a worker must assume, copied.
 * Plain data, sent over the launcher's socket.
 */
#define IDENTITY_GROUPS_MAX 64
struct identity_spec {
	unsigned uid_fs;
	unsigned gid_fs;
	unsigned long long capabilities; /* effective */
	unsigned umask;
	unsigned differs; /* 0: ours, nothing to assume */
	unsigned groups_count;
	unsigned groups[IDENTITY_GROUPS_MAX];
};
int identity_export(struct call *call, struct identity_spec *spec_out);

/* In a worker: becomes that identity for good. 0 or -errno. */
int identity_become(const struct identity_spec *spec);

#endif
