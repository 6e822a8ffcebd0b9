/* Rules that can never decide are named; those that can are not. */
#include "core/policy_warnings.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_warnings, .timeout = 120);

static char *warned(const char *const *commands, bool json)
{
	struct policy *policy = fixture_policy(commands);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (json)
		policy_warnings_print_json(policy, stream);
	else
		policy_warnings_print(policy, stream);
	fclose(stream);
	policy_free(policy);
	return text;
}

#define WARNED(...) warned((const char *const[]){ __VA_ARGS__, NULL }, false)

static void expect(char *text, const char *expected)
{
	cr_expect(eq(str, text, (char *)expected));
	free(text);
}

Test(policy_warnings, a_rule_below_a_later_tree_is_named)
{
	expect(WARNED("allow/read+/a/b", "deny/read+/a/***"),
		"-m:1: warning: allow/read+/a/b never decides: deny/read+/a/*** (-m:2) comes later and covers it\n");
	expect(WARNED("allow/read+/a/*x?", "deny/read,write+/a/***"),
		"-m:1: warning: allow/read+/a/*x? never decides: deny/read,write+/a/*** (-m:2) comes later and "
		"covers it\n");
	expect(WARNED("allow/read+/a/[bc]", "deny/read+/a/[bc]"),
		"-m:1: warning: allow/read+/a/[bc] never decides: deny/read+/a/[bc] (-m:2) comes later and covers "
		"it\n");
	expect(WARNED("allow/fs+ext4", "deny/fs+/***"),
		"-m:1: warning: allow/fs+ext4 never decides: deny/fs+/*** (-m:2) comes later and covers it\n");
}

Test(policy_warnings, a_rule_that_can_decide_is_not_named)
{
	expect(WARNED("deny/read+/a/***", "allow/read+/a/b"), "");
	expect(WARNED("allow/read,write+/a/b", "deny/read+/a/***"), "");
	expect(WARNED("allow/read+/a/***", "deny/read+/a/**"), "");
	expect(WARNED("allow/create+!memfd:x", "deny/create+/***"), "");
	expect(WARNED("allow/read+{/a,!memfd:x}", "deny/read+/***"), "");
	expect(WARNED("allow/read+/ab", "deny/read+/a"), "");
	expect(WARNED("allow/net/connect+127.0.0.1!80", "deny/net/connect+any"), "");
	expect(WARNED("allow/net/connect+127.0.0.1!80", "deny/net/connect+/***"), "");
	expect(WARNED("allow/all+/***", "deny/walk,stat,list,read,write,exec,ioctl,net+/***"), "");
}

Test(policy_warnings, a_rule_of_categories_that_are_off_is_named)
{
	expect(WARNED("sandbox/exec:off", "allow/exec+/a"),
		"-m:2: warning: allow/exec+/a never decides: its categories are off\n");
	expect(WARNED("sandbox/exec:off", "allow/read,exec+/a"), "");
	expect(WARNED("allow/exec+/a", "sandbox/all:off", "sandbox/exec:on"), "");
}

Test(policy_warnings, overriding_a_profile_is_no_mistake)
{
	expect(WARNED("include_profile work", "allow/all+/***"), "");
}

Test(policy_warnings, json_has_both_rules)
{
	char *text = warned((const char *const[]){ "allow/read+/a/b", "deny/read+/a/***", NULL }, true);

	cr_expect(eq(str, text,
		"[{\"message\":\"never decides\",\"rule\":{\"text\":\"allow/read+/a/b\",\"action\":\"allow\","
		"\"file\":\"-m\",\"line\":1},\"covered_by\":{\"text\":\"deny/read+/a/***\",\"action\":\"deny\","
		"\"file\":\"-m\",\"line\":2}}]"));
	free(text);
}

/* Exact: on every name over a small alphabet the decision stays the same without a named rule. */
static void expect_no_effect(const char *const *commands, size_t without)
{
	struct policy *whole = fixture_policy(commands);
	const char *fewer[8] = { NULL };
	struct policy *rest;
	char name[8];

	for (size_t i = 0, count = 0; commands[i]; i++)
		if (i != without)
			fewer[count++] = commands[i];
	rest = fixture_policy(fewer);
	for (unsigned number = 0; number < 4 * 4 * 4 * 4; number++) {
		snprintf(name, sizeof(name), "/%c%c%c%c", "ab/c"[number & 3], "ab/c"[number >> 2 & 3],
			"ab/c"[number >> 4 & 3], "ab/c"[number >> 6]);
		cr_expect(eq(int, (int)policy_decide(whole, CAT_READ, name).action,
				  (int)policy_decide(rest, CAT_READ, name).action),
			"%s and %s on %s", commands[0], commands[1], name);
	}
	policy_free(whole);
	policy_free(rest);
}

Test(policy_warnings, what_is_named_has_no_effect)
{
	static const char *const patterns[] = { "/a", "/a/*", "/a/**", "/a/***", "/*", "/**", "/***", "/?b", "/a/[bc]",
		"/{a,b}/***", "/{a,b/c}/*", "/a*", "/a/b/***", "{/a,/b}/***" };
	unsigned named = 0;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(patterns); j++) {
			char first[64];
			char second[64];
			const char *const commands[] = { first, second, NULL };
			char *text;

			snprintf(first, sizeof(first), "allow/read+%s", patterns[i]);
			snprintf(second, sizeof(second), "kill/read+%s", patterns[j]);
			text = warned(commands, false);
			if (*text) {
				named++;
				expect_no_effect(commands, 0);
			}
			free(text);
		}
	}
	cr_expect(named > 2 * ARRAY_SIZE(patterns));
}
