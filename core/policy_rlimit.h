/* The names of resource limits in the rule language. */
#ifndef KENNEL_CORE_POLICY_RLIMIT_H
#define KENNEL_CORE_POLICY_RLIMIT_H

/* By the kernel's number, RLIMIT_NOFILE and its kind. */
const char *policy_rlimit_name(unsigned resource);

#endif
