/*
 * Host names in rules: looked up once, at the start. What came out is what the rules mean from then on, and what the
 * sandbox is told: it shows as /etc/hosts.
 */
#ifndef KENNEL_CORE_POLICY_HOSTS_H
#define KENNEL_CORE_POLICY_HOSTS_H

#include <stdio.h>

struct policy;

/*
 * Does nothing where no rule has a host name. 0, or -ENOENT and the like after a line about each name
 * that has no address. The descriptor behind what /etc/hosts shows stays open for ever.
 */
int policy_hosts_resolve(struct policy *policy, FILE *errors);

#endif
