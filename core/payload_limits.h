/*
 * rlimit/NAME:N of a policy, for the payload only: no limit of the supervisor's changes.
 */
#ifndef KENNEL_CORE_PAYLOAD_LIMITS_H
#define KENNEL_CORE_PAYLOAD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/policy.h"

/* As the payload's process gets it. */
struct payload_limits {
	uint32_t set; /* a bit for each limit */
	uint64_t values[POLICY_LIMITS_MAX];
};

void payload_limits_read(const struct policy *policy, struct payload_limits *limits_out);

/* NULL, or one line: a limit above what this process may give, which stays so for those who may raise theirs. */
const char *payload_limits_refuse(const struct policy *policy, char *buffer, size_t size);

/* Of these capabilities those that a process with these limits may keep: none that raises a limit again. */
uint64_t payload_limits_bind(const struct payload_limits *limits, uint64_t capabilities);

/* Sets soft and hard limits, last thing before exec; without core where another limit holds. 0 or -errno. */
int payload_limits_apply(const struct payload_limits *limits, bool no_core);

#endif
