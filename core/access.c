/*
 * Policy, log and effects in one place, so that no handler can forget one of them.
 */
#include "core/access.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/call.h"
#include "core/filename.h"
#include "core/filesystem.h"
#include "core/ioctl_names.h"
#include "core/log.h"
#include "core/mounts.h"
#include "core/path.h"
#include "core/policy.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/process.h"
#include "core/runtime.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/unsafe.h"
#include "core/util.h"

/* The signal with which an action answers the caller's process; 0: none. */
static int access_signal(enum action action)
{
	static const int signals[ACTION_COUNT] = {
		[ACTION_STOP] = SIGSTOP,
		[ACTION_ABORT] = SIGABRT,
		[ACTION_KILL] = SIGKILL,
	};

	return signals[action];
}

static void access_effects(struct call *call, enum category category, enum action action)
{
	int number = access_signal(action);

	if (number)
		process_signal(call, number);
	if (action == ACTION_PANIC)
		sandbox_end(call->sandbox, SANDBOX_PANIC_STATUS);
	if (action == ACTION_EXIT)
		sandbox_end(call->sandbox, category_errno(category));
}

static int access_carry_out(struct call *call, enum category category, const char *name, const struct decision decision)
{
	bool refuses = action_refuses(decision.action);

	if (decision.action == ACTION_ALLOW)
		return 0;
	if (action_logs(decision.action) && (!refuses || policy_settings(call->sandbox->policy)->log_refused))
		log_access(call, category, decision.action, name);
	if (!refuses)
		return 0;
	access_effects(call, category, decision.action);
	return -category_errno(category);
}

/* The policy's state, which the sandbox was given to read. */
static bool access_is_state(const struct call *call, const char *name)
{
	return policy_settings(call->sandbox->policy)->lock != POLICY_LOCK_ON &&
	       str_equal(name, "!memfd:" RUNTIME_STATE_NAME);
}

int access_check(struct call *call, enum category category, const char *name)
{
	if (category == CAT_STAT && access_is_state(call, name))
		return 0;
	return access_carry_out(call, category, name, policy_decide(call->sandbox->policy, category, name));
}

int access_check_filesystem(struct call *call, int fd)
{
	char name[FILESYSTEM_NAME_SIZE];
	int error;

	if (!access_active(call, CAT_FS))
		return 0;
	error = filesystem_name(fd, name);
	if (error < 0)
		return error == -ENOENT ? 0 : -EACCES;
	return access_carry_out(call, CAT_FS, name, policy_decide_filesystem(call->sandbox->policy, name));
}

int access_check_request(struct call *call, uint32_t request)
{
	const char *name = ioctl_name(request);
	char number[16];

	if (!policy_is_on(call->sandbox->policy, CAT_IOCTL))
		return 0;
	snprintf(number, sizeof(number), "0x%x", request);
	return access_carry_out(
		call, CAT_IOCTL, name ? name : number, policy_decide_request(call->sandbox->policy, request));
}

int access_check_device(struct call *call, const char *name)
{
	if (!policy_is_on(call->sandbox->policy, CAT_IOCTL))
		return 0;
	return access_carry_out(call, CAT_IOCTL, name, policy_decide_device(call->sandbox->policy, name));
}

bool access_judges_device(const struct call *call, const char *name)
{
	return policy_is_on(call->sandbox->policy, CAT_IOCTL) &&
	       policy_decide_device(call->sandbox->policy, name).action != ACTION_ALLOW;
}

/* A refusal that is no category's: no rule would allow it, so that there is no tip. */
static int access_refuse(struct call *call, const char *event, const char *why, const char *name, int error)
{
	if (policy_settings(call->sandbox->policy)->log_refused)
		log_event(call->sandbox->supervisor->log, event, "%s of thread %d is refused: %s: %s",
			sysno_name(call->sysno), (int)call->tid, why, name);
	return error;
}

static int access_check_blocked(struct call *call, const struct address *address, const char *text)
{
	if (!policy_blocks(call->sandbox->policy, address))
		return 0;
	return access_refuse(call, "block", "block+ names this address", text, -category_errno(CAT_NET_CONNECT));
}

int access_check_address(struct call *call, enum category category, const struct address *address)
{
	const struct policy *policy = call->sandbox->policy;
	char text[ADDRESS_TEXT_SIZE];
	int error;

	address_text(address, text);
	error = category == CAT_NET_CONNECT ? access_check_blocked(call, address, text) : 0;
	return error < 0 ? error
			 : access_carry_out(call, category, text, policy_decide_address(policy, category, address));
}

bool access_refuses_address(const struct call *call, enum category category, const struct address *address)
{
	return action_refuses(policy_decide_address(call->sandbox->policy, category, address).action);
}

int access_check_peer(struct call *call, const struct address *address)
{
	bool judged = policy_settings(call->sandbox->policy)->judge_peers;
	char text[ADDRESS_TEXT_SIZE];

	if (address->kind == ADDRESS_NONE)
		return judged && access_active(call, CAT_NET_CONNECT) ? -category_errno(CAT_NET_CONNECT) : 0;
	if (judged)
		return access_check_address(call, CAT_NET_CONNECT, address);
	address_text(address, text);
	return access_check_blocked(call, address, text);
}

bool access_judges_sockets(const struct call *call)
{
	return (policy_active_bits(call->sandbox->policy) & POLICY_NET_BITS) != 0;
}

int access_check_link(struct call *call, unsigned family)
{
	const char *name = policy_link_name(family);

	return access_carry_out(
		call, CAT_NET_LINK, name ? name : "unknown", policy_decide_link(call->sandbox->policy, family));
}

bool access_appends(const struct call *call, const char *name)
{
	return policy_appends(call->sandbox->policy, name);
}

int access_check_append(struct call *call, const char *name, uint64_t flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	bool appends = (flags & (O_ACCMODE | O_APPEND | O_TRUNC)) == (O_WRONLY | O_APPEND);

	/* Reading and appending in one descriptor could map the file and write where it likes. */
	if (!writes || appends || !access_appends(call, name))
		return 0;
	return access_refuse(call, "append", "append+ allows nothing else", name, -EPERM);
}

const char *access_mask(const struct call *call, const char *name)
{
	return policy_mask(call->sandbox->policy, name);
}

bool access_judges_made(const struct call *call, const char *name)
{
	const char *slash = strrchr(name, '/');

	return policy_settings(call->sandbox->policy)->strict_names && slash && filename_hostile(slash + 1);
}

int access_check_made(struct call *call, const char *name)
{
	if (!access_judges_made(call, name))
		return 0;
	return access_refuse(call, "filename", "filename/strict does not let such a name be made", name, -EINVAL);
}

int access_check_path(struct call *call, enum category category, const struct path *path)
{
	return path->unnamed ? 0 : access_check(call, category, path->name);
}

bool access_has_rule(const struct call *call, enum category category, const char *name)
{
	struct decision decision = policy_decide(call->sandbox->policy, category, name);

	return decision.rule && !action_refuses(decision.action);
}

void access_wants(struct call *call, uint64_t categories)
{
	call->wants = categories;
}

bool access_allows(const struct call *call, enum category category, const char *name)
{
	return policy_decide(call->sandbox->policy, category, name).action == ACTION_ALLOW;
}

bool access_refuses(const struct call *call, enum category category, const char *name)
{
	return action_refuses(policy_decide(call->sandbox->policy, category, name).action);
}

bool access_mapped_files(const struct call *call)
{
	return policy_settings(call->sandbox->policy)->exec_mmap;
}

bool access_anonymous_memory(const struct call *call)
{
	return policy_settings(call->sandbox->policy)->exec_anonymous;
}

bool access_guards_symlinks(const struct call *call)
{
	return !unsafe_given(policy_settings(call->sandbox->policy), UNSAFE_SYMLINKS) &&
	       !mounts_protected_symlinks(call->sandbox->supervisor->mounts);
}

bool access_guards_hardlinks(const struct call *call)
{
	return !unsafe_given(policy_settings(call->sandbox->policy), UNSAFE_HARDLINKS) &&
	       !mounts_protected_hardlinks(call->sandbox->supervisor->mounts);
}

int access_refuse_link(struct call *call, bool hard)
{
	const char *what = hard ? "a second name for a file of somebody else (allow_unsafe/hardlinks:on allows it)"
				: "the way goes over a symlink of somebody else in a directory that everybody "
				  "writes to (allow_unsafe/symlinks:on allows it)";

	if (policy_settings(call->sandbox->policy)->log_refused)
		log_event(call->sandbox->supervisor->log, "link", "%s of thread %d is refused: %s",
			sysno_name(call->sysno), (int)call->tid, what);
	return hard ? -EPERM : -EACCES;
}

bool access_active(const struct call *call, enum category category)
{
	return policy_active(call->sandbox->policy, category);
}

int access_check_move(struct call *call, const char *from, const char *to, bool is_directory)
{
	const struct policy *policy = call->sandbox->policy;

	if (policy_name_allows_no_more(policy, from, to, is_directory))
		return 0;
	if (policy_settings(policy)->log_refused)
		log_move(call, from, to, is_directory, policy_name_gains(policy, from, to, is_directory));
	return -EACCES;
}

bool access_transitions(const struct call *call, bool group)
{
	return policy_names_transitions(call->sandbox->policy, group ? ID_GROUP : ID_USER);
}

bool access_transition(struct call *call, bool group, uint32_t from, uint32_t to)
{
	const struct policy *policy = call->sandbox->policy;

	if (policy_allows_transition(policy, group ? ID_GROUP : ID_USER, from, to))
		return true;
	if (policy_settings(policy)->log_refused)
		log_event(call->sandbox->supervisor->log, "transition", "%s of thread %d is refused: no %s+%u.%u",
			sysno_name(call->sysno), (int)call->tid, group ? "setgid" : "setuid", from, to);
	return false;
}
