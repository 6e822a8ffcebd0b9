/*
 * The environment of the payload as the policy words it: passenv+PATTERN, setenv!VAR=VALUE, unsetenv!VAR,
 * clearenv!, carried out in their order (core/environment.h).
 */
#ifndef KENNEL_CORE_POLICY_VARIABLES_H
#define KENNEL_CORE_POLICY_VARIABLES_H

#include "core/policy.h"

enum policy_variable_kind { VARIABLE_PASS, VARIABLE_SET, VARIABLE_UNSET, VARIABLE_CLEAR };

struct policy_variable {
	enum policy_variable_kind kind;
	struct pattern *pattern; /* owned; VARIABLE_PASS */
	char *name;              /* owned; VARIABLE_PASS: the pattern as written; VARIABLE_CLEAR: NULL */
	char *value;             /* owned; VARIABLE_SET */
	struct rule_origin origin;
};

/* For the loader. */
void policy_variable_free(struct policy_variable *variable);

#endif
