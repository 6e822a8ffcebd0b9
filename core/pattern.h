/*
 * Path patterns of the rule language: *, ?, **, [set], {a,b}, a trailing slash-three-stars, and
 * backslash quoting. Compiled once, matched without allocation.
 */
#ifndef KENNEL_CORE_PATTERN_H
#define KENNEL_CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/*
 * Compiles text. 0, -ENOMEM, or -EINVAL with *error_offset_out (bytes into text) and
 * *error_out (a static string: what was expected). The caller owns *pattern_out.
 */
int pattern_new(const char *text, struct pattern **pattern_out, size_t *error_offset_out, const char **error_out);
void pattern_free(struct pattern *pattern);

bool pattern_match(const struct pattern *pattern, const char *name);

/* The same for who matches many patterns: length is that of name. */
bool pattern_match_length(const struct pattern *pattern, const char *name, size_t length);

/* A measure of the memory that the pattern takes, and of the work that it can make. */
size_t pattern_weight(const struct pattern *pattern);

/* The text as it was written. */
const char *pattern_text(const struct pattern *pattern);

/* Relation of a pattern to a directory and everything below it. Conservative: SOME. */
enum pattern_cover { PATTERN_COVERS_NONE, PATTERN_COVERS_SOME, PATTERN_COVERS_ALL };
enum pattern_cover pattern_cover(const struct pattern *pattern, const char *directory);

/*
 * True when the pattern cannot tell names below one directory (itself included) from
 * the same names below the other: exact, not conservative.
 */
bool pattern_same_below(const struct pattern *pattern, const char *directory, const char *other);

/*
 * The names directly in a directory that the pattern can match, branch by branch: *branch is 0 at first, and moved on.
 * ONE: this one, in buffer. NONE: no branch is left. MANY is conservative, and about the whole pattern.
 */
enum pattern_children { PATTERN_CHILDREN_NONE, PATTERN_CHILDREN_ONE, PATTERN_CHILDREN_MANY };
enum pattern_children pattern_next_child(
	const struct pattern *pattern, const char *directory, size_t *branch, char *buffer, size_t size);

/* The same for names that the pattern can match, or something below. MANY is about this branch alone. */
enum pattern_children pattern_next_way(
	const struct pattern *pattern, const char *directory, size_t *branch, char *buffer, size_t size);

/*
 * The longest directory that holds every match: "/a/b" for "/a/b/" three stars, "/a" for
 * "/a/x*y", "/" when nothing is fixed. Unquoted, into buffer. Returns true when the pattern
 * can match more than one name (false: a literal; then buffer is the literal itself).
 */
bool pattern_literal_root(const struct pattern *pattern, char *buffer, size_t size);

/*
 * Writes name with every character that the language gives a meaning to quoted by a
 * backslash. Returns the length without NUL, or -ENAMETOOLONG.
 */
long pattern_quote(const char *name, char *buffer, size_t size);

/*
 * Takes the quoting out of a value that is no pattern. Length without NUL, -ENAMETOOLONG, or
 * -EINVAL with *error_offset_out and *error_out as in pattern_new().
 */
long pattern_unquote(const char *text, char *buffer, size_t size, size_t *error_offset_out, const char **error_out);

#endif
