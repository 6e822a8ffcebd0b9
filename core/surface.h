/*
 * The part of the kernel's surface that is refused while any category is on: calls
 * that would change what the rules mean, or reach past the supervisor. Const data.
 */
#ifndef KENNEL_CORE_SURFACE_H
#define KENNEL_CORE_SURFACE_H

#include <stddef.h>
#include <stdint.h>

#include "core/plan.h"

struct surface_row {
	enum sysno sysno;
	int error;           /* 0: left to the kernel, unlike what the rows behind say */
	uint64_t categories; /* only while one of these CAT_BIT()s is active */
	uint64_t unless;     /* and while none of these has rules that decide: core/plan.c */
	bool has_condition;
	bool ruled;        /* given back by a rule of ioctl that names the request and allows it */
	uint32_t given_by; /* UNSAFE_BIT()s: by one of these options */
	struct plan_condition condition;
	const char *reason;
};

const struct surface_row *surface_rows(size_t *count_out);

#endif
