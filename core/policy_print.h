/*
 * A policy as text that, loaded again, gives the same policy; or as JSON.
 */
#ifndef KENNEL_CORE_POLICY_PRINT_H
#define KENNEL_CORE_POLICY_PRINT_H

#include <stdio.h>

#include "core/policy.h"

/* Commands of the rule language, one a line: switches, defaults, settings, rules in order. */
void policy_print_text(const struct policy *policy, FILE *stream);

/* One JSON object and a newline; rules in order, each with the place where it was written. */
void policy_print_json(const struct policy *policy, FILE *stream);

#endif
