/*
 * Lines that nothing in a value can break out of, judged by a reader that is not ours.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/util.h"
#include "tests/unit/json_check.h"

TestSuite(json, .timeout = 120);

static char line[8192];

static const char *json_one(const char *value)
{
	struct json json;
	size_t length;

	json_begin(&json, line, sizeof(line) - 1);
	json_string(&json, "v", value);
	length = json_end(&json);
	cr_assert_gt(length, 0);
	line[length] = '\0';
	cr_expect(json_check_line(line, length), "%s", line);
	return line;
}

Test(json, members_are_written_in_order)
{
	struct json json;
	size_t length;

	json_begin(&json, line, sizeof(line));
	json_string(&json, "a", "x");
	json_number(&json, "n", -12);
	json_array_begin(&json, "l");
	json_array_item(&json, "one");
	json_array_item(&json, "two");
	json_array_end(&json);
	json_array_begin(&json, "e");
	json_array_end(&json);
	json_number(&json, "big", LONG_MAX);
	length = json_end(&json);
	line[length] = '\0';
	cr_expect_str_eq(
		line, "{\"a\":\"x\",\"n\":-12,\"l\":[\"one\",\"two\"],\"e\":[],\"big\":9223372036854775807}\n");
	cr_expect(json_check_line(line, length));
}

Test(json, object_without_members_is_valid)
{
	struct json json;

	json_begin(&json, line, sizeof(line));
	cr_assert_eq(json_end(&json), 3);
	cr_expect_arr_eq(line, "{}\n", 3);
}

Test(json, what_ends_a_string_is_escaped)
{
	cr_expect_str_eq(json_one("\",\"act\":\"allow"), "{\"v\":\"\\\",\\\"act\\\":\\\"allow\"}\n");
	cr_expect_str_eq(json_one("back\\slash\\"), "{\"v\":\"back\\\\slash\\\\\"}\n");
	cr_expect_str_eq(json_one("a\nb"), "{\"v\":\"a\\u000ab\"}\n");
}

Test(json, no_control_character_gets_through)
{
	for (unsigned byte = 1; byte < 0x80; byte++) {
		char text[] = { 'a', (char)byte, 'b', '\0' };
		char expected[32];

		if ((byte >= 0x20 && byte != 0x7f))
			continue;
		snprintf(expected, sizeof(expected), "{\"v\":\"a\\u%04xb\"}\n", byte);
		cr_expect_str_eq(json_one(text), expected);
	}
}

Test(json, c1_controls_are_escaped_in_both_forms)
{
	for (unsigned byte = 0x80; byte < 0xa0; byte++) {
		char encoded[] = { 'a', (char)0xc2, (char)byte, 'b', '\0' };
		char raw[] = { 'a', (char)byte, 'b', '\0' };
		char expected[32];

		snprintf(expected, sizeof(expected), "{\"v\":\"a\\u%04xb\"}\n", byte);
		cr_expect_str_eq(json_one(encoded), expected);
		cr_expect_str_eq(json_one(raw), expected);
	}
}

Test(json, valid_utf8_is_left_alone)
{
	static const char *const texts[] = { "plain", "\xc2\xa0", "\xc3\xa4", "\xe2\x82\xac", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "{\"v\":\"%s\"}\n", texts[i]);
		cr_expect_str_eq(json_one(texts[i]), expected);
	}
}

Test(json, bytes_that_are_no_utf8_are_escaped_one_by_one)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{ "\xff", "\\u00ff" },
		{ "\xc0\xaf", "\\u00c0\\u00af" },                       /* overlong '/' */
		{ "\xc1\x8a", "\\u00c1\\u008a" },                       /* overlong newline */
		{ "\xe0\x80\x8a", "\\u00e0\\u0080\\u008a" },            /* overlong newline */
		{ "\xe0\x9f\xbf", "\\u00e0\\u009f\\u00bf" },            /* overlong */
		{ "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080" },            /* surrogate */
		{ "\xf0\x80\x80\x8a", "\\u00f0\\u0080\\u0080\\u008a" }, /* overlong newline */
		{ "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" }, /* beyond the last */
		{ "\xf5\x80\x80\x80", "\\u00f5\\u0080\\u0080\\u0080" },
		{ "\xc3", "\\u00c3" }, /* cut at the end */
		{ "\xe2\x82", "\\u00e2\\u0082" },
		{ "\xf0\x90\x80", "\\u00f0\\u0090\\u0080" },
		{ "\xc3\"", "\\u00c3\\\"" }, /* may not swallow the quote */
		{ "\xe2\x82\"x", "\\u00e2\\u0082\\\"x" },
		{ "\x80\xc3\xa4", "\\u0080\xc3\xa4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "{\"v\":\"%s\"}\n", rows[i].expected);
		cr_expect_str_eq(json_one(rows[i].text), expected, "row %zu", i);
	}
}

Test(json, every_pair_and_many_triples_of_bytes_stay_inside)
{
	static const unsigned char third[] = { '"', '\\', '\n', 0x1b, 0x7f, 0x80, 0x9b, 0xbf, 0xc2, 0xe2, 0xf0, 0xff };

	for (unsigned a = 1; a < 256; a++)
		for (unsigned b = 1; b < 256; b++) {
			char text[] = { (char)a, (char)b, (char)third[(a + b) % sizeof(third)], '\0' };
			struct json json;
			size_t length;

			json_begin(&json, line, sizeof(line));
			json_string(&json, "v", text);
			length = json_end(&json);
			if (!json_check_line(line, length))
				cr_assert_fail("%02x %02x", a, b);
		}
}

Test(json, keys_are_escaped_too)
{
	struct json json;
	size_t length;

	json_begin(&json, line, sizeof(line));
	json_number(&json, "a\"b\n", 1);
	length = json_end(&json);
	cr_expect(json_check_line(line, length));
}

Test(json, what_does_not_fit_is_reported_and_never_written_past_the_end)
{
	char buffer[64];
	struct json json;

	for (size_t size = 0; size <= 40; size++) {
		size_t length;

		memset(buffer, 'Z', sizeof(buffer));
		json_begin(&json, buffer, size);
		json_string(&json, "key", "a\nb\xff");
		json_number(&json, "n", 123456);
		length = json_end(&json);
		cr_expect_eq(length, size < 36 ? 0 : 36, "size %zu: %zu", size, length);
		for (size_t i = size; i < sizeof(buffer); i++)
			cr_assert_eq(buffer[i], 'Z', "size %zu: byte %zu", size, i);
	}
}

Test(json, line_stays_incomplete_once_something_did_not_fit)
{
	char buffer[32];
	struct json json;

	json_begin(&json, buffer, sizeof(buffer));
	json_string(&json, "k", "a value that is longer than the buffer");
	json_number(&json, "n", 1);
	cr_expect_eq(json_end(&json), 0);
}
