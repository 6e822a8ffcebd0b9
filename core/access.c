/*
 * Policy, log and effects in one place, so that no handler can forget one of them.
 */
#include "core/access.h"

#include <errno.h>
#include <signal.h>

#include "core/call.h"
#include "core/log.h"
#include "core/path.h"
#include "core/policy.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
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

int access_check(struct call *call, enum category category, const char *name)
{
	struct decision decision = policy_decide(call->sandbox->policy, category, name);
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

bool access_active(const struct call *call, enum category category)
{
	return policy_active(call->sandbox->policy, category);
}

int access_check_move(struct call *call, const char *from, const char *to, bool is_directory)
{
	if (policy_name_allows_no_more(call->sandbox->policy, from, to, is_directory))
		return 0;
	if (policy_settings(call->sandbox->policy)->log_refused)
		log_access(call, CAT_RENAME, ACTION_DENY, to);
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
