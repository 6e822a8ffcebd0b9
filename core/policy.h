/*
 * A loaded policy: switches, defaults and ordered rules for each category, and the
 * decision on a name. Pure after loading: no I/O, no allocation, no global state.
 * core/policy_parse.c fills it; nothing else changes it.
 */
#ifndef KENNEL_CORE_POLICY_H
#define KENNEL_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/category.h"
#include "core/policy_lock.h"

struct policy;

/* Where a rule was written; file is "-p NAME", a path, or the name of an option such as -m. */
struct rule_origin {
	const char *file; /* owned by the policy */
	unsigned line;    /* of an option: 2 for the second of its name */
};

struct rule {
	enum action action;
	enum category category;
	struct pattern *pattern; /* owned by the policy */
	struct rule_origin origin;
	unsigned long sequence; /* the same for all rules that one command made; grows */
};

struct decision {
	enum action action;
	const struct rule *rule; /* the rule that decided, NULL: the default */
};

/* NULL only when memory is exhausted. Starts with every enforced category on, deny. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);

bool policy_is_on(const struct policy *policy, enum category category);
enum action policy_default(const struct policy *policy, enum category category);

/* The rules of one category in the order given; the last that matches decides. */
const struct rule *policy_rules(const struct policy *policy, enum category category, size_t *count_out);

/*
 * True when the category is on and something other than a plain allow can come out:
 * only then does any call have to be intercepted for it.
 */
bool policy_active(const struct policy *policy, enum category category);
uint64_t policy_active_bits(const struct policy *policy);

/* For a canonical absolute name (or "!memfd:NAME"). Off means allow. */
struct decision policy_decide(const struct policy *policy, enum category category, const char *name);

/*
 * Names hold still (doc/BOUNDARY.md): true when moving or linking the object from
 * one name to the other gives it no right that it lacks under the first. For a
 * directory, when no rule of an active category can tell names below one from names below
 * the other. Ranks: allow, warn < refused.
 */
bool policy_name_allows_no_more(const struct policy *policy, const char *from, const char *to, bool is_directory);

/* CAT_BIT()s of the categories in which it gains, or in which the two are told apart; mask+ and append+ are none. */
uint64_t policy_name_gains(const struct policy *policy, const char *from, const char *to, bool is_directory);

enum id_kind { ID_USER, ID_GROUP };
/* setuid+FROM.TO, setgid+FROM.TO */
struct policy_transition {
	enum id_kind kind;
	uint32_t from;
	uint32_t to;
	struct rule_origin origin;
};

/* True when the policy names transitions of this kind: only then are they restricted. */
bool policy_names_transitions(const struct policy *policy, enum id_kind kind);

/* May a process that has one id take the other. To keep an id is no transition. */
bool policy_allows_transition(const struct policy *policy, enum id_kind kind, uint32_t from, uint32_t to);

/* rlimit/NAME:N, in the kernel's unit. */
struct policy_limit {
	bool set;
	uint64_t value;
	struct rule_origin origin;
};

#define POLICY_LIMITS_MAX 16 /* RLIM_NLIMITS */

/* Settings that are not rules. */
struct policy_settings {
	bool log_refused;       /* log/refused, default on */
	char *log_file;         /* log/file, NULL: stderr; owned by the policy */
	bool wait_all;          /* exit/wait_all, default off */
	bool abi_i386;          /* abi/i386, default off */
	bool abi_x32;           /* abi/x32, default off */
	unsigned limit_calls;   /* limit/calls, default 1024, 1..65536 */
	unsigned limit_workers; /* limit/workers, default 256, 1..4096 */
	bool trace_ptrace;      /* trace/ptrace, default on: ptrace may be used */
	bool exec_mmap;         /* exec/mmap, default on: exec rules cover mapped files */
	bool exec_anonymous;    /* exec/anonymous, default on: memory that is no file may be executable */
	bool ghost;             /* ghost!, default off: every hooked call says ENOSYS once the command runs */
	bool unsafe_ptrace;     /* allow_unsafe/ptrace, default off: the payload may use ptrace itself */
	bool strict_names;      /* filename/strict, default off: hostile names are not made */
	bool unsafe_symlinks;   /* allow_unsafe/symlinks, default off: links of others in directories of everybody */
	bool unsafe_hardlinks;  /* allow_unsafe/hardlinks, default off: second names for files of others */
	enum policy_lock lock;  /* lock:STATE, default on */
	bool unsafe_env;        /* allow_unsafe/env, default off: the whole environment of the caller is passed */
	struct policy_transition *transitions; /* owned by the policy */
	size_t transition_count;
	struct policy_file *files; /* mask and append, in order; owned by the policy (core/policy_files.h) */
	size_t file_count;
	struct matcher *file_matchers[2];  /* by kind, where there are many files; owned by the policy */
	struct policy_variable *variables; /* in order; owned by the policy (core/policy_variables.h) */
	size_t variable_count;
	struct policy_limit limits[POLICY_LIMITS_MAX]; /* rlimit/NAME, by the kernel's number */
};

const struct policy_settings *policy_settings(const struct policy *policy);

/* True when nothing at all was configured: no option, rule, profile or file. */
bool policy_is_empty(const struct policy *policy);

#endif
