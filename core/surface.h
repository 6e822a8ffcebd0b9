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
	enum sysno sysno : 16;
	int error : 16;         /* 0: left to the kernel, unlike what the rows behind say */
	bool has_condition : 1; /* (argument & mask) == value */
	bool is_wide : 1;       /* the mask has an upper half, of all ones */
	bool ruled : 1;         /* given back by a rule of ioctl that names the request and allows it */
	uint8_t arg;
	uint32_t mask;
	uint32_t value;
	uint32_t given_by;   /* UNSAFE_BIT()s: by one of these options */
	uint64_t categories; /* only while one of these CAT_BIT()s is active */
	uint64_t unless;     /* and while none of these has rules that decide: core/plan.c */
	const char *reason;
};

const struct surface_row *surface_rows(size_t *count_out);

/* Of a row that has one. */
struct plan_condition surface_condition(const struct surface_row *row);

#endif
