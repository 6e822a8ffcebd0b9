/*
 * Whose rights the supervisor acts with. The permitted capabilities and the real ids
 * stay ours throughout: they are the way back. One identity is assumed at a time, for one
 * step of one call. The only file that changes ids or capabilities after the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/call.h"
#include "core/capability.h"
#include "core/fatal.h"
#include "core/identity.h"
#include "core/identity_state.h"
#include "core/sandbox.h"
#include "core/status.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"

/* Free slots below which the table counts as crowded: other threads open files too. */
#define IDENTITY_FD_SLACK 8
/* So many slots are looked at to know whether a table is full: about 4 ms. */
#define IDENTITY_FD_LOOKS 4096
#define IDENTITY_LOST "the own identity is not to be had back"

/* 16-bit ids on 32-bit architectures otherwise. */
#ifdef SYS_setgroups32
#define IDENTITY_SETGROUPS SYS_setgroups32
#else
#define IDENTITY_SETGROUPS SYS_setgroups
#endif

struct identity {
	uid_t fsuid;
	gid_t fsgid;
	uint64_t effective;
	unsigned groups_count;
	const gid_t *groups;
};

/* What may be permitted and not effective (core/capability.h): to reach a process, to speak for one. */
#define IDENTITY_REACH CAPABILITY_BIT(CAP_SYS_PTRACE)
#define IDENTITY_SPEAK CAPABILITY_BIT(CAP_SYS_ADMIN)

struct identity_state {
	struct identity ours;
	struct identity now;
	uid_t real_uid;
	gid_t real_gid;
	uint64_t permitted;
	uint64_t usable; /* of what is permitted: all that a target can have */
	uint64_t inheritable;
	bool privileged;
	bool effective_taken; /* the effective ids are the target's, too */
	uid_t effective_uid;
	gid_t effective_gid;
	bool plain_root;
	mode_t umask;                   /* what is set in this process */
	const struct call *target_call; /* whose status `target` is, valid with call->identity_read */
	struct status target;
	gid_t own_groups[STATUS_GROUPS_MAX];
	char text[STATUS_TEXT_SIZE];
};

static int identity_set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	return capability_set(&(struct capability_sets){ effective, permitted, inheritable });
}

static int identity_set_fsuid(uid_t uid)
{
	setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid ? 0 : -EPERM;
}

static int identity_set_fsgid(gid_t gid)
{
	setfsgid(gid);
	return (gid_t)setfsgid((gid_t)-1) == gid ? 0 : -EPERM;
}

static int identity_set_groups(unsigned count, const gid_t *groups)
{
	return errno_result((int)syscall(IDENTITY_SETGROUPS, (size_t)count, groups));
}

static bool identity_same_groups(const struct identity *a, const struct identity *b)
{
	return a->groups_count == b->groups_count && !memcmp(a->groups, b->groups, a->groups_count * sizeof(gid_t));
}

static bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->fsuid == b->fsuid && a->fsgid == b->fsgid && a->effective == b->effective &&
	       identity_same_groups(a, b);
}

/* The file system ids follow the effective ones. */
static int identity_set_effective(struct identity_state *state, uid_t uid, gid_t gid)
{
	if (identity_set_caps(state->permitted, state->permitted, state->inheritable) < 0)
		return -EPERM;
	/* On the way from 0 the user takes the capabilities with it, on the way to 0 it brings them. */
	if (uid == state->effective_uid && setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
		return -errno;
	if (setresgid((gid_t)-1, gid, (gid_t)-1) < 0 || setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
		return -errno;
	if (identity_set_caps(state->permitted, state->permitted, state->inheritable) < 0)
		return -EPERM;
	return identity_set_fsgid(state->now.fsgid) < 0 || identity_set_fsuid(state->now.fsuid) < 0 ? -EPERM : 0;
}

/* Capabilities first: the rest needs them. setfsuid changes them again on the way to or from 0. */
static void identity_return(struct identity_state *state)
{
	const struct identity *ours = &state->ours;
	int error;

	if (state->effective_taken && identity_set_effective(state, state->effective_uid, state->effective_gid) < 0)
		fatal_end(IDENTITY_LOST);
	if (!state->effective_taken && identity_equal(&state->now, ours))
		return;
	state->effective_taken = false;
	error = identity_set_caps(ours->effective, state->permitted, state->inheritable);
	if (!error && state->now.fsuid != ours->fsuid)
		error = identity_set_fsuid(ours->fsuid);
	if (!error && state->now.fsgid != ours->fsgid)
		error = identity_set_fsgid(ours->fsgid);
	if (!error && !identity_same_groups(&state->now, ours))
		error = identity_set_groups(ours->groups_count, ours->groups);
	if (!error)
		error = identity_set_caps(ours->effective, state->permitted, state->inheritable);
	if (error)
		fatal_end(IDENTITY_LOST);
	state->now = *ours;
}

/* Groups, then gid, then uid, then capabilities: each step still has what it needs. */
static int identity_enter(struct identity_state *state, const struct identity *wanted)
{
	const struct identity *ours = &state->ours;
	int error = 0;

	/* From here on identity_return() undoes whatever was reached. */
	state->now = *wanted;
	if (!identity_same_groups(wanted, ours))
		error = identity_set_groups(wanted->groups_count, wanted->groups);
	if (!error && wanted->fsgid != ours->fsgid)
		error = identity_set_fsgid(wanted->fsgid);
	if (!error && wanted->fsuid != ours->fsuid)
		error = identity_set_fsuid(wanted->fsuid);
	if (!error)
		error = identity_set_caps(wanted->effective, state->permitted, state->inheritable);
	return error;
}

/* Ours is where a switch begins; one that fails half-way ends there again. */
static int identity_switch(struct identity_state *state, const struct identity *wanted)
{
	int error;

	if (identity_equal(&state->now, wanted))
		return 0;
	identity_return(state);
	if (identity_equal(&state->now, wanted))
		return 0;
	error = identity_enter(state, wanted);
	if (error < 0)
		identity_return(state);
	return error < 0 ? -EACCES : 0;
}

static int identity_read_own(struct identity_state *state)
{
	struct capability_sets sets;
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;
	int count;

	if (getresuid(&uid, &euid, &suid) < 0 || getresgid(&gid, &egid, &sgid) < 0 || capability_get(&sets) < 0)
		return -errno;
	state->ours.effective = sets.effective;
	state->permitted = sets.permitted;
	state->inheritable = sets.inheritable;
	state->usable = sets.permitted & (sets.effective | ~(IDENTITY_REACH | IDENTITY_SPEAK));
	state->effective_uid = euid;
	state->effective_gid = egid;
	state->real_uid = uid;
	state->real_gid = gid;
	state->ours.fsuid = (uid_t)setfsuid((uid_t)-1);
	state->ours.fsgid = (gid_t)setfsgid((gid_t)-1);
	state->privileged = state->permitted || uid != euid || uid != suid || gid != egid || gid != sgid ||
			    state->ours.fsuid != uid || state->ours.fsgid != gid;
	/* Without privilege nobody can change the groups: they need not be known. */
	count = state->privileged ? getgroups(STATUS_GROUPS_MAX, state->own_groups) : 0;
	if (count < 0)
		return -errno;
	state->ours.groups_count = (unsigned)count;
	state->ours.groups = state->own_groups;
	return 0;
}

/* Capabilities outside the bounding set, or an effective set that is not all, change with exec. */
static bool identity_is_plain_root(const struct identity_state *state)
{
	if (state->real_uid != 0 || geteuid() != 0 || state->ours.fsuid != 0)
		return false;
	if (state->ours.effective != state->usable || prctl(PR_GET_SECUREBITS) != 0)
		return false;
	for (unsigned capability = 0; capability < 64; capability++)
		if (state->usable >> capability & 1 && prctl(PR_CAPBSET_READ, capability) != 1)
			return false;
	return true;
}

struct identity_state *identity_new(void)
{
	struct identity_state *state = malloc(sizeof(*state));

	if (state)
		memset(state, 0, offsetof(struct identity_state, target)); /* the rest is read before it is used */
	if (!state || identity_read_own(state) < 0) {
		free(state);
		return NULL;
	}
	state->now = state->ours;
	state->plain_root = identity_is_plain_root(state);
	state->umask = umask(0077);
	umask(state->umask);
	return state;
}

void identity_free(struct identity_state *state)
{
	free(state);
}

bool identity_privileged(const struct identity_state *state)
{
	return state->privileged;
}

bool identity_survives_exec(const struct identity_state *state)
{
	return !state->privileged || state->plain_root;
}

int identity_reach(const struct identity_state *state, bool reach)
{
	uint64_t more = state->permitted & ~state->ours.effective & IDENTITY_REACH;
	uint64_t effective = state->ours.effective | (reach ? more : 0);

	return more ? identity_set_caps(effective, state->permitted, state->inheritable) : 0;
}

static struct identity_state *identity_of(const struct call *call)
{
	return call->sandbox->supervisor->identity;
}

/* The status of the call's thread: one read for a call, however often it is asked. */
static int identity_read(struct call *call)
{
	struct identity_state *state = identity_of(call);
	int error;

	if (call->identity_read && state->target_call == call)
		return 0;
	/* The groups of the identity in force may lie in what is overwritten now. */
	identity_return(state);
	state->target_call = NULL;
	error = status_read(call->sandbox->supervisor->proc_fd, call->tid, state->text, &state->target);
	if (error < 0)
		return error;
	state->target_call = call;
	call->identity_read = true;
	return 0;
}

static struct identity identity_of_target(const struct identity_state *state)
{
	const struct status *target = &state->target;

	return (struct identity){
		.fsuid = target->uid[STATUS_FS],
		.fsgid = target->gid[STATUS_FS],
		.effective = target->effective & state->usable,
		.groups_count = target->groups_count,
		.groups = target->groups,
	};
}

int identity_assume(struct call *call)
{
	struct identity_state *state = identity_of(call);
	struct identity wanted;
	int error;

	if (!call->sandbox->ids_may_differ)
		return 0;
	error = identity_read(call);
	if (error < 0)
		return error;
	wanted = identity_of_target(state);
	return identity_switch(state, &wanted);
}

void identity_drop(struct call *call)
{
	identity_return(identity_of(call));
}

bool identity_lift(struct call *call)
{
	struct identity_state *state = identity_of(call);
	uint64_t effective = state->ours.effective | (state->permitted & IDENTITY_REACH);

	return state->now.effective != effective &&
	       identity_set_caps(effective, state->permitted, state->inheritable) == 0;
}

void identity_lower(struct call *call)
{
	struct identity_state *state = identity_of(call);

	if (identity_set_caps(state->now.effective, state->permitted, state->inheritable) < 0)
		fatal_end(IDENTITY_LOST);
}

int identity_leader(struct call *call)
{
	int error = identity_read(call);

	return error < 0 ? error : identity_of(call)->target.leader;
}

/*
 * access(2) asks for the real ids: capabilities are the permitted ones for root and
 * none for others. SECBIT_NO_SETUID_FIXUP, which nobody can see from outside, is not followed.
 */
int identity_take_real(struct call *call)
{
	struct identity_state *state = identity_of(call);
	struct identity wanted = state->ours;
	uint64_t permitted = state->usable;
	int error;

	wanted.fsuid = state->real_uid;
	wanted.fsgid = state->real_gid;
	if (call->sandbox->ids_may_differ) {
		error = identity_read(call);
		if (error < 0)
			return error;
		wanted = identity_of_target(state);
		wanted.fsuid = state->target.uid[STATUS_REAL];
		wanted.fsgid = state->target.gid[STATUS_REAL];
		permitted &= state->target.permitted;
	}
	wanted.effective = wanted.fsuid == 0 ? permitted : 0;
	return identity_switch(state, &wanted);
}

int identity_take_effective(struct call *call)
{
	struct identity_state *state = identity_of(call);
	int error;

	if (!call->sandbox->ids_may_differ)
		return 0;
	error = identity_read(call);
	if (error < 0 || (state->target.uid[STATUS_EFFECTIVE] == state->effective_uid &&
				 state->target.gid[STATUS_EFFECTIVE] == state->effective_gid))
		return error;
	/* From here on identity_return() undoes whatever was reached. */
	state->effective_taken = true;
	error = identity_set_effective(state, state->target.uid[STATUS_EFFECTIVE], state->target.gid[STATUS_EFFECTIVE]);
	if (!error)
		error = identity_set_caps(state->now.effective, state->permitted, state->inheritable);
	return error < 0 ? -EACCES : 0;
}

int identity_claim(struct call *call, struct ucred *own_out)
{
	const struct status *target = &identity_of(call)->target;
	int error = identity_read(call);

	*own_out = (struct ucred){
		.pid = target->leader, .uid = target->uid[STATUS_REAL], .gid = target->gid[STATUS_REAL]
	};
	return error;
}

static bool identity_has_id(const unsigned *ids, unsigned id)
{
	return id == ids[STATUS_REAL] || id == ids[STATUS_EFFECTIVE] || id == ids[STATUS_SAVED];
}

int identity_check_claim(struct call *call, const struct ucred *claim)
{
	const struct status *target = &identity_of(call)->target;
	int error = identity_read(call);

	if (error < 0)
		return error;
	if (claim->pid != target->leader && !(target->effective >> CAP_SYS_ADMIN & 1))
		return -EPERM;
	if (!identity_has_id(target->uid, claim->uid) && !(target->effective >> CAP_SETUID & 1))
		return -EPERM;
	return identity_has_id(target->gid, claim->gid) || target->effective >> CAP_SETGID & 1 ? 0 : -EPERM;
}

bool identity_lift_claims(struct call *call)
{
	static const uint64_t claims = IDENTITY_SPEAK | CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETGID);
	struct identity_state *state = identity_of(call);

	return state->permitted & IDENTITY_SPEAK &&
	       identity_set_caps(
		       state->now.effective | (state->permitted & claims), state->permitted, state->inheritable) == 0;
}

int identity_ids(struct call *call, bool group, struct identity_ids *ids_out)
{
	const struct status *target = &identity_of(call)->target;
	const unsigned *ids = group ? target->gid : target->uid;
	int error = identity_read(call);

	if (error < 0)
		return error;
	*ids_out = (struct identity_ids){
		.real = ids[STATUS_REAL],
		.effective = ids[STATUS_EFFECTIVE],
		.saved = ids[STATUS_SAVED],
		.fs = ids[STATUS_FS],
	};
	return 0;
}

int identity_capable(struct call *call, unsigned capability)
{
	int error = identity_read(call);

	return error < 0 ? error : (int)(identity_of(call)->target.effective >> capability & 1);
}

bool identity_acts_with(const struct call *call, unsigned capability)
{
	return identity_of(call)->now.effective >> capability & 1;
}

/* How many descriptors the target has. 0: not known, as before 6.2, or none. */
static uint64_t identity_descriptors(struct call *call)
{
	struct stat table;
	char name[32];

	snprintf(name, sizeof(name), "%d/fd", (int)call->tid);
	if (fstatat(call->sandbox->supervisor->proc_fd, name, &table, 0) < 0)
		return 0;
	return (uint64_t)table.st_size;
}

bool identity_table_lacks(struct call *call, unsigned wanted)
{
	unsigned found = 0;
	struct rlimit limit;
	struct stat link;
	uint64_t count;
	char name[48];

	if (prlimit(call->tid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return false;
	count = identity_descriptors(call);
	if (count && count + wanted <= limit.rlim_cur)
		return false;
	/* Some may lie above a limit that was lowered. In a table of a million that is not worth the look at each. */
	for (rlim_t i = 0; i < limit.rlim_cur && (!count || i < IDENTITY_FD_LOOKS); i++) {
		snprintf(name, sizeof(name), "%d/fd/%llu", (int)call->tid, (unsigned long long)i);
		if (fstatat(call->sandbox->supervisor->proc_fd, name, &link, AT_SYMLINK_NOFOLLOW) < 0 &&
			(errno != ENOENT || ++found == wanted))
			return errno != ENOENT;
	}
	return true;
}

/* The table has slots above the limit, or nearly as many descriptors as the limit allows. */
static bool identity_crowded(struct call *call)
{
	struct rlimit limit;
	uint64_t count;

	if (prlimit(call->tid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return true;
	/* A table that may still grow has a free number. */
	if (identity_of(call)->target.fd_size < limit.rlim_cur)
		return false;
	count = identity_descriptors(call);
	return !count || count + IDENTITY_FD_SLACK >= limit.rlim_cur;
}

int identity_take_umask(struct call *call, bool *crowded_out)
{
	struct identity_state *state = identity_of(call);
	bool known = call->identity_read && state->target_call == call;
	int error = identity_read(call);

	if (error < 0)
		return error;
	/* Reading undid what was assumed. */
	if (!known && call->sandbox->ids_may_differ)
		error = identity_assume(call);
	if (error < 0)
		return error;
	if (state->target.umask != state->umask) {
		umask(state->target.umask);
		state->umask = state->target.umask;
	}
	if (crowded_out)
		*crowded_out = identity_crowded(call);
	return 0;
}

int identity_pretend_hidden(struct call *call, bool hidden)
{
	int leader = identity_leader(call);

	return leader < 0 ? leader : tracee_set_hidden(call, leader, hidden);
}

bool identity_pretends_hidden(struct call *call)
{
	int leader = identity_leader(call);

	return leader > 0 && tracee_is_hidden(call, leader);
}

void identity_mark_changing(struct call *call)
{
	/* Without privilege every id that can be taken is the one held already. */
	if (call->sandbox->supervisor->privileged)
		call->sandbox->ids_may_differ = true;
}

int identity_export(struct call *call, struct identity_spec *spec_out)
{
	struct identity_state *state = identity_of(call);
	struct identity wanted;
	int error = identity_read(call);

	if (error < 0)
		return error;
	memset(spec_out, 0, sizeof(*spec_out));
	spec_out->umask = state->target.umask;
	if (!call->sandbox->ids_may_differ)
		return 0;
	wanted = identity_of_target(state);
	if (identity_equal(&wanted, &state->ours))
		return 0;
	if (wanted.groups_count > IDENTITY_GROUPS_MAX)
		return -EACCES;
	spec_out->differs = 1;
	spec_out->uid_fs = wanted.fsuid;
	spec_out->gid_fs = wanted.fsgid;
	spec_out->capabilities = wanted.effective;
	spec_out->groups_count = wanted.groups_count;
	memcpy(spec_out->groups, wanted.groups, wanted.groups_count * sizeof(gid_t));
	return 0;
}

/* File system ids only: with the real ones the payload could send the worker signals. */
int identity_become(const struct identity_spec *spec)
{
	int error;

	umask(spec->umask);
	if (!spec->differs)
		return 0;
	if (spec->groups_count > IDENTITY_GROUPS_MAX)
		return -EINVAL;
	error = identity_set_groups(spec->groups_count, spec->groups);
	if (!error)
		error = identity_set_fsgid(spec->gid_fs);
	if (!error)
		error = identity_set_fsuid(spec->uid_fs);
	if (!error)
		error = identity_set_caps(spec->capabilities, spec->capabilities, 0);
	return error;
}
