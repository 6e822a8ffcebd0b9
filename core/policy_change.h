/*
 * The one way to change a policy that is in force: a changed copy comes out, or nothing.
 */
#ifndef KENNEL_CORE_POLICY_CHANGE_H
#define KENNEL_CORE_POLICY_CHANGE_H

#include <stddef.h>

#include "core/policy.h"

#define POLICY_CHANGE_NO 1 /* a question, and the answer is no */

/*
 * One command as it comes from inside. 0 with *changed_out, sealed and the caller's (NULL: a question, and the answer
 * is yes); POLICY_CHANGE_NO; -EINVAL: it is wrong; -EOPNOTSUPP: it is too late for it; -EPERM: the lock of the policy
 * forbids it; -ENOSPC: too many rules; -ENOMEM. An error leaves a line in message.
 */
int policy_change(
	const struct policy *policy, const char *command, struct policy **changed_out, char *message, size_t size);

#endif
