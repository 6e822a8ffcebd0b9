/*
 * The states of the lock on a policy (lock:STATE), as data.
 */
#ifndef KENNEL_CORE_POLICY_LOCK_H
#define KENNEL_CORE_POLICY_LOCK_H

/*
 * Who may change the policy from inside, and how: nobody; nobody, but its state can be read; everybody, but only to
 * take rights away; the first process; everybody. A lock is only ever made smaller.
 */
enum policy_lock {
	POLICY_LOCK_ON,
	POLICY_LOCK_READ,
	POLICY_LOCK_DROP,
	POLICY_LOCK_EXEC,
	POLICY_LOCK_OFF,
	POLICY_LOCK_COUNT
};

const char *policy_lock_name(enum policy_lock lock);

#endif
