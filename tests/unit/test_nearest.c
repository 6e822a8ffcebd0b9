/* Nearest words: slips are found, anything goes is not. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/nearest.h"
#include "core/util.h"

static const char *const words[] = { "read", "readdir", "write", "on", "off", "sandbox" };

static const char *nearest(const char *word)
{
	const char *found = nearest_word(word, words, ARRAY_SIZE(words));

	return found ? found : "";
}

Test(nearest, slips_of_the_hand_are_found, .timeout = 60)
{
	cr_expect(eq(str, (char *)nearest("raed"), "read"));
	cr_expect(eq(str, (char *)nearest("rea"), "read"));
	cr_expect(eq(str, (char *)nearest("readd"), "read"));
	cr_expect(eq(str, (char *)nearest("readir"), "readdir"));
	cr_expect(eq(str, (char *)nearest("sadnbox"), "sandbox"));
	cr_expect(eq(str, (char *)nearest("onn"), "on"));
}

Test(nearest, what_is_far_away_is_not_guessed, .timeout = 60)
{
	cr_expect(eq(str, (char *)nearest("xyz"), ""));
	cr_expect(eq(str, (char *)nearest(""), ""));
	cr_expect(eq(str, (char *)nearest("foo"), ""));
	cr_expect(eq(str, (char *)nearest("averyveryveryveryverylongwordthatnobodymeant"), ""));
}
