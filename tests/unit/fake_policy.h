/*
 * A policy and a handler table of the test's own, in place of core/policy.c and
 * handlers/table.c, for the tests of the planner and the filter.
 */
#ifndef KENNEL_TESTS_FAKE_POLICY_H
#define KENNEL_TESTS_FAKE_POLICY_H

#include <stdint.h>

#include "core/policy.h"
#include "handlers/handler.h"

struct policy {
	uint64_t active;
	uint64_t inactive; /* switched on, but nothing in them is refused */
	enum action defaults[CAT_COUNT];
	const struct rule *rules[CAT_COUNT];
	size_t counts[CAT_COUNT];
	const struct policy_settings *settings; /* NULL: those of a fresh policy, as the planner sees them */
};

/* From now on handler_find() finds this handler for the call (NULL: none). */
void fake_handle(enum sysno sysno, const struct handler *handler);

/* From now on handler_traced() finds this one, where it is not the same. */
void fake_trace(enum sysno sysno, const struct handler *handler);

/* A table much like the real one: opens, stats, names, identity, socketcall, exec and memory. */
void fake_handle_usual(void);

extern const struct handler fake_open;
extern const struct handler fake_stat;
extern const struct handler fake_names;
extern const struct handler fake_bind;
extern const struct handler fake_identity;
extern const struct handler fake_limit;
extern const struct handler fake_exec;
extern const struct handler fake_chdir;
extern const struct handler fake_memory;
extern const struct handler fake_groups;

#endif
