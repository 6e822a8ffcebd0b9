/* Errors of a policy: what was expected and which word is near, taken out of the message. */
#include "core/policy_errors.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"

TestSuite(policy_errors, .timeout = 60);

static char *printed(const struct policy_errors *errors, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (json)
		policy_errors_print_json(errors, stream);
	else
		policy_errors_print(errors, stream);
	fclose(stream);
	return text;
}

static void expect_part(const char *what, const char *found, const char *expected)
{
	const bool same = found && expected ? str_equal(found, expected) : found == expected;

	cr_expect(same, "%s: %s, not %s", what, found ? found : "none", expected ? expected : "none");
}

#define EXPECT(expected_text, nearest_text, ...) \
	do { \
		struct policy_errors errors = { .errors = NULL }; \
		policy_errors_add(&errors, "f", 1, 2, __VA_ARGS__); \
		cr_assert(eq(sz, errors.kept, 1)); \
		expect_part("expected", errors.errors[0].expected, expected_text); \
		expect_part("nearest", errors.errors[0].nearest, nearest_text); \
		policy_errors_release(&errors); \
	} while (0)

Test(policy_errors, the_parts_of_a_message_are_known)
{
	EXPECT("a category", "read", "unknown '%s', expected a category%s", "raed", " (did you mean 'read'?)");
	EXPECT("a category", NULL, "unknown '%s', expected a category%s", "xyz", "");
	EXPECT("an absolute path", NULL, "expected an absolute path, found '%s'", "x");
	EXPECT("']' to end this set", NULL, "%s", "expected ']' to end this set");
	EXPECT(NULL, NULL, "'%s' includes itself", "x.kennel");
}

Test(policy_errors, what_a_policy_holds_is_not_taken_for_a_part)
{
	EXPECT("a path", NULL, "unknown '%s', expected a path", "x, expected gold, found none");
	EXPECT("a path", NULL, "expected a path, found '%s'", "y (did you mean 'z'?)");
	EXPECT("a word", "b", "unknown '%s', expected a word%s", " (did you mean 'a'?)", " (did you mean 'b'?)");
	EXPECT(NULL, NULL, "unknown '%s'", "expected x");
}

Test(policy_errors, no_message_reaches_a_terminal_as_it_is)
{
	struct policy_errors errors = { .errors = NULL };
	char *text;

	policy_errors_add(&errors, "a\nb", 3, 4, "bad '%s'", "\033[2J\x7f");
	text = printed(&errors, false);
	cr_expect(eq(str, text, "a\\x0ab:3:4: bad '\\x1b[2J\\x7f'\n"));
	free(text);
	text = printed(&errors, true);
	cr_expect(eq(str, text,
		"[{\"file\":\"a\\u000ab\",\"line\":3,\"column\":4,\"message\":\"bad '\\u001b[2J\\u007f'\","
		"\"expected\":null,\"nearest\":null}]"));
	free(text);
	policy_errors_release(&errors);
}

Test(policy_errors, only_so_many_are_kept_and_all_are_counted)
{
	struct policy_errors errors = { .errors = NULL };
	char *text;

	for (unsigned i = 0; i < POLICY_ERRORS_SHOWN + 7; i++)
		policy_errors_add(&errors, "f", i, 1, "wrong");
	cr_expect(eq(ulong, errors.count, POLICY_ERRORS_SHOWN + 7));
	cr_expect(eq(sz, errors.kept, POLICY_ERRORS_SHOWN));
	text = printed(&errors, false);
	cr_expect_not_null(strstr(text, "and 7 more errors\n"));
	free(text);
	policy_errors_release(&errors);
}
