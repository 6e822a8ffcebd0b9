/*
 * Whose rights an action has: the target's user, groups, capabilities and umask,
 * assumed for the time of one step of a handler. The dispatcher assumes and
 * drops the identity; handlers ask only for the umask and for access(2)'s real ids.
 */
#ifndef KENNEL_CORE_IDENTITY_H
#define KENNEL_CORE_IDENTITY_H

#include <stdint.h>

struct call;
struct ucred;

/*
 * Before anything that makes a file: our umask becomes the target's.
 * 0 or -errno. *crowded_out (may be NULL) is set true when the target's descriptor table may
 * be full up to RLIMIT_NOFILE, so that a number must be reserved before any effect.
 */
int identity_take_umask(struct call *call, _Bool *crowded_out);

/*
 * True when less than so many descriptor numbers of the target below RLIMIT_NOFILE are free. Natively
 * that is found out before the path is looked at. Known since 6.2; false before.
 */
_Bool identity_table_lacks(struct call *call, unsigned wanted);

static inline _Bool identity_table_full(struct call *call)
{
	return identity_table_lacks(call, 1);
}

/* For handlers with H_IDENTITY: is this capability among those that were assumed? */
_Bool identity_acts_with(const struct call *call, unsigned capability);

/* For access(2): file system ids become the target's real ids. Undone by the dispatcher. */
int identity_take_real(struct call *call);

/*
 * For connect on UNIX sockets, whose other side is told the effective ids: ours become the target's. Undone by the
 * dispatcher.
 */
int identity_take_effective(struct call *call);

/* SCM_CREDENTIALS: who the caller is, and whether it may claim to be somebody: 0 or -EPERM, as the kernel decides. */
int identity_claim(struct call *call, struct ucred *own_out);
int identity_check_claim(struct call *call, const struct ucred *claim);

/* Until identity_lower(): as somebody who may send claims. False: we may claim no other process. */
_Bool identity_lift_claims(struct call *call);
void identity_lower(struct call *call);

/* The ids of one kind that a thread has. */
struct identity_ids {
	uint32_t real;
	uint32_t effective;
	uint32_t saved;
	uint32_t fs;
};

/*
 * The caller's users, or its groups; and whether a capability (CAP_...) is in its effective set: 1, 0. Or -errno:
 * -ESRCH, -E2BIG (more groups than can be followed). Only a thread itself changes its credentials, by a call, and it
 * waits in this one: they hold still. Not for handlers with H_IDENTITY: reading may drop what was assumed.
 */
int identity_ids(struct call *call, _Bool group, struct identity_ids *ids_out);
int identity_capable(struct call *call, unsigned capability);

/*
 * The caller's process wants to hide its memory (PR_SET_DUMPABLE 0). It must stay readable for us, so
 * that is pretended, and remembered for PR_GET_DUMPABLE. 0 or -errno.
 */
int identity_pretend_hidden(struct call *call, _Bool hidden);
_Bool identity_pretends_hidden(struct call *call);

/*
 * A call that can change ids or capabilities is about to happen: from now on the
 * target's are read anew for each call, unless nothing can come to differ from ours.
 */
void identity_mark_changing(struct call *call);

#endif
