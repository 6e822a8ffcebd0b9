/* What tests of the policy language share. */
#include "tests/unit/policy_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/policy_print.h"
#include "core/util.h"

const char *fixture_lookup(void *context, const char *name)
{
	static const char *const variables[][2] = {
		{ "HOME", "/home/u" },
		{ "KENNEL_CWD", "/w" },
		{ "KENNEL_TMPDIR", "/tmp/k" },
		{ "STAR", "/a*b" },
		{ "SLASH", "/" },
		{ "EMPTY", "" },
	};

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (str_equal(variables[i][0], name))
			return variables[i][1];
	return NULL;
}

struct policy_loader *fixture_loader(void)
{
	struct policy_loader *loader = policy_loader_new(fixture_lookup, NULL);

	cr_assert_not_null(loader);
	return loader;
}

char *fixture_errors(struct policy_loader *loader)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct policy *policy = policy_loader_finish(loader, stream);

	fclose(stream);
	cr_assert((policy != NULL) == (size == 0));
	policy_free(policy);
	policy_loader_free(loader);
	return text;
}

struct policy *fixture_policy(const char *const *commands)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;

	for (; *commands; commands++)
		policy_load_command(loader, *commands);
	policy = policy_loader_finish(loader, stderr);
	cr_assert_not_null(policy);
	policy_loader_free(loader);
	return policy;
}

char *fixture_print(const struct policy *policy)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	policy_print_text(policy, stream);
	fclose(stream);
	return text;
}
