/*
 * The pattern compiler and quoting. The first line is a pattern, the second a directory, the third
 * what is below it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/pattern.h"
#include "core/util.h"
#include "tests/fuzz/fuzz.h"

/* A quoted name is a pattern of itself alone, and unquoted the name again. */
static void fuzz_quote(const char *name)
{
	char quoted[PATH_MAX * 4 + 1];
	char plain[PATH_MAX];
	struct pattern *pattern = NULL;
	size_t offset = 0;
	const char *error = NULL;

	if (pattern_quote(name, quoted, sizeof(quoted)) < 0 || strlen(name) >= sizeof(plain))
		return;
	FUZZ_PROMISE(pattern_new(quoted, &pattern, &offset, &error) == 0 || (error && strstr(error, "shorter pattern")),
		"%s: %s", quoted, error);
	if (pattern)
		FUZZ_PROMISE(pattern_match(pattern, name), "quoted, it does not match: %s", name);
	if (pattern)
		FUZZ_PROMISE(!pattern_literal_root(pattern, plain, sizeof(plain)) || !*name, "no literal: %s", quoted);
	FUZZ_PROMISE(pattern_unquote(quoted, plain, sizeof(plain), &offset, &error) == (long)strlen(name),
		"unquoted: %s", quoted);
	FUZZ_PROMISE(str_equal(plain, name), "%s became %s", name, plain);
	pattern_free(pattern);
}

/* What is said of all that is below a directory is true of one name below it. */
static void fuzz_cover(const struct pattern *pattern, const char *directory, const char *below)
{
	char name[8192];
	enum pattern_cover cover = pattern_cover(pattern, directory);
	bool root = str_equal(directory, "/");
	bool matches;

	snprintf(name, sizeof(name), "%s/%s", root ? "" : directory, below);
	matches = pattern_match(pattern, name);
	FUZZ_PROMISE(cover != PATTERN_COVERS_ALL || matches, "all is covered but %s", name);
	FUZZ_PROMISE(cover != PATTERN_COVERS_NONE || !matches, "nothing is covered but %s", name);
	FUZZ_PROMISE(pattern_same_below(pattern, directory, directory), "%s differs from itself", directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	char *rest = text;
	const char *source = fuzz_line(&rest);
	const char *directory = fuzz_line(&rest);
	const char *below = fuzz_line(&rest);
	struct pattern *pattern = NULL;
	size_t offset = 0;
	const char *error = NULL;
	int result = pattern_new(source, &pattern, &offset, &error);

	FUZZ_PROMISE(result == 0 || (result == -EINVAL && error && offset <= strlen(source)), "%s: %d", source, result);
	if (result == 0 && directory && directory[0] == '/')
		fuzz_cover(pattern, directory, below ? below : "");
	fuzz_quote(source);
	pattern_free(pattern);
	free(text);
	return 0;
}
