/*
 * Variables for policies. Directories that the environment names are answered in their
 * canonical form where they exist, because that is what rules are matched with.
 */
#include "core/policy_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/util.h"

void policy_environment_init(struct policy_environment *environment, const char *tmpdir)
{
	if (!getcwd(environment->cwd, sizeof(environment->cwd)))
		environment->cwd[0] = '\0';
	snprintf(environment->tmpdir, sizeof(environment->tmpdir), "%s", tmpdir ? tmpdir : "/tmp/kennel-XXXXXX");
	environment->answered = NULL;
}

const char *policy_environment_lookup(void *context, const char *name)
{
	static const char *const directories[] = { "HOME", "TMPDIR", "PWD" };
	struct policy_environment *environment = context;
	const char *value;

	if (str_equal(name, "KENNEL_CWD"))
		return environment->cwd[0] ? environment->cwd : NULL;
	if (str_equal(name, "KENNEL_TMPDIR"))
		return environment->tmpdir;
	value = getenv(name);
	if (value && value == environment->answered)
		return environment->answer;
	for (size_t i = 0; value && i < ARRAY_SIZE(directories); i++)
		if (str_equal(directories[i], name) && value[0] == '/' && realpath(value, environment->answer)) {
			environment->answered = value;
			return environment->answer;
		}
	return value;
}
