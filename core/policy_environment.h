/*
 * The answers to ${VAR} in a policy: the environment of the caller, and what the program
 * itself says: KENNEL_CWD and KENNEL_TMPDIR.
 */
#ifndef KENNEL_CORE_POLICY_ENVIRONMENT_H
#define KENNEL_CORE_POLICY_ENVIRONMENT_H

#include <limits.h>

struct policy_environment {
	char cwd[PATH_MAX];    /* canonical; "" when it has no name: KENNEL_CWD is unset then */
	char tmpdir[PATH_MAX]; /* the directory of this run */
	char answer[PATH_MAX];
	const char *answered; /* the value of the environment to which that is the answer: many rules begin with it */
};

/*
 * tmpdir: the canonical name of the fresh temporary directory of the run; NULL where nothing
 * is going to run (check, plan): then it reads like one, and is not made.
 */
void policy_environment_init(struct policy_environment *environment, const char *tmpdir);

/* A policy_lookup_fn; context is the struct policy_environment. */
const char *policy_environment_lookup(void *context, const char *name);

#endif
