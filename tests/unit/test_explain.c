/* Why a name is allowed or refused: the deciding rule, the one below it, and what turns it round. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <asm/termbits.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/explain.h"
#include "core/pattern.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(explain, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

static struct explain_answer answer;

static void ask(struct policy *policy, enum category category, const char *name)
{
	struct explain_question question = { .category = category, .name = name };

	explain(policy, &question, &answer);
}

/* The answer turns round when the change is added behind all that was there. */
static void expect_change(const char *const *commands, enum category category, const char *name)
{
	struct policy_loader *loader = fixture_loader();
	struct policy *policy;
	char command[32];
	bool refused;

	for (; *commands; commands++)
		policy_load_command(loader, *commands);
	snprintf(command, sizeof(command), "sandbox/%s:on", category_name(category));
	if (answer.switches)
		policy_load_command(loader, command);
	if (answer.change[0])
		policy_load_command(loader, answer.change);
	refused = answer.error != 0;
	policy = policy_loader_finish(loader, stderr);
	policy_loader_free(loader);
	cr_assert_not_null(policy);
	ask(policy, category, name);
	cr_expect(refused != (answer.error != 0), "%s", answer.change);
	policy_free(policy);
}

struct row {
	const char *commands[6];
	enum category category;
	const char *name;
	int error;
	const char *rule; /* the pattern of the deciding one, NULL: the default, or off */
	const char *next; /* of the one below */
	const char *change;
	bool switches;
};

static const struct row rows[] = {
	{ { "allow/read+/a/***", "deny/read+/a/b" }, CAT_READ, "/a/b", EACCES, "/a/b", "/a/***", "allow/read+/a/b",
		false },
	{ { "allow/read+/a/***", "deny/read+/a/b" }, CAT_READ, "/a/c", 0, "/a/***", NULL, "deny/read+/a/c", false },
	{ { "allow/read+/a" }, CAT_READ, "/b", EACCES, NULL, NULL, "allow/read+/b", false },
	{ { "allow/read+/a" }, CAT_READ, "/b*", EACCES, NULL, NULL, "allow/read+/b\\*", false },
	{ { "default/read:allow" }, CAT_READ, "/b", 0, NULL, NULL, "deny/read+/b", false },
	{ { "sandbox/read:off" }, CAT_READ, "/b", 0, NULL, NULL, "", true },
	{ { "sandbox/read:off", "allow/read+/b" }, CAT_READ, "/b", 0, NULL, "/b", "deny/read+/b", true },
	{ { "default/stat:filter" }, CAT_STAT, "/b", ENOENT, NULL, NULL, "allow/stat+/b", false },
	{ { "allow/walk+/a", "allow/walk+/a/b/c" }, CAT_WALK, "/a/b/c", ENOENT, NULL, NULL, "allow/walk+/a/b{,/c}",
		false },
	{ { "allow/walk+/a{,/b{,/c}}" }, CAT_WALK, "/a/b/c", 0, "/a{,/b{,/c}}", NULL, "deny/walk+/a/b/c", false },
	{ { "allow/walk+/***" }, CAT_WALK, "/", 0, NULL, NULL, "", false },
	{ { "allow/fs+ext*", "deny/fs+ext4" }, CAT_FS, "ext4", EACCES, "ext4", "ext*", "allow/fs+ext4", false },
	{ { "allow/fs+/***" }, CAT_FS, "proc", 0, "/***", NULL, "deny/fs+proc", false },
	{ { "deny/ioctl+/dev/x" }, CAT_IOCTL, "/dev/x", EACCES, "/dev/x", NULL, "allow/ioctl+/dev/x", false },
	{ { "default/ioctl:deny" }, CAT_IOCTL, "/dev/x", 0, NULL, NULL, "deny/ioctl+/dev/x", false },
};

static const char *pattern_of(const struct rule *rule)
{
	return rule ? pattern_text(rule->pattern) : NULL;
}

static void expect_string(const char *what, size_t row, const char *found, const char *expected)
{
	const bool same = found && expected ? str_equal(found, expected) : found == expected;

	cr_expect(same, "row %zu: %s is %s, not %s", row, what, found ? found : "none", expected ? expected : "none");
}

Test(explain, names_what_decides_and_what_would_change_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy *policy = fixture_policy(rows[i].commands);

		ask(policy, rows[i].category, rows[i].name);
		cr_expect(eq(int, answer.error, rows[i].error), "row %zu", i);
		cr_expect(eq(int, answer.switches, rows[i].switches), "row %zu", i);
		expect_string("the rule", i, pattern_of(answer.decision.rule), rows[i].rule);
		expect_string("the next", i, pattern_of(answer.next), rows[i].next);
		expect_string("the change", i, answer.change, rows[i].change);
		policy_free(policy);
		/* "/" is not judged by walk: no rule changes that. */
		if (!str_equal(rows[i].name, "/"))
			expect_change(rows[i].commands, rows[i].category, rows[i].name);
	}
}

Test(explain, the_root_is_never_refused_by_walk)
{
	struct policy *policy = POLICY("default/walk:deny");

	ask(policy, CAT_WALK, "/");
	cr_expect(eq(int, answer.error, 0));
	policy_free(policy);
}

Test(explain, walk_names_the_first_directory_that_is_refused)
{
	struct policy *policy = POLICY("allow/walk+/***", "deny/walk+/a/b/***");

	ask(policy, CAT_WALK, "/a/b/c/d");
	cr_expect(eq(str, answer.name, "/a/b"));
	cr_expect(eq(int, answer.error, ENOENT));
	policy_free(policy);
}

static void ask_request(struct policy *policy, const char *name, uint32_t request)
{
	struct explain_question question = {
		.category = CAT_IOCTL, .name = name, .is_request = true, .request = request
	};

	explain(policy, &question, &answer);
}

Test(explain, requests_are_decided_by_name_or_number)
{
	char rule[32];
	struct policy *policy;

	snprintf(rule, sizeof(rule), "deny/ioctl+%#x", (unsigned)TCGETS);
	policy = POLICY("allow/ioctl+TC*", rule);

	ask_request(policy, "TCGETS", TCGETS);
	cr_expect(eq(int, answer.error, EACCES));
	expect_string("the rule", 0, pattern_of(answer.decision.rule), strchr(rule, '0'));
	expect_string("the next", 0, pattern_of(answer.next), "TC*");
	policy_free(policy);
}

Test(explain, what_is_refused_whatever_the_rules_say_has_a_reason)
{
	struct policy *policy =
		POLICY("default/ioctl:allow", "filename/strict:on", "exec/anonymous:off", "default/create,exec:allow");

	ask_request(policy, "TIOCSTI", TIOCSTI);
	cr_expect(eq(int, answer.error, EPERM));
	cr_expect_not_null(answer.reason);
	cr_expect(eq(str, answer.change, "allow/ioctl+TIOCSTI"));
	ask(policy, CAT_CREATE, "/a/-rf");
	cr_expect(eq(int, answer.error, EINVAL));
	cr_expect(eq(str, answer.change, "filename/strict:off"));
	ask(policy, CAT_EXEC, "!memfd:x");
	cr_expect(eq(int, answer.error, EACCES));
	cr_expect(eq(str, answer.change, "exec/anonymous:on"));
	policy_free(policy);
}

Test(explain, masks_and_append_only_files_are_told)
{
	struct policy *policy = POLICY("default/all:allow", "mask+/a", "append+/b/**");

	ask(policy, CAT_READ, "/a");
	cr_expect(answer.mask && !answer.append);
	ask(policy, CAT_CHMOD, "/a");
	cr_expect_not(answer.mask);
	ask(policy, CAT_WRITE, "/b/c");
	cr_expect(answer.append && !answer.mask);
	ask(policy, CAT_READ, "/b/c");
	cr_expect_not(answer.append);
	policy_free(policy);
}

static char *printed(struct policy *policy, enum category category, const char *name, bool json)
{
	struct explain_question question = { .category = category, .name = name };
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	explain(policy, &question, &answer);
	if (json)
		explain_print_json(policy, &question, &answer, stream);
	else
		explain_print_text(policy, &question, name, &answer, stream);
	fclose(stream);
	policy_free(policy);
	return text;
}

Test(explain, text_holds_no_control_character_of_a_name)
{
	char *text = printed(POLICY("default/read:deny"), CAT_READ, "/a\033[2J\n", false);

	cr_expect(eq(str, text,
		"read /a\\x1b\\[2J\\x0a: refused with EACCES, logged\n"
		"  decided by  default/read:deny\n"
		"  to allow    allow/read+/a\\x1b\\[2J\\x0a\n"));
	free(text);
}

Test(explain, text_tells_the_effect_of_the_action)
{
	char *text = printed(POLICY("kill/read,write+/a/**"), CAT_READ, "/a/b", false);

	cr_expect(eq(str, text,
		"read /a/b: refused with EACCES, logged, and SIGKILL to the process\n"
		"  decided by  kill/read,write+/a/** (-m:1)\n"
		"  else        default/read:deny\n"
		"  to allow    allow/read+/a/b\n"));
	free(text);
}

Test(explain, json_has_the_same)
{
	char *text = printed(POLICY("allow/read+/a/**", "deny/read+/a/b"), CAT_READ, "/a/b", true);

	cr_expect(eq(str, text,
		"{\"category\":\"read\",\"judged\":\"/a/b\",\"allowed\":false,\"action\":\"deny\",\"on\":true,"
		"\"default\":\"deny\",\"logged\":true,\"errno\":\"EACCES\","
		"\"rule\":{\"text\":\"deny/read+/a/b\",\"action\":\"deny\",\"file\":\"-m\",\"line\":2},"
		"\"else\":{\"text\":\"allow/read+/a/**\",\"action\":\"allow\",\"file\":\"-m\",\"line\":1},"
		"\"reason\":null,\"mask\":null,\"append_only\":false,\"change\":[\"allow/read+/a/b\"]}"));
	free(text);
}
