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

void access_wants(struct call *call, uint64_t categories)
{
	call->wants = categories;
}

bool access_allows(const struct call *call, enum category category, const char *name)
{
	return policy_decide(call->sandbox->policy, category, name).action == ACTION_ALLOW;
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
