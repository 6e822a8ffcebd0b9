/* Matchers: the same answer as the plain list, on random rules and on rules made to explode. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/matcher.h"
#include "core/matcher_late.h"
#include "core/pattern.h"
#include "core/util.h"
#include "tests/unit/naive_list.h"

#define RULES_MAX 64
#define TEXT_MAX 96

/* Texts of rules, and what they are compiled to. */
struct rules {
	char texts[RULES_MAX][TEXT_MAX];
	const struct pattern *patterns[RULES_MAX];
	size_t count;
	struct matcher *matcher;
};

static const struct automaton_budget plenty = { .cells = 1 << 20, .work = 1 << 24 };

static struct pattern *compile_pattern(const char *text)
{
	struct pattern *pattern = NULL;
	size_t offset;
	const char *error = NULL;

	cr_assert(eq(int, pattern_new(text, &pattern, &offset, &error), 0), "%s: %s", text, error ? error : "?");
	return pattern;
}

static void rules_compile(struct rules *rules, struct automaton_budget budget)
{
	for (size_t i = 0; i < rules->count; i++)
		rules->patterns[i] = compile_pattern(rules->texts[i]);
	cr_assert(eq(int, matcher_new(rules->patterns, rules->count, &budget, &rules->matcher), 0));
}

static void rules_release(struct rules *rules)
{
	matcher_free(rules->matcher);
	for (size_t i = 0; i < rules->count; i++)
		pattern_free((struct pattern *)rules->patterns[i]);
}

static size_t rules_last(const struct rules *rules, const char *name)
{
	return matcher_last(rules->matcher, name, strlen(name));
}

static bool rules_agree(const struct rules *rules, const char *name)
{
	return rules_last(rules, name) == naive_list_last(rules->patterns, rules->count, name, strlen(name));
}

/* Rules from texts, the last NULL. */
static void rules_init(struct rules *rules, const char *const *texts)
{
	rules->count = 0;
	for (; *texts; texts++)
		snprintf(rules->texts[rules->count++], TEXT_MAX, "%s", *texts);
	rules_compile(rules, plenty);
}

#define RULES(rules, ...) rules_init((rules), (const char *const[]){ __VA_ARGS__, NULL })

Test(matcher, the_last_pattern_that_matches_is_found, .timeout = 60)
{
	struct rules rules;

	RULES(&rules, "/usr/***", "/usr/lib", "/usr/lib/*.so", "/usr/l*/***", "/usr/lib/[a-c]?", "/**/passwd", "/***",
		"/etc/{passwd,shadow}");
	cr_expect(eq(sz, rules_last(&rules, "/etc/shadow"), 8));
	cr_expect(eq(sz, rules_last(&rules, "/etc/passwd"), 8));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib/a.so"), 7));
	cr_expect(eq(sz, rules_last(&rules, "!memfd:x"), 0));
	rules_release(&rules);
	RULES(&rules, "/***", "/**/passwd", "/usr/***", "/usr/lib/*.so", "/usr/lib", "/usr/lib/[a-c]?");
	cr_expect(eq(sz, rules_last(&rules, "/"), 1));
	cr_expect(eq(sz, rules_last(&rules, "/a/b/passwd"), 2));
	cr_expect(eq(sz, rules_last(&rules, "/usr/passwd"), 3));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib/a.so"), 4));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib/x/a.so"), 3));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib"), 5));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib/c1"), 6));
	cr_expect(eq(sz, rules_last(&rules, "/usr/lib/d1"), 3));
	rules_release(&rules);
}

Test(matcher, no_rules_match_nothing, .timeout = 60)
{
	struct rules rules = { .count = 0 };

	rules_compile(&rules, plenty);
	cr_expect(eq(sz, rules_last(&rules, "/"), 0));
	cr_expect(eq(sz, rules_last(&rules, ""), 0));
	rules_release(&rules);
}

Test(matcher, a_star_at_the_end_ends_at_a_slash, .timeout = 60)
{
	struct rules rules;

	RULES(&rules, "/a/**", "/a/b*", "/a/*/***", "/a/bc*");
	cr_expect(eq(sz, rules_last(&rules, "/a/"), 3));
	cr_expect(eq(sz, rules_last(&rules, "/a/bcd"), 4));
	cr_expect(eq(sz, rules_last(&rules, "/a/bcd/"), 3));
	cr_expect(eq(sz, rules_last(&rules, "/a"), 0));
	rules_release(&rules);
	RULES(&rules, "/a/**", "/a/b*", "/a/bc*");
	cr_expect(eq(sz, rules_last(&rules, "/a/bcd/e"), 1));
	cr_expect(eq(sz, rules_last(&rules, "/a/bd"), 2));
	rules_release(&rules);
}

/* Many share slots; what differs is behind the first eight bytes, or only the length. */
static void long_components(const char *form, const char *const *others)
{
	struct automaton_budget budget = plenty;
	const struct pattern *patterns[1000];
	struct matcher *matcher = NULL;
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		snprintf(name, sizeof(name), form, i);
		patterns[i] = compile_pattern(name);
	}
	cr_assert(eq(int, matcher_new(patterns, ARRAY_SIZE(patterns), &budget, &matcher), 0));
	for (size_t i = 0; i < 10 * ARRAY_SIZE(patterns); i++) {
		size_t length = (size_t)snprintf(name, sizeof(name), form, i);

		cr_assert(eq(sz, matcher_last(matcher, name, length), i < ARRAY_SIZE(patterns) ? i + 1 : 0));
		for (const char *const *other = others; *other; other++) {
			length = (size_t)snprintf(name, sizeof(name), *other, i);
			cr_assert(eq(sz, matcher_last(matcher, name, length), 0), "%s", name);
		}
	}
	matcher_free(matcher);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		pattern_free((struct pattern *)patterns[i]);
}

Test(matcher, long_components_are_compared_to_their_end, .timeout = 120)
{
	static const char *const shorter[] = { "/a-long-name-%04zu", "/a-long-name-%03zu", "/a-long-n", NULL };
	static const char *const longer[] = { "/%08zu/b", "/%08zu-lon/b", "/%08zu-lonG/b", "/%08zu-longer/b", NULL };

	long_components("/a-long-name-%04zu/b", shorter);
	long_components("/%08zu-long/b", longer);
}

Test(matcher, what_is_too_much_for_an_automaton_is_matched_alone, .timeout = 120)
{
	struct automaton_budget nothing = { 0, 0 };
	struct rules rules = { .count = 2, .texts = { "/a/*b{c*,d}", "/a/**e" } };

	rules_compile(&rules, nothing);
	cr_expect(eq(sz, matcher_leftover(rules.matcher), 3));
	cr_expect(eq(sz, rules_last(&rules, "/a/bd"), 1));
	cr_expect(eq(sz, rules_last(&rules, "/a/bcd"), 1));
	cr_expect(eq(sz, rules_last(&rules, "/a/bcde"), 2));
	cr_expect(eq(sz, rules_last(&rules, "/a/b"), 0));
	rules_release(&rules);
}

/* ---- Made late ---- */

Test(matcher, one_made_late_gives_the_same_answers_before_and_after, .timeout = 60)
{
	struct automaton_budget budget = plenty;
	struct matcher_late *late = NULL;
	struct rules rules;
	unsigned before = 0, after = 0;

	RULES(&rules, "/usr/***", "/usr/lib/*.so", "/**/passwd", "/etc/{passwd,shadow}");
	rules.patterns[rules.count++] = NULL;
	cr_assert(eq(int, matcher_late_new(rules.patterns, rules.count, &budget, &late), 0));
	for (unsigned i = 0; i < 300; i++) {
		*(matcher_late_is_made(late) ? &after : &before) += 1;
		cr_expect(eq(sz, matcher_late_last(late, "/etc/shadow", 11), 4));
		cr_expect(eq(sz, matcher_late_last(late, "/usr/lib/a.so", 13), 2));
		cr_expect(eq(sz, matcher_late_last(late, "/home", 5), 0));
	}
	cr_expect(gt(uint, before, 10));
	cr_expect(gt(uint, after, 100));
	matcher_late_free(late);
	rules_release(&rules);
}

Test(matcher, one_of_many_patterns_is_not_made_late, .timeout = 60)
{
	static const struct pattern *patterns[1000];
	struct automaton_budget budget = plenty;
	struct matcher_late *late = NULL;
	struct pattern *pattern = compile_pattern("/a/*b");

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		patterns[i] = pattern;
	cr_assert(eq(int, matcher_late_new(patterns, ARRAY_SIZE(patterns), &budget, &late), 0));
	cr_expect(matcher_late_is_made(late));
	cr_expect(eq(sz, matcher_late_last(late, "/a/b", 4), ARRAY_SIZE(patterns)));
	matcher_late_free(late);
	pattern_free(pattern);
}

/* ---- Random rules ---- */

static const char *const rule_pieces[] = { "/", "/a", "/b", "/ab", "a", "b", "/a/b", "*", "**", "?", "[ab]", "[!a]",
	"{a,b}", "{/a,b*}", "/*", "/**/", "/***", "{,/c}/***", "c", "!", "\\*" };
static const char *const name_pieces[] = { "/", "/a", "/b", "/ab", "/a/b", "a", "b", "c", "/c", "*", "!" };

static void random_text(unsigned *seed, const char *const *pieces, size_t count, size_t most, char *text)
{
	size_t length = 0;

	for (size_t n = (size_t)rand_r(seed) % (most + 1); n > 0; n--)
		length +=
			(size_t)snprintf(text + length, TEXT_MAX - length, "%s", pieces[(size_t)rand_r(seed) % count]);
	text[length] = '\0';
}

static void random_rules(unsigned *seed, struct rules *rules)
{
	rules->count = 1 + (size_t)rand_r(seed) % (rand_r(seed) % 8 == 0 ? RULES_MAX : 6);
	for (size_t i = 0; i < rules->count; i++) {
		char *text = rules->texts[i];

		text[0] = rand_r(seed) % 8 ? '/' : '\0';
		random_text(seed, rule_pieces, ARRAY_SIZE(rule_pieces), 6, text + (text[0] == '/'));
	}
}

/* Sometimes too little, so that parts are halved and patterns left over. */
static struct automaton_budget random_budget(unsigned *seed)
{
	size_t shift = (size_t)rand_r(seed) % 20;

	return rand_r(seed) % 2 ? plenty : (struct automaton_budget){ (size_t)1 << shift, (size_t)4 << shift };
}

/* The smallest rules for which this name is still decided otherwise, as a message. */
static void show_failure(const struct rules *rules, const char *name, struct automaton_budget budget)
{
	struct rules less;
	char text[RULES_MAX * TEXT_MAX] = "";

	less.count = rules->count;
	memcpy(less.texts, rules->texts, sizeof(less.texts));
	for (size_t i = 0; i < less.count;) {
		struct rules tried = { .count = less.count - 1 };

		memcpy(tried.texts, less.texts, i * TEXT_MAX);
		memcpy(tried.texts[i], less.texts[i + 1], (tried.count - i) * TEXT_MAX);
		rules_compile(&tried, budget);
		if (rules_agree(&tried, name))
			i++;
		else
			less = tried;
		rules_release(&tried);
	}
	rules_compile(&less, budget);
	for (size_t i = 0; i < less.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "\n  %zu: %s", i + 1, less.texts[i]);
	cr_assert(false, "'%s': %zu, the list says %zu%s", name, rules_last(&less, name),
		naive_list_last(less.patterns, less.count, name, strlen(name)), text);
}

Test(matcher, decides_as_the_plain_list_does_on_random_rules, .timeout = 1200)
{
	const char *wanted = getenv("KENNEL_MATCHER_PAIRS");
	unsigned long pairs = wanted ? strtoul(wanted, NULL, 10) : 100000;
	unsigned long matched = 0;
	unsigned seed = 11;

	for (unsigned long done = 0; done < pairs;) {
		struct automaton_budget budget = random_budget(&seed);
		struct rules rules;

		random_rules(&seed, &rules);
		rules_compile(&rules, budget);
		for (int i = 0; i < 8; i++, done++) {
			char name[TEXT_MAX];

			name[0] = rand_r(&seed) % 8 ? '/' : '\0';
			random_text(&seed, name_pieces, ARRAY_SIZE(name_pieces), 7, name + (name[0] == '/'));
			if (!rules_agree(&rules, name))
				show_failure(&rules, name, budget);
			matched += rules_last(&rules, name) > 0;
		}
		rules_release(&rules);
	}
	cr_expect(gt(ulong, matched, pairs / 8));
	cr_expect(lt(ulong, matched, pairs - pairs / 16));
}
