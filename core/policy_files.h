/*
 * Rules about single files that are no categories: mask+PATTERN[:TARGET] (the file shows as another)
 * and append+PATTERN (it can only be appended to). The last that matches decides. Pure after loading.
 */
#ifndef KENNEL_CORE_POLICY_FILES_H
#define KENNEL_CORE_POLICY_FILES_H

#include <stdbool.h>

#include "core/policy.h"

enum policy_file_kind { POLICY_FILE_MASK, POLICY_FILE_APPEND };

/* A descriptor of the supervisor's, which lives as long as it: no command says that. */
#define POLICY_FILE_HELD "fd:"

struct automaton_budget;

struct policy_file {
	enum policy_file_kind kind;
	struct pattern *pattern; /* owned */
	char *text;              /* owned: what was written behind the operator */
	char *target;            /* owned; mask: what is shown instead, a path or POLICY_FILE_HELD and a number */
	struct rule_origin origin;
};

bool policy_has_files(const struct policy *policy, enum policy_file_kind kind);

/* What a masked name shows, NULL when it is not masked. */
const char *policy_mask(const struct policy *policy, const char *name);

/* Only to be appended to. */
bool policy_appends(const struct policy *policy, const char *name);

/* Names hold still: no file loses its mask, or what append+ promises, by the other name. */
bool policy_files_hold(const struct policy *policy, const char *from, const char *to, bool is_directory);

/* CAT_BIT()s of the categories whose calls mask, append and strict names are about. */
uint64_t policy_files_categories(const struct policy *policy);

/* For the loader. Compiling is done once nothing changes any more: 0 or -ENOMEM. */
void policy_file_free(struct policy_file *file);
int policy_files_compile(struct policy_settings *settings, struct automaton_budget *budget);

#endif
