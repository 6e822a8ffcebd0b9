/*
 * What each command of the rule language does to the loader's policy. Part of core/policy_load.h.
 */
#ifndef KENNEL_CORE_POLICY_APPLY_H
#define KENNEL_CORE_POLICY_APPLY_H

#include "core/category.h"

struct policy_statement;

void policy_apply_sandbox(struct policy_statement *statement);
void policy_apply_default(struct policy_statement *statement);
void policy_apply_rule(struct policy_statement *statement, enum action action);
void policy_apply_block(struct policy_statement *statement);
void policy_apply_abi(struct policy_statement *statement);
void policy_apply_switch(struct policy_statement *statement);
void policy_apply_log_file(struct policy_statement *statement);
void policy_apply_limit_calls(struct policy_statement *statement);
void policy_apply_limit_workers(struct policy_statement *statement);
void policy_apply_unsafe(struct policy_statement *statement);
void policy_apply_ghost(struct policy_statement *statement);
void policy_apply_setuid(struct policy_statement *statement);
void policy_apply_setgid(struct policy_statement *statement);
void policy_apply_mask(struct policy_statement *statement);
void policy_apply_append(struct policy_statement *statement);
void policy_apply_lock(struct policy_statement *statement);
void policy_apply_passenv(struct policy_statement *statement);
void policy_apply_setenv(struct policy_statement *statement);
void policy_apply_unsetenv(struct policy_statement *statement);
void policy_apply_clearenv(struct policy_statement *statement);
void policy_apply_rlimit(struct policy_statement *statement);

#endif
