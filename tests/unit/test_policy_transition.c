/* setuid+FROM.TO and setgid+FROM.TO: ids by number and by name, and the questions about them. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_transition, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

Test(policy_transition, only_what_is_named_is_allowed_and_only_of_a_kind_that_is_named)
{
	struct policy *policy = POLICY("setuid+0.1000", "setuid+root.4294967294");

	cr_expect(policy_names_transitions(policy, ID_USER));
	cr_expect_not(policy_names_transitions(policy, ID_GROUP));
	cr_expect(policy_allows_transition(policy, ID_USER, 0, 1000));
	cr_expect(policy_allows_transition(policy, ID_USER, 0, 4294967294u));
	cr_expect(policy_allows_transition(policy, ID_USER, 7, 7), "to keep an id is no transition");
	cr_expect_not(policy_allows_transition(policy, ID_USER, 1000, 0));
	cr_expect_not(policy_allows_transition(policy, ID_USER, 0, 1));
	cr_expect(policy_allows_transition(policy, ID_GROUP, 0, 1));
	policy_free(policy);
}

Test(policy_transition, are_removed_like_other_elements)
{
	struct policy *policy = POLICY("setgid+0.5", "setgid+root.5", "setgid+0.6", "setgid-0.5", "setgid-0.9");
	struct policy *cleared = POLICY("setgid+0.5", "setgid+0.5", "setgid^root.5");
	char *text = fixture_print(policy);

	cr_expect(eq(sz, policy_settings(policy)->transition_count, 2));
	cr_expect(policy_allows_transition(policy, ID_GROUP, 0, 5));
	cr_expect(strstr(text, "setgid+0.5\nsetgid+0.6\n") != NULL, "%s", text);
	cr_expect_not(policy_names_transitions(cleared, ID_GROUP));
	free(text);
	policy_free(policy);
	policy_free(cleared);
}

struct error_row {
	const char *command;
	const char *error;
};

Test(policy_transition, errors_name_the_nearest_user_or_group)
{
	static const struct error_row rows[] = {
		{ "setuid+rot.0", "8: unknown user 'rot', expected the name of a user or a number (did you mean "
				  "'root'?)" },
		{ "setgid+0.roott", "10: unknown group 'roott', expected the name of a group or a number (did you mean "
				    "'root'?)" },
		{ "setuid+0.4294967295", "10: unknown user '4294967295', expected the name of a user or a number" },
		{ "setuid+0", "8: expected FROM.TO after 'setuid+', found '0'" },
		{ "setuid+.5", "8: expected FROM.TO after 'setuid+', found '.5'" },
		{ "setuid+", "8: expected a name after 'setuid'" },
		{ "setuid:0.5", "7: expected '+', '-' or '^' after 'setuid'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy_loader *loader = fixture_loader();
		char expected[256];
		char *errors;

		snprintf(expected, sizeof(expected), "-m:1:%s\n", rows[i].error);
		policy_load_command(loader, rows[i].command);
		errors = fixture_errors(loader);
		cr_expect_str_eq(errors, expected);
		free(errors);
	}
}
