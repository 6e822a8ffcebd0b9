/*
 * A small recursive reader. Independent of core/json.c and core/utf8.h, whose output it judges.
 */
#include "tests/unit/json_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct json_check {
	const char *at;
	const char *end;
};

/* One character of valid UTF-8 that is no control character; its length, or 0. */
static size_t json_check_character(const struct json_check *check)
{
	const unsigned char *b = (const unsigned char *)check->at;
	size_t left = (size_t)(check->end - check->at);
	size_t length = left == 0         ? 0
			: b[0] < 0x80     ? 1
			: b[0] >> 5 == 6  ? 2
			: b[0] >> 4 == 14 ? 3
			: b[0] >> 3 == 30 ? 4
					  : 0;
	unsigned long value = length < 2 ? 0 : b[0] & (0x7fU >> length);

	if (length == 0 || length > left)
		return 0;
	if (length == 1)
		return b[0] >= 0x20 && b[0] != 0x7f;
	for (size_t i = 1; i < length; i++) {
		if (b[i] >> 6 != 2)
			return 0;
		value = value << 6 | (b[i] & 0x3fU);
	}
	if (value < 0xa0 || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	return value >= (length == 2 ? 0x80U : length == 3 ? 0x800U : 0x10000U) ? length : 0;
}

static bool json_check_take(struct json_check *check, char expected)
{
	if (check->at == check->end || *check->at != expected)
		return false;
	check->at++;
	return true;
}

static bool json_check_escape(struct json_check *check)
{
	if (check->at == check->end)
		return false;
	if (*check->at == 'u') {
		if (check->end - check->at < 5)
			return false;
		for (int i = 1; i <= 4; i++)
			if (!isxdigit((unsigned char)check->at[i]))
				return false;
		check->at += 5;
		return true;
	}
	return *check->at && strchr("\"\\/bfnrt", *check->at++);
}

static bool json_check_string(struct json_check *check)
{
	if (!json_check_take(check, '"'))
		return false;
	while (check->at < check->end && *check->at != '"') {
		size_t length = json_check_character(check);

		if (length == 0)
			return false;
		check->at += length;
		if (check->at[-1] == '\\' && !json_check_escape(check))
			return false;
	}
	return json_check_take(check, '"');
}

static bool json_check_number(struct json_check *check)
{
	json_check_take(check, '-');
	if (check->at == check->end || !isdigit((unsigned char)*check->at))
		return false;
	while (check->at < check->end && isdigit((unsigned char)*check->at))
		check->at++;
	return true;
}

static bool json_check_value(struct json_check *check)
{
	if (!json_check_take(check, '['))
		return check->at < check->end && *check->at == '"' ? json_check_string(check)
								   : json_check_number(check);
	if (json_check_take(check, ']'))
		return true;
	do
		if (!json_check_string(check))
			return false;
	while (json_check_take(check, ','));
	return json_check_take(check, ']');
}

static bool json_check_key(struct json_check *check)
{
	return json_check_string(check) && json_check_take(check, ':');
}

bool json_check_line(const char *text, size_t length)
{
	struct json_check check = { text, text + length };

	if (!json_check_take(&check, '{'))
		return false;
	if (!json_check_take(&check, '}')) {
		do
			if (!json_check_key(&check) || !json_check_value(&check))
				return false;
		while (json_check_take(&check, ','));
		if (!json_check_take(&check, '}'))
			return false;
	}
	return json_check_take(&check, '\n') && check.at == check.end;
}

bool json_check_member(const char *line, const char *key, char *buffer, size_t size)
{
	struct json_check check = { line + 1, line + strlen(line) };
	unsigned found = 0;
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	do {
		const char *start = check.at;
		const char *value;

		if (!json_check_key(&check))
			return false;
		value = check.at;
		if (!json_check_value(&check))
			return false;
		if (strncmp(start, quoted, strlen(quoted)) == 0 && (size_t)(check.at - value) < size) {
			found++;
			snprintf(buffer, size, "%.*s", (int)(check.at - value), value);
		}
	} while (json_check_take(&check, ','));
	return found == 1;
}
