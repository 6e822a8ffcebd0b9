/*
 * The options that make a policy, shared by the commands that take one: -p PROFILE,
 * -P FILE, -m COMMAND, --ro, --rw, --hide, --exec, --connect, --bind. Typical use:
 *
 *	struct policy_environment environment;
 *	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
 *
 *	policy_environment_init(&environment, tmpdir);
 *	loader = policy_loader_new(policy_environment_lookup, &environment);
 *	while (index < argc) {
 *		if (policy_options_take(loader, argc, argv, &index))
 *			continue;
 *		... the command's own options, each moving index ...
 *	}
 *	policy = policy_loader_finish(loader, stderr);
 *	if (!policy)
 *		return 125;
 *
 * Options apply at once, in the order of the command line; nothing runs with an error.
 */
#ifndef KENNEL_CORE_POLICY_OPTIONS_H
#define KENNEL_CORE_POLICY_OPTIONS_H

#include <stdbool.h>

#include "core/policy_parse.h"

/*
 * True when argv[*index] is one of these options: it has been applied, *index stands behind it and
 * its value (-p X, -pX, --ro X, --ro=X). A missing value is an error of the loader. False: not
 * ours, nothing has changed.
 */
bool policy_options_take(struct policy_loader *loader, int argc, char **argv, int *index);

/* The name of option number index, with its dashes; NULL after the last. */
const char *policy_option_name(size_t index);

/* Their lines for --help. */
extern const char policy_options_help[];

#endif
