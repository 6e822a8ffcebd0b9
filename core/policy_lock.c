/* Names only: no state. */
#include "core/policy_lock.h"

const char *policy_lock_name(enum policy_lock lock)
{
	static const char *const names[POLICY_LOCK_COUNT] = { [POLICY_LOCK_ON] = "on",
		[POLICY_LOCK_READ] = "read",
		[POLICY_LOCK_DROP] = "drop",
		[POLICY_LOCK_EXEC] = "exec",
		[POLICY_LOCK_OFF] = "off" };

	return names[lock];
}
