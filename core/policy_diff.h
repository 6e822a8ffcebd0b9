/*
 * What one policy allows and another does not: for each category every pair of rules that decide the
 * same name differently, with such a name. Exact but where it says otherwise. Pure.
 */
#ifndef KENNEL_CORE_POLICY_DIFF_H
#define KENNEL_CORE_POLICY_DIFF_H

#include <stdio.h>

#include "core/policy.h"

struct policy_difference {
	uint64_t categories;    /* CAT_BIT()s: in all of them the same commands decide */
	enum category category; /* the first of them, of which the rules are */
	const char *name;       /* for which the two decide as they do */
	struct decision a, b;   /* rule NULL: the default, or the category is off */
};

struct policy_diff_report {
	void (*difference)(void *context, const struct policy_difference *difference);
	void (*inexact)(void *context, uint64_t categories); /* only some names were compared, or none */
	void *context;
};

/* 0 or -ENOMEM. */
int policy_diff(const struct policy *a, const struct policy *b, const struct policy_diff_report *report);

struct policy_diff_result {
	bool differs;
	bool inexact; /* somewhere it could not be told */
};

/* The whole comparison, settings included, as text or as a JSON object. 0 or -ENOMEM. */
int policy_diff_print(
	const struct policy *a, const struct policy *b, bool json, FILE *stream, struct policy_diff_result *result_out);

#endif
