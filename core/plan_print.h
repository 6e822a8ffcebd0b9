/* A plan for people and for programs: what happens to each call, and the rule behind it. */
#ifndef KENNEL_CORE_PLAN_PRINT_H
#define KENNEL_CORE_PLAN_PRINT_H

#include <stdio.h>

struct abi;
struct plan;
struct policy;

/* Calls that none of these ABIs has are left out. 0 or -errno. */
int plan_print_table(FILE *stream, const struct plan *plan, const struct policy *policy, const struct abi *const *abis,
	unsigned count);
int plan_print_json(FILE *stream, const struct plan *plan, const struct policy *policy, const struct abi *const *abis,
	unsigned count);

#endif
