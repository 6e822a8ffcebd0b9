/*
 * Pattern text to tokens: quoting, sets, stars, braces. Knows nothing of branches or
 * matching; allocates nothing.
 */
#include "core/pattern_internal.h"

#include <ctype.h>
#include <errno.h>

#include "core/util.h"

static int pattern_scan_fail(struct pattern_scan *scan, size_t at, const char *error)
{
	scan->at = at;
	scan->error = error;
	return -EINVAL;
}

static int pattern_scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int pattern_scan_quoted(const char *text, size_t *length_out, const char **error_out)
{
	if (text[0] == 'x') {
		int high = pattern_scan_hex(text[1]);
		int low = high < 0 ? -1 : pattern_scan_hex(text[2]);

		*length_out = 3;
		*error_out = "expected two hexadecimal digits, not 00, after '\\x'";
		return low < 0 || high + low == 0 ? -1 : high * 16 + low;
	}
	*length_out = 1;
	*error_out = "expected a character to quote, or xHH, after '\\'";
	if (text[0] == '\0' || (isascii((unsigned char)text[0]) && isalnum((unsigned char)text[0])))
		return -1;
	return (unsigned char)text[0];
}

static void pattern_scan_push(struct pattern_scan *scan, enum pattern_token_kind kind, int byte)
{
	scan->tokens[scan->count++] = (struct pattern_token){ .kind = (uint8_t)kind, .byte = (uint8_t)byte };
}

static void pattern_set_add(struct pattern_set *set, int first, int last)
{
	for (int c = first; c <= last; c++)
		set->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

/* One member of a set at scan->at, moved behind it; negative after pattern_scan_fail(). */
static int pattern_scan_member(struct pattern_scan *scan)
{
	const char *text = scan->text + scan->at;
	const char *error = NULL;
	size_t length = 0;
	int byte;

	if (text[0] == '\\') {
		byte = pattern_scan_quoted(text + 1, &length, &error);
		if (byte >= 0) {
			scan->at += 1 + length;
			return byte;
		}
	} else if (text[0] == '/') {
		error = "expected no '/' in a set: a set never matches it";
	} else if ((unsigned char)text[0] >= 0x80) {
		error = "expected an ASCII character in a set";
	} else if (text[0] == '[' && text[1] == ':') {
		error = "expected a list of characters or ranges: named classes are not known";
	}
	if (error)
		return pattern_scan_fail(scan, scan->at, error);
	scan->at++;
	return (unsigned char)text[0];
}

static int pattern_scan_range(struct pattern_scan *scan, struct pattern_set *set)
{
	size_t start = scan->at;
	int first = pattern_scan_member(scan);
	int last = first;

	if (first < 0)
		return -EINVAL;
	if (scan->text[scan->at] == '-' && scan->text[scan->at + 1] != ']' && scan->text[scan->at + 1] != '\0') {
		scan->at++;
		last = pattern_scan_member(scan);
		if (last < 0)
			return -EINVAL;
	}
	if (last < first)
		return pattern_scan_fail(scan, start, "expected a range whose end is not before its start");
	pattern_set_add(set, first, last);
	return 0;
}

static int pattern_scan_set(struct pattern_scan *scan)
{
	size_t open = scan->at++;
	struct pattern_set set = { { 0 } };
	bool negated = scan->text[scan->at] == '!' || scan->text[scan->at] == '^';
	bool first = true;

	scan->at += negated;
	for (; first || scan->text[scan->at] != ']'; first = false) {
		if (scan->text[scan->at] == '\0')
			return pattern_scan_fail(scan, open, "expected ']' to end this set");
		if (pattern_scan_range(scan, &set))
			return -EINVAL;
	}
	scan->at++;
	for (size_t i = 0; negated && i < ARRAY_SIZE(set.bits); i++)
		set.bits[i] = ~set.bits[i];
	set.bits['/' / 64] &= ~(UINT64_C(1) << ('/' % 64));
	pattern_scan_push(scan, PATTERN_SET, 0);
	scan->tokens[scan->count - 1].set = (uint16_t)scan->set_count;
	scan->sets[scan->set_count++] = set;
	return 0;
}

static int pattern_scan_brace(struct pattern_scan *scan)
{
	if (scan->text[scan->at] == '{') {
		if (++scan->brace_count > PATTERN_BRANCHES_MAX)
			return pattern_scan_fail(scan, scan->at, "expected at most 256 '{'");
		scan->open_at = scan->at;
		scan->depth++;
		pattern_scan_push(scan, PATTERN_OPEN, 0);
	} else if (scan->depth == 0) {
		return pattern_scan_fail(scan, scan->at, "expected '{' before this '}', or '\\}'");
	} else {
		scan->depth--;
		pattern_scan_push(scan, PATTERN_CLOSE, 0);
	}
	scan->at++;
	return 0;
}

static void pattern_scan_stars(struct pattern_scan *scan)
{
	size_t run = strspn(scan->text + scan->at, "*");

	pattern_scan_push(scan, run == 1 ? PATTERN_STAR : run == 2 ? PATTERN_DEEP : PATTERN_TREE, 0);
	scan->at += run;
}

static int pattern_scan_one(struct pattern_scan *scan)
{
	const char *text = scan->text + scan->at;
	size_t length = 0;
	int byte;

	switch (text[0]) {
	case '\\':
		byte = pattern_scan_quoted(text + 1, &length, &scan->error);
		if (byte < 0)
			return -EINVAL;
		pattern_scan_push(scan, PATTERN_BYTE, byte);
		scan->at += 1 + length;
		return 0;
	case '[':
		return pattern_scan_set(scan);
	case '{':
	case '}':
		return pattern_scan_brace(scan);
	case '*':
		pattern_scan_stars(scan);
		return 0;
	default:
		pattern_scan_push(scan,
			text[0] == '?'                      ? PATTERN_ANY
			: text[0] == ',' && scan->depth > 0 ? PATTERN_NEXT
							    : PATTERN_BYTE,
			(unsigned char)text[0]);
		scan->at++;
		return 0;
	}
}

int pattern_scan(struct pattern_scan *scan)
{
	while (scan->text[scan->at] != '\0') {
		int result = pattern_scan_one(scan);

		if (result)
			return result;
	}
	if (scan->depth > 0)
		return pattern_scan_fail(scan, scan->open_at, "expected '}' to end these alternatives");
	return 0;
}
