/* Decisions, activity and the names-hold-still question of loaded policies. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

static enum action decide(const struct policy *policy, enum category category, const char *name)
{
	return policy_decide(policy, category, name).action;
}

Test(policy, starts_with_every_enforced_category_on_and_denied, .timeout = 60)
{
	struct policy *policy = policy_new();

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		bool enforced = (category_enforced() & CAT_BIT(i)) != 0;

		cr_expect(eq(int, policy_is_on(policy, (enum category)i), enforced));
		cr_expect(policy_default(policy, (enum category)i) == ACTION_DENY);
		cr_expect(eq(int, action_refuses(decide(policy, (enum category)i, "/x")), enforced));
	}
	cr_expect(eq(u64, policy_active_bits(policy), category_enforced()));
	cr_expect(policy_is_empty(policy));
	cr_expect(policy_settings(policy)->log_refused);
	cr_expect(eq(uint, policy_settings(policy)->limit_calls, 1024));
	cr_expect(eq(uint, policy_settings(policy)->limit_workers, 256));
	policy_free(policy);
}

Test(policy, the_last_rule_that_matches_decides, .timeout = 60)
{
	struct policy *policy = POLICY("allow/read+/a/***", "kill/read+/a/b", "warn/read+/a/b/***", "filter/read+/a/c");

	cr_expect(decide(policy, CAT_READ, "/a/x") == ACTION_ALLOW);
	cr_expect(decide(policy, CAT_READ, "/a/b") == ACTION_WARN);
	cr_expect(decide(policy, CAT_READ, "/a/c") == ACTION_FILTER);
	cr_expect(decide(policy, CAT_READ, "/b") == ACTION_DENY);
	cr_expect(decide(policy, CAT_WRITE, "/a/x") == ACTION_DENY);
	cr_expect_null(policy_decide(policy, CAT_READ, "/b").rule);
	cr_expect(policy_decide(policy, CAT_READ, "/a/c").rule->action == ACTION_FILTER);
	policy_free(policy);
}

Test(policy, off_allows_whatever_the_rules_say, .timeout = 60)
{
	struct policy *policy = POLICY("deny/read+/***", "sandbox/read:off");

	cr_expect(decide(policy, CAT_READ, "/a") == ACTION_ALLOW);
	cr_expect_not(policy_active(policy, CAT_READ));
	policy_free(policy);
}

Test(policy, removing_takes_the_last_or_every_equal_rule, .timeout = 60)
{
	struct policy *policy = POLICY("allow/read+/a", "deny/read+/a", "allow/read+/a", "allow/read-/a");
	struct policy *cleared =
		POLICY("allow/read,write+/a", "allow/read+/a", "allow/all^/a", "warn/read+/a", "deny/read-/a");
	size_t count;

	cr_expect(decide(policy, CAT_READ, "/a") == ACTION_DENY);
	policy_rules(cleared, CAT_READ, &count);
	cr_expect(eq(sz, count, 1));
	policy_rules(cleared, CAT_WRITE, &count);
	cr_expect(eq(sz, count, 0));
	policy_free(policy);
	policy_free(cleared);
}

Test(policy, a_category_that_can_only_allow_is_not_active, .timeout = 60)
{
	struct policy *policy = POLICY("deny/read+/etc/shadow", "allow/read+/***", "default/write:allow",
		"default/stat:allow", "deny/stat+/h/***", "default/readdir:warn", "allow/create+/***");

	cr_expect_not(policy_active(policy, CAT_READ));
	cr_expect_not(policy_active(policy, CAT_WRITE));
	cr_expect(policy_active(policy, CAT_STAT));
	cr_expect(policy_active(policy, CAT_READDIR));
	cr_expect(policy_active(policy, CAT_WALK));
	cr_expect(policy_active(policy, CAT_CREATE), "a memfd is not a path");
	policy_free(policy);
	policy = POLICY("allow/create+/***", "allow/create+!memfd:***");
	cr_expect(policy_active(policy, CAT_CREATE), "memory from memfd_secret has another name");
	policy_free(policy);
	policy = POLICY("allow/read+/{usr,}/***");
	cr_expect(policy_active(policy, CAT_READ), "a directory without a name has nothing below it");
	policy_free(policy);
	policy = POLICY("allow/create+/***", "allow/create+!memfd{:**,_secret:}");
	cr_expect_not(policy_active(policy, CAT_CREATE));
	cr_expect(eq(u64, policy_active_bits(policy), category_enforced() & ~CAT_BIT(CAT_CREATE)));
	policy_free(policy);
}

struct move_row {
	const char *from;
	const char *to;
	bool is_directory;
	bool allowed;
};

static void check_moves(const struct policy *policy, const struct move_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(int, policy_name_allows_no_more(policy, rows[i].from, rows[i].to, rows[i].is_directory),
				  rows[i].allowed),
			"%s -> %s", rows[i].from, rows[i].to);
}

Test(policy, files_may_not_move_to_names_that_allow_more, .timeout = 60)
{
	static const struct move_row rows[] = {
		{ "/w/a", "/w/b", false, true },
		{ "/w/a", "/w/secret", false, true },
		{ "/w/secret", "/w/a", false, false },
		{ "/w/secret", "/w/secret", false, true },
		{ "/etc/x", "/w/a", false, false },
		{ "/w/a", "/etc/x", false, true },
		{ "/etc/x", "/etc/y", false, true },
	};
	struct policy *policy =
		POLICY("sandbox/all:off", "sandbox/read:on", "allow/read+/w/***", "deny/read+/w/secret");

	check_moves(policy, rows, ARRAY_SIZE(rows));
	policy_free(policy);
}

Test(policy, directories_may_not_move_where_names_below_would_allow_more, .timeout = 60)
{
	static const struct move_row rows[] = {
		{ "/w/a", "/w/b", true, true },
		{ "/w/d", "/w/e", true, false }, /* /w/d/secret is denied, /w/e/secret would not be */
		{ "/w/e", "/w/d", true, true },
		{ "/w/d", "/x/d", true, true },
		{ "/x/d", "/w/d", true, false },
		{ "/w/d", "/w/d", true, true },
		{ "/x/a", "/x/b", true, true },
	};
	struct policy *policy =
		POLICY("sandbox/all:off", "sandbox/read:on", "allow/read+/w/***", "deny/read+/w/d/secret");

	check_moves(policy, rows, ARRAY_SIZE(rows));
	policy_free(policy);
}

Test(policy, a_rule_that_follows_the_directory_does_not_hold_it, .timeout = 60)
{
	static const struct move_row rows[] = {
		{ "/w/a", "/w/b", true, true }, /* .ssh below is denied under either name */
		{ "/w/.ssh", "/w/b", true, false },
		{ "/w/.ssh/x", "/w/b", true, false },
		{ "/w/b", "/w/.ssh", true, true },
	};
	struct policy *policy =
		POLICY("sandbox/all:off", "sandbox/read:on", "allow/read+/***", "deny/read+/**/.ssh/***");

	check_moves(policy, rows, ARRAY_SIZE(rows));
	policy_free(policy);
}

Test(policy, only_active_categories_hold_names, .timeout = 60)
{
	struct policy *policy = POLICY("sandbox/all:off", "deny/read+/w/secret");

	cr_expect(policy_name_allows_no_more(policy, "/w/secret", "/w/a", false));
	policy_free(policy);
	policy = POLICY("sandbox/all:off", "sandbox/stat:on", "default/stat:allow", "deny/stat+/w/secret");
	cr_expect_not(policy_name_allows_no_more(policy, "/w/secret", "/w/a", false), "a hidden file would appear");
	policy_free(policy);
}

Test(policy, warn_ranks_as_allow, .timeout = 60)
{
	struct policy *policy = POLICY("sandbox/all:off", "sandbox/read:on", "default/read:allow", "warn/read+/w/a");

	cr_expect(policy_name_allows_no_more(policy, "/w/a", "/w/b", false));
	cr_expect(policy_name_allows_no_more(policy, "/w/b", "/w/a", true));
	policy_free(policy);
}
