/*
 * What a policy says besides its rules. Filled by the loader; nothing else changes it.
 */
#ifndef KENNEL_CORE_POLICY_SETTINGS_H
#define KENNEL_CORE_POLICY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/netset.h"
#include "core/policy_lock.h"

/* Where a rule was written; file is "-p NAME", a path, or the name of an option such as -m. */
struct rule_origin {
	const char *file; /* owned by the policy */
	unsigned line;    /* of an option: 2 for the second of its name */
};

enum id_kind { ID_USER, ID_GROUP };

/* setuid+FROM.TO, setgid+FROM.TO */
struct policy_transition {
	enum id_kind kind;
	uint32_t from;
	uint32_t to;
	struct rule_origin origin;
};

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
	uint16_t abis;          /* abi/NAME, default off: ABI_BIT()s, never the native one's */
	unsigned limit_calls;   /* limit/calls, default 1024, 1..65536 */
	unsigned limit_workers; /* limit/workers, default 256, 1..4096 */
	bool trace_ptrace;      /* trace/ptrace, default on: ptrace may be used */
	bool judge_peers;       /* net/accept, default on: net/connect rules cover who connects to the sandbox */
	bool exec_mmap;         /* exec/mmap, default on: exec rules cover mapped files */
	bool exec_anonymous;    /* exec/anonymous, default on: memory that is no file may be executable */
	bool ghost;             /* ghost!, default off: every hooked call says ENOSYS once the command runs */
	bool strict_names;      /* filename/strict, default off: hostile names are not made */
	uint32_t unsafe;        /* allow_unsafe/NAME, default off: UNSAFE_BIT()s of core/unsafe.h */
	enum policy_lock lock;  /* lock:STATE, default on */
	struct policy_transition *transitions; /* owned by the policy */
	size_t transition_count;
	struct policy_file *files; /* mask and append, in order; owned by the policy (core/policy_files.h) */
	size_t file_count;
	struct matcher *file_matchers[2];  /* by kind, where there are many files; owned by the policy */
	struct policy_variable *variables; /* in order; owned by the policy (core/policy_variables.h) */
	size_t variable_count;
	struct policy_limit limits[POLICY_LIMITS_MAX]; /* rlimit/NAME, by the kernel's number */
	struct netset blocked;                         /* block+; owned by the policy */
};

#endif
