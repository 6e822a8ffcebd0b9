/* The facts about this host and this process that a plan depends on. */
#ifndef KENNEL_CORE_PLAN_HOST_H
#define KENNEL_CORE_PLAN_HOST_H

#include <stdbool.h>
#include <stddef.h>

struct abi;
struct grants;
struct kfeat;
struct plan_host;
struct policy;

#define PLAN_ABIS_MAX 4 /* of one machine, the native one included */

/* Called in the supervisor; the caller sets host_out->launcher and cleaner where there are such. */
void plan_host_read(
	const struct policy *policy, const struct kfeat *features, bool privileged, struct plan_host *host_out);

/*
 * Asks the file system what Landlock would have to let the payload read, and says in the host's facts whether that is
 * what the rules say. A directory that is promised to the payload may be missing yet (NULL: none). 0 or -ENOMEM;
 * grants_free() afterwards, in any case.
 */
int plan_host_find_grants(const struct policy *policy, const char *promised, size_t obstacles_wanted,
	struct plan_host *host, struct grants *grants_out);

/* NULL, or an ABI that the policy enables and this kernel cannot run. */
const char *plan_host_lacks_abi(const struct policy *policy, char *buffer, size_t size);

/*
 * NULL, or why the policy cannot be enforced for this user on this host: that, and plan_needs_ptrace(), for
 * commands that start nothing.
 */
const char *plan_host_refuses(const struct policy *policy, char *buffer, size_t size);

/* The ABIs that the policy enables, the native one first; their number. */
unsigned plan_host_abis(const struct policy *policy, const struct abi *abis_out[PLAN_ABIS_MAX]);

#endif
