/* Patterns: what matches, what is malformed, cover, roots, quoting; against a naive matcher. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/pattern.h"
#include "core/util.h"

static struct pattern *test_pattern(const char *text)
{
	struct pattern *pattern = NULL;
	size_t offset;
	const char *error = NULL;
	int result = pattern_new(text, &pattern, &offset, &error);

	cr_assert(eq(int, result, 0), "%s: %s at %zu", text, error ? error : "?", offset);
	return pattern;
}

static bool test_matches(const char *text, const char *name)
{
	struct pattern *pattern = test_pattern(text);
	bool matches = pattern_match(pattern, name);

	pattern_free(pattern);
	return matches;
}

struct match_row {
	const char *text;
	const char *name;
	bool matches;
};

static const struct match_row match_rows[] = {
	{ "/usr", "/usr", true },
	{ "/usr", "/usr/lib", false },
	{ "/usr", "/us", false },
	{ "/usr/***", "/usr", true },
	{ "/usr/***", "/usr/lib/x", true },
	{ "/usr/***", "/usrlocal", false },
	{ "/***", "/", true },
	{ "/***", "/etc/passwd", true },
	{ "/***", "!memfd:x", false },
	{ "/a/*", "/a/.x", true },
	{ "/a/*", "/a/b/c", false },
	{ "/a/*", "/ab", false },
	{ "/a/*", "/a/", true },
	{ "/a/**", "/a", false },
	{ "/a/**", "/a/b/c", true },
	{ "/a?c", "/abc", true },
	{ "/a?c", "/a/c", false },
	{ "/a[b-d]e", "/ace", true },
	{ "/a[!b-d]e", "/ace", false },
	{ "/a[!b-d]e", "/axe", true },
	{ "/a[!b]e", "/a/e", false },
	{ "/a[]]e", "/a]e", true },
	{ "/a[a-]e", "/a-e", true },
	{ "/a[\\]x]e", "/a]e", true },
	{ "/{a,b}/c", "/b/c", true },
	{ "/{a,b}/c", "/c/c", false },
	{ "/x{,y{1,2}}", "/x", true },
	{ "/x{,y{1,2}}", "/xy2", true },
	{ "/x{,y{1,2}}", "/xy", false },
	{ "{/a/***,/b}", "/a/q/r", true },
	{ "{/a/***,/b}", "/b/q", false },
	{ "/a,b", "/a,b", true },
	{ "/\\*\\?\\[\\]\\{\\}\\+\\:\\,\\!\\\\", "/*?[]{}+:,!\\", true },
	{ "/a\\x0ab", "/a\nb", true },
	{ "!memfd:*", "!memfd:x", true },
	{ "\\!memfd\\:x", "!memfd:x", true },
	{ "**", "!memfd:a/b", true },
	{ "/**/.ssh/***", "/home/u/.ssh/id", true },
	{ "/**/.ssh/***", "/home/u/.sshd", false },
	{ "/*a*b/c", "/xabab/c", true },
	{ "/a***", "/abc/d", true },
	{ "/{a,*}*", "/b", true },
	{ "/proc/[0-9]*/fd/***", "/proc/12/fd", true },
	{ "/proc/[0-9]*/fd/***", "/proc/self/fd", false },
	{ "", "", true },
	{ "", "/", false },
};

Test(pattern, matches_as_documented, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_rows); i++)
		cr_expect(eq(int, test_matches(match_rows[i].text, match_rows[i].name), match_rows[i].matches), "%s %s",
			match_rows[i].text, match_rows[i].name);
}

struct error_row {
	const char *text;
	size_t offset;
	const char *error;
};

static const struct error_row error_rows[] = {
	{ "/a[b", 2, "expected ']' to end this set" },
	{ "/a[]", 2, "expected ']' to end this set" },
	{ "/a[b-", 2, "expected ']' to end this set" },
	{ "/a[d-b]", 3, "expected a range whose end is not before its start" },
	{ "/a[/]", 3, "expected no '/' in a set: a set never matches it" },
	{ "/a[[:alpha:]]", 3, "expected a list of characters or ranges: named classes are not known" },
	{ "/a[\xc3\xa9]", 3, "expected an ASCII character in a set" },
	{ "/{a,{b}", 1, "expected '}' to end these alternatives" },
	{ "/a}", 2, "expected '{' before this '}', or '\\}'" },
	{ "/a\\", 2, "expected a character to quote, or xHH, after '\\'" },
	{ "/a\\n", 2, "expected a character to quote, or xHH, after '\\'" },
	{ "/a\\x0", 2, "expected two hexadecimal digits, not 00, after '\\x'" },
	{ "/a\\x00", 2, "expected two hexadecimal digits, not 00, after '\\x'" },
	{ "/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", 0,
		"expected at most 256 alternatives after expanding braces" },
};

Test(pattern, malformed_ones_say_what_was_expected_and_where, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(error_rows); i++) {
		struct pattern *pattern = NULL;
		size_t offset = 0;
		const char *error = "";

		cr_expect(eq(int, pattern_new(error_rows[i].text, &pattern, &offset, &error), -EINVAL), "%s",
			error_rows[i].text);
		cr_expect(eq(str, (char *)error, (char *)error_rows[i].error), "%s", error_rows[i].text);
		if (!strstr(error_rows[i].text, "{b}"))
			cr_expect(eq(sz, offset, error_rows[i].offset), "%s", error_rows[i].text);
	}
}

Test(pattern, exactly_256_alternatives_are_taken, .timeout = 60)
{
	cr_assert(test_matches("/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "/abababab"));
}

/* ---- Against a matcher that is obviously right and hopelessly slow ---- */

static bool naive_set(const char **text, char c)
{
	const char *p = *text + 1;
	bool negated = *p == '!';
	bool found = false;

	p += negated;
	for (bool first = true; first || *p != ']'; first = false, p++)
		found |= *p == c;
	*text = p + 1;
	return c != '/' && c != '\0' && found != negated;
}

/* No braces, no quoting. */
static bool naive_match(const char *text, const char *name)
{
	const char *rest = text;

	if (str_starts(text, "/***") && text[1 + strspn(text + 1, "*")] == '\0')
		return *name == '\0' || *name == '/';
	if (*text == '\0')
		return *name == '\0';
	if (*text == '*') {
		bool deep = text[1] == '*';

		rest = text + strspn(text, "*");
		for (;; name++) {
			if (naive_match(rest, name))
				return true;
			if (*name == '\0' || (!deep && *name == '/'))
				return false;
		}
	}
	if (*text == '[')
		return naive_set(&rest, *name) && naive_match(rest, name + 1);
	if (*text == '?')
		return *name != '\0' && *name != '/' && naive_match(text + 1, name + 1);
	return *text == *name && naive_match(text + 1, name + 1);
}

static void random_text(unsigned *seed, const char *const *pieces, size_t count, char *text, size_t size)
{
	size_t length = (size_t)(rand_r(seed) % 9);

	text[0] = '\0';
	for (size_t i = 0; i < length; i++)
		strncat(text, pieces[(size_t)rand_r(seed) % count], size - strlen(text) - 1);
}

Test(pattern, agrees_with_a_naive_matcher, .timeout = 360)
{
	static const char *const text_pieces[] = { "a", "b", "/", "*", "**", "?", "[ab]", "[!a]", "/***", "a" };
	static const char *const name_pieces[] = { "a", "b", "/", "ab", "c" };
	unsigned seed = 20240607;
	unsigned long matched = 0;

	for (int round = 0; round < 300000; round++) {
		char text[64];
		char name[64];
		bool expected;

		random_text(&seed, text_pieces, ARRAY_SIZE(text_pieces), text, sizeof(text));
		random_text(&seed, name_pieces, ARRAY_SIZE(name_pieces), name, sizeof(name));
		expected = naive_match(text, name);
		matched += expected;
		cr_assert(eq(int, test_matches(text, name), expected), "'%s' on '%s'", text, name);
	}
	cr_assert(gt(ulong, matched, 5000));
}

/* cover and same_below, judged by every name below two directories made of a and b. */
static void list_below(const char *directory, char names[][32], size_t count)
{
	static const char *const tails[] = { "", "/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/ab", "/a/ab/b",
		"/c/c/c" };

	for (size_t i = 0; i < count && i < ARRAY_SIZE(tails); i++)
		snprintf(names[i], 32, "%s%s", directory, tails[i]);
}

Test(pattern, cover_and_same_below_agree_with_matching, .timeout = 360)
{
	static const char *const pieces[] = { "/a", "/b", "/", "*", "**", "?", "/***", "a", "/[ab]" };
	static const char *const directories[] = { "/a", "/b", "/a/b", "/c/a", "/ab" };
	unsigned seed = 7;

	for (int round = 0; round < 100000; round++) {
		char text[64];
		char names[2][10][32];
		const char *from = directories[(size_t)rand_r(&seed) % ARRAY_SIZE(directories)];
		const char *to = directories[(size_t)rand_r(&seed) % ARRAY_SIZE(directories)];
		struct pattern *pattern;
		enum pattern_cover cover;
		bool same;

		random_text(&seed, pieces, ARRAY_SIZE(pieces), text, sizeof(text));
		pattern = test_pattern(text);
		cover = pattern_cover(pattern, from);
		same = pattern_same_below(pattern, from, to);
		list_below(from, names[0], 10);
		list_below(to, names[1], 10);
		for (size_t i = 0; i < 10; i++) {
			bool matches = pattern_match(pattern, names[0][i]);

			cr_assert(cover != PATTERN_COVERS_NONE || !matches, "none: '%s' on '%s'", text, names[0][i]);
			cr_assert(cover != PATTERN_COVERS_ALL || matches, "all: '%s' on '%s'", text, names[0][i]);
			if (same)
				cr_assert(matches == pattern_match(pattern, names[1][i]), "same: '%s' on '%s' and '%s'",
					text, names[0][i], names[1][i]);
		}
		pattern_free(pattern);
	}
}

static enum pattern_cover test_cover(const char *text, const char *directory)
{
	struct pattern *pattern = test_pattern(text);
	enum pattern_cover cover = pattern_cover(pattern, directory);

	pattern_free(pattern);
	return cover;
}

Test(pattern, cover_of_directories, .timeout = 60)
{
	cr_expect(test_cover("/***", "/") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("/**", "/") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("**", "/") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("/*", "/") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/a/***", "/a") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("/a/***", "/a/b/c") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("/a/***", "/") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/a/***", "/ab") == PATTERN_COVERS_NONE);
	cr_expect(test_cover("/a/**", "/a") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/a", "/a") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/a", "/a/b") == PATTERN_COVERS_NONE);
	cr_expect(test_cover("/a/b", "/a") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/{usr,}/***", "/") == PATTERN_COVERS_SOME);
	cr_expect(test_cover("/{usr,}/***", "/usr/x") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("{/b,/a/***}", "/a/x") == PATTERN_COVERS_ALL);
	cr_expect(test_cover("!memfd:**", "/") == PATTERN_COVERS_NONE);
}

static void test_root(const char *text, const char *root, bool several)
{
	struct pattern *pattern = test_pattern(text);
	char buffer[64];
	bool result = pattern_literal_root(pattern, buffer, sizeof(buffer));

	cr_expect(eq(int, result, several), "%s", text);
	cr_expect(eq(str, buffer, (char *)root), "%s", text);
	pattern_free(pattern);
}

Test(pattern, literal_roots, .timeout = 60)
{
	test_root("/a/b", "/a/b", false);
	test_root("/a\\*b", "/a*b", false);
	test_root("{/a}", "/a", false);
	test_root("/a/b/***", "/a/b", true);
	test_root("/a/x*y", "/a", true);
	test_root("/x*", "/", true);
	test_root("/***", "/", true);
	test_root("/a/{b,c}", "/a", true);
	test_root("/a/{b,bc}/x", "/a", true);
	test_root("{/a/b,/a/b/***}", "/a/b", true);
	test_root("**", "/", true);
	test_root("!memfd:*", "/", true);
	test_root("/a/[bc]/d", "/a", true);
}

Test(pattern, a_small_buffer_gives_the_widest_root, .timeout = 60)
{
	struct pattern *pattern = test_pattern("/long/name");
	char buffer[4];

	cr_assert(pattern_literal_root(pattern, buffer, sizeof(buffer)));
	cr_assert(eq(str, buffer, "/"));
	pattern_free(pattern);
}

Test(pattern, text_is_as_written, .timeout = 60)
{
	struct pattern *pattern = test_pattern("/{a,b}/\\**");

	cr_assert(eq(str, (char *)pattern_text(pattern), "/{a,b}/\\**"));
	pattern_free(pattern);
}

/* ---- Hostile input ---- */

static double seconds_of_match(const struct pattern *pattern, const char *name, bool *matches_out)
{
	struct timespec start;
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	*matches_out = pattern_match(pattern, name);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

Test(pattern, explosive_patterns_stay_bounded, .timeout = 360)
{
	static const char *const units[] = { "**a", "*a", "?**", "{a,**}", "**/", "[a]*" };
	char name[PATH_MAX];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		char text[4096] = "/";
		struct pattern *pattern = NULL;
		size_t offset;
		const char *error;
		bool matches;

		while (strlen(text) + strlen(units[i]) + 2 < 4000)
			strncat(text, units[i], sizeof(text) - strlen(text) - 1);
		strncat(text, "b", sizeof(text) - strlen(text) - 1);
		name[0] = '/';
		if (pattern_new(text, &pattern, &offset, &error) != 0)
			continue; /* too many alternatives: refused, which is bounded too */
		cr_expect(lt(dbl, seconds_of_match(pattern, name, &matches), 2.0), "%s", units[i]);
		cr_expect_not(matches);
		pattern_free(pattern);
	}
}

Test(pattern, deep_and_long_texts_are_refused_not_recursed_into, .timeout = 60)
{
	char *text = malloc(40000);
	struct pattern *pattern = NULL;
	size_t offset;
	const char *error;

	memset(text, '{', 16000);
	text[16000] = '\0';
	cr_assert(eq(int, pattern_new(text, &pattern, &offset, &error), -EINVAL));
	memset(text, 'a', 20000);
	text[20000] = '\0';
	cr_assert(eq(int, pattern_new(text, &pattern, &offset, &error), -EINVAL));
	text[5000] = '\0';
	cr_assert(eq(int, pattern_new(text, &pattern, &offset, &error), -EINVAL));
	memset(text, '[', 16000);
	text[16000] = '\0';
	cr_assert(eq(int, pattern_new(text, &pattern, &offset, &error), -EINVAL));
	free(text);
}

Test(pattern, random_bytes_never_crash, .timeout = 180)
{
	static const char alphabet[] = "{}[],*?\\/!^-ax:\x80";
	unsigned seed = 99;

	for (int round = 0; round < 200000; round++) {
		char text[24];
		size_t length = (size_t)rand_r(&seed) % (sizeof(text) - 1);
		struct pattern *pattern = NULL;
		size_t offset = 0;
		const char *error;

		for (size_t i = 0; i < length; i++)
			text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		text[length] = '\0';
		if (pattern_new(text, &pattern, &offset, &error) == 0)
			pattern_match(pattern, "/a/x");
		else
			cr_assert(le(sz, offset, length));
		pattern_free(pattern);
	}
}

/* ---- Quoting ---- */

Test(pattern, a_quoted_name_matches_itself_alone, .timeout = 180)
{
	unsigned seed = 5;

	for (int round = 0; round < 20000; round++) {
		char name[12] = "/";
		char quoted[64];
		char back[64];
		size_t offset;
		const char *error;
		struct pattern *pattern;

		for (size_t i = 1; i < sizeof(name) - 1; i++)
			name[i] = (char)(1 + rand_r(&seed) % 255);
		cr_assert(gt(long, pattern_quote(name, quoted, sizeof(quoted)), 0));
		pattern = test_pattern(quoted);
		cr_assert(pattern_match(pattern, name));
		cr_assert_not(pattern_literal_root(pattern, back, sizeof(back)));
		cr_assert(eq(str, back, name));
		cr_assert(eq(long, pattern_unquote(quoted, back, sizeof(back), &offset, &error), (long)strlen(name)));
		cr_assert(eq(str, back, name));
		pattern_free(pattern);
	}
}

static void test_quote(const char *name, const char *expected)
{
	char quoted[64];

	cr_expect(eq(long, pattern_quote(name, quoted, sizeof(quoted)), (long)strlen(expected)));
	cr_expect(eq(str, quoted, (char *)expected));
}

Test(pattern, quoting_is_readable, .timeout = 60)
{
	test_quote("/a b", "/a b");
	test_quote("/a ", "/a\\x20");
	test_quote("/a*b", "/a\\*b");
	test_quote("/a#$", "/a\\#\\$");
	test_quote("/a\n", "/a\\x0a");
	test_quote("/\xc3\xa9", "/\xc3\xa9");
	test_quote("/\xff", "/\\xff");
	test_quote("!memfd:x", "\\!memfd\\:x");
}

Test(pattern, quoting_never_writes_beyond_its_buffer, .timeout = 60)
{
	char buffer[8];

	for (size_t size = 0; size <= 6; size++) {
		memset(buffer, 'Z', sizeof(buffer));
		cr_expect(eq(long, pattern_quote("/a**b", buffer, size), -ENAMETOOLONG));
		cr_expect(eq(chr, buffer[size], 'Z'));
	}
	cr_expect(eq(long, pattern_quote("/a**b", buffer, 8), 7));
}
