/*
 * In place of policy_hosts.c in a small static build: host names in rules are refused, because the resolver of the C
 * library would be a quarter of the program. Addresses stay. Not part of any other build.
 */
#include <errno.h>

#include "core/address_pattern.h"
#include "core/policy_build.h"
#include "core/policy_hosts.h"
#include "core/policy_net.h"

int policy_hosts_resolve(struct policy *policy, FILE *errors)
{
	const struct address_pattern *pattern;
	const struct rule *rule;
	size_t index = 0;
	int error = 0;

	while ((pattern = policy_next_host(policy, &index, &rule)) != NULL) {
		fprintf(errors, "kennel: %s", rule->origin.file);
		if (rule->origin.line)
			fprintf(errors, ":%u", rule->origin.line);
		fprintf(errors, ": the host name '%s': not in this build (small)\n", pattern->host);
		error = -ENOENT;
	}
	return error;
}
