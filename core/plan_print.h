/* A plan for people and for programs: what happens to each call, and the rule behind it. */
#ifndef KENNEL_CORE_PLAN_PRINT_H
#define KENNEL_CORE_PLAN_PRINT_H

#include <stdio.h>

struct abi;
struct absent;
struct plan;
struct policy;

/* What there is to print, and for which ABIs. */
struct plan_view {
	const struct plan *plan;
	const struct policy *policy;
	const struct abi *const *abis;
	unsigned abi_count;
	const char *warnings;        /* lines (core/plan_warn.h) */
	const struct absent *absent; /* what Landlock will not let be used before the next start */
};

/* By what it costs, one line for each call and reason. 0 or -EIO. */
int plan_print_table(FILE *stream, const struct plan_view *view);

/* Every entry, in the order of decision. 0, -EIO or -E2BIG. */
int plan_print_json(FILE *stream, const struct plan_view *view);

/* All that is done about one call, in the order of decision. -ENOENT: there is no such call. */
int plan_print_why(FILE *stream, const struct plan_view *view, const char *call);

#endif
