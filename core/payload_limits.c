/*
 * Runs in the payload's process between fork and exec, but for the check, which is the supervisor's.
 */
#include "core/payload_limits.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/capability.h"
#include "core/policy_rlimit.h"
#include "core/util.h"

void payload_limits_read(const struct policy *policy, struct payload_limits *limits_out)
{
	const struct policy_limit *limits = policy_settings(policy)->limits;

	*limits_out = (struct payload_limits){ 0 };
	for (unsigned i = 0; i < POLICY_LIMITS_MAX; i++) {
		limits_out->set |= limits[i].set ? UINT32_C(1) << i : 0;
		limits_out->values[i] = limits[i].value;
	}
}

static const char *payload_limits_place(const struct rule_origin *origin, char *place, size_t size)
{
	if (origin->line)
		snprintf(place, size, "%s:%u", origin->file, origin->line);
	else
		snprintf(place, size, "%s", origin->file);
	return place;
}

const char *payload_limits_refuse(const struct policy *policy, char *buffer, size_t size)
{
	const struct policy_limit *limits = policy_settings(policy)->limits;

	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit now;
		char place[256];

		if (!limits[i].set || getrlimit((__rlimit_resource_t)i, &now) < 0 || limits[i].value <= now.rlim_max)
			continue;
		snprintf(buffer, size, "%s: rlimit/%s is above the hard limit here, %llu: a policy only lowers it",
			payload_limits_place(&limits[i].origin, place, sizeof(place)), policy_rlimit_name(i),
			(unsigned long long)now.rlim_max);
		return buffer;
	}
	return NULL;
}

uint64_t payload_limits_bind(const struct payload_limits *limits, uint64_t capabilities)
{
	return limits->set ? capabilities & ~CAPABILITY_BIT(CAP_SYS_RESOURCE) : capabilities;
}

int payload_limits_apply(const struct payload_limits *limits, bool no_core)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = { limits->values[i], limits->values[i] };

		if (!(limits->set & UINT32_C(1) << i) || (i == RLIMIT_CORE && no_core))
			continue;
		if (setrlimit((__rlimit_resource_t)i, &limit) < 0)
			return -errno;
	}
	return 0;
}
