/*
 * What a policy costs more than it would have to: why hot calls leave the kernel, by which rule, and the change that
 * would avoid it; and what this kernel lacks.
 */
#ifndef KENNEL_CORE_PLAN_WARN_H
#define KENNEL_CORE_PLAN_WARN_H

#include <stdio.h>

struct grants;
struct plan;
struct plan_host;
struct policy;

/* Writes one line for each. */
void plan_warn(FILE *stream, const struct plan *plan, const struct policy *policy, const struct plan_host *host,
	const struct grants *grants);

/* The first call that needs a listener by a rule or default, and that: "openat by default/read:deny". */
void plan_warn_listener(FILE *stream, const struct plan *plan, const struct policy *policy);

#endif
