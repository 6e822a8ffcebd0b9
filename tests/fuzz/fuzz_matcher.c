/*
 * The matcher against the plain list. The first byte says how much may be spent on automata; lines of
 * patterns follow, then an empty one, then names.
 */
#include <string.h>

#include "core/matcher.h"
#include "core/pattern.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/naive_list.h"

#define PATTERNS_MAX 64

/* Lines that are no patterns are left out. */
static size_t fuzz_patterns(char **rest, const struct pattern *patterns[PATTERNS_MAX])
{
	size_t count = 0;
	const char *line;

	while (count < PATTERNS_MAX && (line = fuzz_line(rest)) && *line) {
		struct pattern *pattern = NULL;
		size_t offset;
		const char *error;

		if (pattern_new(line, &pattern, &offset, &error) == 0)
			patterns[count++] = pattern;
	}
	return count;
}

static void fuzz_names(const struct matcher *matcher, const struct pattern *const *patterns, size_t count, char **rest)
{
	const char *name;

	while ((name = fuzz_line(rest))) {
		size_t length = strlen(name);
		/* From the heap, exactly as long: a byte read behind the name is found. */
		char *copy = malloc(length + 1);
		size_t last;
		size_t expected;

		if (!copy)
			abort();
		memcpy(copy, name, length + 1);
		last = matcher_last(matcher, copy, length);
		expected = naive_list_last(patterns, count, copy, length);
		FUZZ_PROMISE(last == expected, "'%s': %zu, the list says %zu\n", name, last, expected);
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pattern *patterns[PATTERNS_MAX];
	struct matcher *matcher = NULL;
	struct automaton_budget budget = { 1 << 18, 1 << 20 };
	char *text = fuzz_string(data, size);
	char *rest = text + (size > 0);
	size_t count;

	if (size > 0 && data[0] % 4 == 0)
		budget = (struct automaton_budget){ (size_t)1 << data[0] / 16, (size_t)16 << data[0] / 16 };
	count = fuzz_patterns(&rest, patterns);
	FUZZ_PROMISE(matcher_new(patterns, count, &budget, &matcher) == 0, "no memory\n");
	fuzz_names(matcher, patterns, count, &rest);
	matcher_free(matcher);
	for (size_t i = 0; i < count; i++)
		pattern_free((struct pattern *)patterns[i]);
	free(text);
	return 0;
}
