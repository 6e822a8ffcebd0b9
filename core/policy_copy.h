/*
 * A second policy that says the same, to be changed while the first goes on deciding.
 */
#ifndef KENNEL_CORE_POLICY_COPY_H
#define KENNEL_CORE_POLICY_COPY_H

#include "core/policy.h"

/* Not sealed; the caller's. NULL when memory is exhausted. */
struct policy *policy_copy(const struct policy *policy);

#endif
