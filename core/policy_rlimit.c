/*
 * The command rlimit/NAME:N: every resource limit of Linux, each in its own unit. Changes only the loader's policy.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/policy_rlimit.h"
#include "core/util.h"

_Static_assert(RLIM_NLIMITS <= POLICY_LIMITS_MAX, "a limit of the kernel has no place");

enum policy_rlimit_unit { UNIT_COUNT, UNIT_SIZE, UNIT_SECONDS, UNIT_MICROSECONDS };

static const struct policy_rlimit_row {
	const char *name;
	int resource;
	enum policy_rlimit_unit unit;
} policy_rlimit_rows[] = {
	{ "as", RLIMIT_AS, UNIT_SIZE },
	{ "core", RLIMIT_CORE, UNIT_SIZE },
	{ "cpu", RLIMIT_CPU, UNIT_SECONDS },
	{ "data", RLIMIT_DATA, UNIT_SIZE },
	{ "fsize", RLIMIT_FSIZE, UNIT_SIZE },
	{ "locks", RLIMIT_LOCKS, UNIT_COUNT },
	{ "memlock", RLIMIT_MEMLOCK, UNIT_SIZE },
	{ "msgqueue", RLIMIT_MSGQUEUE, UNIT_SIZE },
	{ "nice", RLIMIT_NICE, UNIT_COUNT },
	{ "nofile", RLIMIT_NOFILE, UNIT_COUNT },
	{ "nproc", RLIMIT_NPROC, UNIT_COUNT },
	{ "rss", RLIMIT_RSS, UNIT_SIZE },
	{ "rtprio", RLIMIT_RTPRIO, UNIT_COUNT },
	{ "rttime", RLIMIT_RTTIME, UNIT_MICROSECONDS },
	{ "sigpending", RLIMIT_SIGPENDING, UNIT_COUNT },
	{ "stack", RLIMIT_STACK, UNIT_SIZE },
};

static const struct policy_rlimit_suffix {
	enum policy_rlimit_unit unit;
	const char *text;
	uint64_t factor;
	uint64_t divisor;
} policy_rlimit_suffixes[] = {
	{ UNIT_SIZE, "K", UINT64_C(1) << 10, 1 },
	{ UNIT_SIZE, "M", UINT64_C(1) << 20, 1 },
	{ UNIT_SIZE, "G", UINT64_C(1) << 30, 1 },
	{ UNIT_SIZE, "T", UINT64_C(1) << 40, 1 },
	{ UNIT_SECONDS, "ms", 1, 1000 },
	{ UNIT_SECONDS, "s", 1, 1 },
	{ UNIT_SECONDS, "m", 60, 1 },
	{ UNIT_SECONDS, "h", 3600, 1 },
	{ UNIT_MICROSECONDS, "ms", 1000, 1 },
	{ UNIT_MICROSECONDS, "s", 1000000, 1 },
	{ UNIT_MICROSECONDS, "m", 60000000, 1 },
	{ UNIT_MICROSECONDS, "h", UINT64_C(3600000000), 1 },
};

static const char *const policy_rlimit_expected[] = {
	[UNIT_COUNT] = "a number or infinity",
	[UNIT_SIZE] = "a size such as 512M or infinity",
	[UNIT_SECONDS] = "whole seconds, a duration such as 10m or infinity",
	[UNIT_MICROSECONDS] = "microseconds, a duration such as 200ms or infinity",
};

const char *policy_rlimit_name(unsigned resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_rlimit_rows); i++)
		if ((unsigned)policy_rlimit_rows[i].resource == resource)
			return policy_rlimit_rows[i].name;
	return "unknown";
}

/* A number that has a suffix; false where it is none of the unit, or the product is none of whole units. */
static bool policy_rlimit_scale(enum policy_rlimit_unit unit, const char *suffix, uint64_t *value)
{
	if (*suffix == '\0')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(policy_rlimit_suffixes); i++) {
		const struct policy_rlimit_suffix *row = &policy_rlimit_suffixes[i];

		if (row->unit != unit || !str_equal(row->text, suffix))
			continue;
		if (*value > UINT64_MAX / row->factor || *value * row->factor % row->divisor)
			return false;
		*value = *value * row->factor / row->divisor;
		return true;
	}
	return false;
}

/* The largest value is the kernel's word for no limit: it is written infinity. */
static bool policy_rlimit_parse(enum policy_rlimit_unit unit, const char *text, uint64_t *value_out)
{
	size_t digits = strspn(text, "0123456789");

	*value_out = RLIM_INFINITY;
	if (str_equal(text, "infinity"))
		return true;
	if (digits == 0 || digits > 19)
		return false;
	*value_out = strtoull(text, NULL, 10);
	return policy_rlimit_scale(unit, text + digits, value_out) && *value_out < RLIM_INFINITY;
}

static const struct policy_rlimit_row *policy_rlimit_find(const struct policy_statement *statement, const char *name)
{
	const char *words[ARRAY_SIZE(policy_rlimit_rows)];
	struct policy_hint hint;

	for (size_t i = 0; i < ARRAY_SIZE(policy_rlimit_rows); i++) {
		words[i] = policy_rlimit_rows[i].name;
		if (str_equal(words[i], name))
			return &policy_rlimit_rows[i];
	}
	policy_statement_fail(statement, policy_name_offset(statement, name),
		"unknown limit '%s', expected one such as nofile, as or cpu%s", name,
		policy_hint_nearest(&hint, name, POLICY_WORDS(words)));
	return NULL;
}

void policy_apply_rlimit(struct policy_statement *statement)
{
	struct policy *policy = statement->loader->policy;
	const struct policy_rlimit_row *row = policy_rlimit_find(statement, statement->name + strlen("rlimit/"));
	struct policy_limit limit = { .set = true };

	if (!row)
		return;
	if (!policy_rlimit_parse(row->unit, policy_value(statement), &limit.value)) {
		policy_statement_fail(statement, statement->value_at, "unknown value '%s', expected %s",
			policy_value(statement), policy_rlimit_expected[row->unit]);
		return;
	}
	limit.origin = policy_origin(statement);
	if (limit.origin.file)
		policy_settings_edit(policy)->limits[row->resource] = limit;
	else
		policy_fail_memory(statement->loader);
}
