/* The facts about this host and this process that a plan depends on. */
#ifndef KENNEL_CORE_PLAN_HOST_H
#define KENNEL_CORE_PLAN_HOST_H

#include <stdbool.h>

struct abi;
struct kfeat;
struct plan_host;
struct policy;

#define PLAN_ABIS_MAX 2

/* Called in the supervisor; the caller sets host_out->launcher and cleaner where there are such. */
void plan_host_read(
	const struct policy *policy, const struct kfeat *features, bool privileged, struct plan_host *host_out);

/* The ABIs that the policy enables, the native one first; their number. */
unsigned plan_host_abis(const struct policy *policy, const struct abi *abis_out[PLAN_ABIS_MAX]);

#endif
