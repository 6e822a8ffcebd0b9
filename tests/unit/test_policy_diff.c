/* Comparing policies: what is told is so, and what is so is told. */
#include "core/policy_diff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "tests/unit/policy_fixture.h"

TestSuite(policy_diff, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })
#define TOLD_MAX 512

struct told {
	struct policy_difference rows[TOLD_MAX];
	size_t count;
	char name[256]; /* of the last */
	bool inexact;
	const struct policy *a, *b;
};

static void told_difference(void *context, const struct policy_difference *difference)
{
	struct told *told = context;
	enum category category = difference->category;

	cr_assert(told->count < TOLD_MAX);
	snprintf(told->name, sizeof(told->name), "%s", difference->name);
	told->rows[told->count++] = *difference;
	if (category == CAT_FS || category == CAT_IOCTL)
		return;
	/* What is told is what the policies themselves say of the name. */
	cr_expect(eq(int, (int)difference->a.action, (int)policy_decide(told->a, category, difference->name).action));
	cr_expect(eq(int, (int)difference->b.action, (int)policy_decide(told->b, category, difference->name).action));
	cr_expect(ne(int, (int)difference->a.action, (int)difference->b.action));
}

static void told_inexact(void *context, uint64_t categories)
{
	struct told *told = context;

	(void)categories;
	told->inexact = true;
}

static struct told told;

static void compare(const struct policy *a, const struct policy *b)
{
	const struct policy_diff_report report = { told_difference, told_inexact, &told };

	told = (struct told){ .a = a, .b = b };
	cr_assert(eq(int, policy_diff(a, b, &report), 0));
}

static bool told_pair(enum category category, struct decision a, struct decision b)
{
	for (size_t i = 0; i < told.count; i++)
		if (told.rows[i].category == category && told.rows[i].a.rule == a.rule &&
			told.rows[i].b.rule == b.rule && told.rows[i].a.action == a.action)
			return true;
	return false;
}

static void expect_same(struct policy *a, struct policy *b)
{
	compare(a, b);
	cr_expect(eq(sz, told.count, 0));
	cr_expect_not(told.inexact);
	policy_free(a);
	policy_free(b);
}

static void expect_count(struct policy *a, struct policy *b, size_t count)
{
	compare(a, b);
	cr_expect(eq(sz, told.count, count));
	policy_free(a);
	policy_free(b);
}

Test(policy_diff, policies_that_decide_the_same_are_the_same_however_they_are_written)
{
	expect_same(POLICY("allow/read+/a/***"), POLICY("allow/read+/a", "allow/read+/a/**"));
	expect_same(POLICY("allow/read+/{a,b}/x"), POLICY("allow/read+/b/x", "allow/read+/a/x"));
	expect_same(POLICY("default/read:allow"), POLICY("sandbox/read:off"));
	expect_same(POLICY("deny/read+/a/b", "allow/read+/a/***"), POLICY("allow/read+/a/***"));
	expect_same(POLICY("allow/read+/[a-c]"), POLICY("allow/read+/{a,b,c}"));
	expect_same(POLICY("allow/read+/***", "allow/read+!memfd:**", "allow/read+!memfd_secret\\:"),
		POLICY("default/read:allow"));
	expect_same(POLICY("allow/fs+{ext4,xfs}"), POLICY("allow/fs+xfs", "allow/fs+ext4"));
	expect_same(POLICY("allow/ioctl+TCGETS"), POLICY("allow/ioctl+0x5401"));
	expect_same(POLICY("allow/walk+/**"), POLICY("allow/walk+/***"));
}

Test(policy_diff, names_that_cannot_exist_make_no_difference)
{
	expect_same(POLICY("allow/read+/?"), POLICY("allow/read+/[!.]", "allow/read+/.x", "deny/read+/.x"));
	expect_same(POLICY("allow/read+/a/*"), POLICY("allow/read+/a/?*"));
	expect_same(POLICY("allow/mkdir+/***"), POLICY("default/mkdir:allow"));
}

Test(policy_diff, each_pair_of_rules_is_told_once)
{
	expect_count(POLICY("allow/read+/a/***"), POLICY("allow/read+/a/***", "deny/read+/a/b/***"), 1);
	expect_count(POLICY("allow/read+/a/***"), POLICY("deny/read+/x"), 1);
	expect_count(POLICY("allow/read+/***", "deny/read+/a"), POLICY("deny/read+/***", "allow/read+/a"), 2);
	expect_count(POLICY("allow/fs+ext*"), POLICY("allow/fs+ext4"), 1);
	expect_count(POLICY("default/ioctl:allow"), POLICY("sandbox/ioctl:on"), 1);
	expect_count(POLICY("deny/ioctl+/dev/x"), POLICY("sandbox/ioctl:on"), 1);
	expect_count(POLICY("warn/read+/a"), POLICY("allow/read+/a"), 1);
}

Test(policy_diff, rules_about_addresses_are_only_read)
{
	struct policy *a = POLICY("allow/net/connect+any!80"), *b = POLICY("allow/net/connect+any!81");

	compare(a, b);
	cr_expect(eq(sz, told.count, 0));
	cr_expect(told.inexact);
	policy_free(a);
	policy_free(b);
	expect_same(POLICY("allow/net+any!80", "allow/net+/s"),
		POLICY("allow/net/bind,net/connect+any!80", "allow/net+/s"));
	expect_same(POLICY("sandbox/net:off", "allow/net+any!80"), POLICY("sandbox/net:off"));
}

Test(policy_diff, the_name_that_is_told_is_a_shortest)
{
	struct policy *a = POLICY("allow/read+/a/**/z");
	struct policy *b = POLICY("deny/read+/x");

	compare(a, b);
	cr_assert(eq(sz, told.count, 1));
	cr_expect(eq(str, told.name, "/a/x/z"));
	policy_free(a);
	policy_free(b);
}

/* All canonical names of up to six bytes over a small alphabet. */
static bool next_name(char *name)
{
	static const char letters[] = "/ab.";
	size_t length = strlen(name);

	for (size_t i = length; i-- > 1;) {
		const char *at = strchr(letters, name[i]);

		if (at[1]) {
			name[i] = at[1];
			return true;
		}
		name[i] = letters[0];
	}
	if (length == 6)
		return false;
	memset(name + 1, letters[0], length);
	name[length + 1] = '\0';
	return true;
}

static bool is_canonical(const char *name)
{
	size_t length = strlen(name);

	if (length == 1)
		return true;
	return name[length - 1] != '/' && !strstr(name, "//") && !strstr(name, "/./") && !strstr(name, "/../") &&
	       !(length > 1 && str_equal(name + length - 2, "/.")) &&
	       !(length > 2 && str_equal(name + length - 3, "/.."));
}

static void expect_complete(const struct policy *a, const struct policy *b)
{
	char name[8] = "/";

	do {
		struct decision left;
		struct decision right;

		if (!is_canonical(name))
			continue;
		left = policy_decide(a, CAT_READ, name);
		right = policy_decide(b, CAT_READ, name);
		if (left.action != right.action)
			cr_expect(told_pair(CAT_READ, left, right), "%s is decided differently and not told", name);
	} while (next_name(name));
}

static struct policy *random_policy(unsigned *seed, char commands[4][64])
{
	static const char *const patterns[] = { "/a", "/b", "/*", "/**", "/***", "/a/*", "/a/**", "/a/***", "/?",
		"/[ab]", "/[!a]", "/{a,b}/***", "/*/b", "/**/b", "/**b", "/a*b", "/.a", "/.*", "/a/{a,b/***}", "/*.b",
		"/a?/*" };
	static const char *const actions[] = { "allow", "deny", "warn" };
	const char *list[5] = { NULL };

	for (size_t i = 0; i < 4; i++) {
		snprintf(commands[i], 64, "%s/read+%s", actions[(size_t)rand_r(seed) % ARRAY_SIZE(actions)],
			patterns[(size_t)rand_r(seed) % ARRAY_SIZE(patterns)]);
		list[i] = commands[i];
	}
	return fixture_policy(list);
}

Test(policy_diff, every_difference_is_told_and_no_other)
{
	unsigned seed = 7;
	size_t same = 0;

	for (int round = 0; round < 200; round++) {
		char left[4][64];
		char right[4][64];
		struct policy *a = random_policy(&seed, left);
		struct policy *b = random_policy(&seed, right);

		compare(a, b);
		cr_assert_not(told.inexact);
		expect_complete(a, b);
		same += told.count == 0;
		policy_free(a);
		policy_free(b);
	}
	cr_expect(same < 100);
}

Test(policy_diff, where_there_is_too_much_to_compare_it_says_so)
{
	struct policy *a = POLICY("allow/read+/**a???????????????????????", "allow/read+/only");
	struct policy *b = POLICY("allow/read+/**b???????????????????????");

	compare(a, b);
	cr_expect(told.inexact);
	cr_expect(ge(sz, told.count, 2));
	policy_free(a);
	policy_free(b);
}

static char *printed(struct policy *a, struct policy *b, bool json)
{
	struct policy_diff_result result;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert(eq(int, policy_diff_print(a, b, json, stream, &result), 0));
	fclose(stream);
	cr_expect(eq(int, result.differs, json || size > 0));
	policy_free(a);
	policy_free(b);
	return text;
}

Test(policy_diff, text_names_the_rules_and_the_settings)
{
	char *text = printed(POLICY("allow/read,write+/a", "exit/wait_all:on"), POLICY("kill/read,write+/a"), false);

	cr_expect(eq(str, text,
		"only in A: exit/wait_all:on\n"
		"only in B: exit/wait_all:off\n"
		"read,write /a: only A allows it\n"
		"  A  allow/read,write+/a (-m:1)\n"
		"  B  kill/read,write+/a (-m:1)\n"));
	free(text);
}

Test(policy_diff, json_has_the_same)
{
	char *text = printed(POLICY("allow/read+/a"), POLICY("default/write:deny"), true);

	cr_expect(eq(str, text,
		"{\"settings\":[],\"differences\":[{\"categories\":[\"read\"],\"name\":\"/a\","
		"\"a\":{\"allowed\":true,\"action\":\"allow\",\"rule\":{\"text\":\"allow/read+/a\","
		"\"action\":\"allow\",\"file\":\"-m\",\"line\":1}},"
		"\"b\":{\"allowed\":false,\"action\":\"deny\",\"rule\":null}}],\"inexact\":[],\"differs\":true}\n"));
	free(text);
}
