/*
 * The loader applied to a copy. Variables have no value here: the environment is the caller's of Kennel, and the
 * command comes from somebody who must not learn it. Files are not read.
 */
#include "core/policy_change.h"

#include <errno.h>
#include <stdio.h>

#include "core/policy_compare.h"
#include "core/policy_copy.h"
#include "core/policy_load.h"
#include "core/util.h"

#define CHANGE_PLACE "/dev/kennel"
#define CHANGE_RULES_MAX 16384 /* what the sandbox adds is our memory, and our time for each further command */

static const char *policy_change_lookup(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static size_t policy_change_rules(const struct policy *policy)
{
	size_t total = policy_settings(policy)->file_count + policy_settings(policy)->transition_count;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		size_t count;

		policy_rules(policy, (enum category)i, &count);
		total += count;
	}
	return total;
}

/* The sandbox has made it larger than that. */
static bool policy_change_grows(const struct policy *before, const struct policy *after)
{
	size_t rules = policy_change_rules(after);
	size_t networks = netset_count(&policy_settings(after)->blocked);

	return (rules > CHANGE_RULES_MAX && rules > policy_change_rules(before)) ||
	       (networks > CHANGE_RULES_MAX && networks > netset_count(&policy_settings(before)->blocked));
}

static int policy_change_load(struct policy_loader *loader, const char *command, char *message, size_t size)
{
	const struct policy_place place = { .file = CHANGE_PLACE, .line = 1 };
	const struct policy_error *first;

	loader->running = true;
	if (command[strspn(command, " \t")] == '#')
		policy_fail(loader, &place, 0, "expected a command, found a comment");
	else
		policy_load_one(loader, command, &place);
	if (loader->errors.out_of_memory)
		return -ENOMEM;
	if (loader->errors.count == 0)
		return loader->asked && !loader->answer ? POLICY_CHANGE_NO : 0;
	first = &loader->errors.errors[0];
	snprintf(message, size, "%s:%u:%zu: %s", first->file, first->line, first->column, first->message);
	return loader->unchangeable ? -EOPNOTSUPP : -EINVAL;
}

/* What the lock says of a change that can be made. */
static int policy_change_locked(const struct policy *before, const struct policy *after, const char *command)
{
	enum policy_lock lock = policy_settings(before)->lock;

	if (policy_settings(after)->lock > lock || lock == POLICY_LOCK_ON)
		return -EPERM;
	if (lock == POLICY_LOCK_READ && !str_starts(command, "lock:"))
		return -EPERM;
	return lock == POLICY_LOCK_DROP && !policy_compare_drops(before, after) ? -EPERM : 0;
}

int policy_change(
	const struct policy *policy, const char *command, struct policy **changed_out, char *message, size_t size)
{
	AUTO_POLICY_LOADER struct policy_loader *loader = policy_loader_new(policy_change_lookup, NULL);
	int error;

	*changed_out = NULL;
	message[0] = '\0';
	if (!loader)
		return -ENOMEM;
	policy_free(loader->policy);
	loader->policy = policy_copy(policy);
	if (!loader->policy)
		return -ENOMEM;
	error = policy_change_load(loader, command, message, size);
	if (error || loader->asked)
		return error;
	if (policy_change_grows(policy, loader->policy)) {
		snprintf(message, size, "the policy has too many rules");
		return -ENOSPC;
	}
	error = policy_change_locked(policy, loader->policy, command);
	if (error) {
		snprintf(message, size, "lock:%s forbids it", policy_lock_name(policy_settings(policy)->lock));
		return error;
	}
	*changed_out = policy_loader_finish(loader, NULL);
	return *changed_out ? 0 : -ENOMEM;
}
