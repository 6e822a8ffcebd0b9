/*
 * The record of a refusal or warning, and its tip: the rule that would have allowed it; and the
 * record of a call that was found to have done something else than what was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/access.h"
#include "core/call.h"
#include "core/json.h"
#include "core/log.h"
#include "core/log_line.h"
#include "core/pattern.h"
#include "core/policy_net.h"
#include "core/process.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/tip.h"
#include "core/utc.h"
#include "core/util.h"

#define LOG_COMMAND_MAX 512
#define LOG_LINE_MAX (PATH_MAX * 13)     /* a name of nothing but control characters */
#define LOG_MISMATCH_MAX (PATH_MAX * 13) /* two names of nothing but control characters */

void log_line_time(struct json *json)
{
	char text[UTC_TEXT_SIZE];

	utc_text(time(NULL), text);
	json_string(json, "time", text);
}

/* Open flags in words; openat2's lie in memory and are left out. */
static void log_access_open_flags(struct json *json, const struct call *call)
{
	static const struct {
		unsigned flag;
		const char *name;
	} words[] = { { O_CREAT, "creat" }, { O_EXCL, "excl" }, { O_TRUNC, "trunc" }, { O_APPEND, "append" } };
	unsigned flags;

	if (call->sysno == SC_open || call->sysno == SC_openat)
		flags = (unsigned)call_arg(call, call->sysno == SC_open ? 1 : 2);
	else if (call->sysno == SC_creat)
		flags = O_CREAT | O_WRONLY | O_TRUNC;
	else
		return;
	json_array_begin(json, "oflags");
	json_array_item(json, (flags & O_ACCMODE) == O_RDONLY   ? "rdonly"
			      : (flags & O_ACCMODE) == O_WRONLY ? "wronly"
								: "rdwr");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].flag)
			json_array_item(json, words[i].name);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		json_array_item(json, "tmpfile");
	json_array_end(json);
}

/* Names of the categories that refuse this call, the one that did first. */
static void log_access_tip_categories(
	const struct call *call, enum category category, const char *name, char *text, size_t size)
{
	size_t length = (size_t)snprintf(text, size, "%s", category_name(category));

	/* The name of a filesystem is no other category's. */
	if (category == CAT_FS)
		return;
	for (int other = 0; other < CAT_COUNT; other++)
		if (other != (int)category && (call->wants & CAT_BIT(other)) &&
			!access_allows(call, (enum category)other, name) && length < size)
			length += (size_t)snprintf(
				text + length, size - length, ",%s", category_name((enum category)other));
}

/* A rule that, added to the policy, allows the whole call: every category that it asks for. */
static void log_access_tip(struct json *json, const struct call *call, enum category category, const char *name)
{
	const char *whole = call->subject && str_starts(call->subject, name) ? call->subject : name;
	char categories[128];
	char pattern[TIP_PATTERN_MAX];
	char tip[TIP_PATTERN_MAX + 160];

	/* An address is written as it is read; only names are patterns. */
	if (CAT_BIT(category) & POLICY_NET_BITS && name[0] != '/' && name[0] != '@') {
		snprintf(tip, sizeof(tip), "allow/%s+%s", category_name(category), name);
		json_string(json, "tip", tip);
		return;
	}

	log_access_tip_categories(call, category, whole, categories, sizeof(categories));
	if (!tip_pattern(name, whole, pattern, sizeof(pattern)))
		return;
	snprintf(tip, sizeof(tip), "allow/%s+%s", categories, pattern);
	json_string(json, "tip", tip);
}

/* What every record has: who asked what for which name, and what came of it. */
static void log_access_head(struct json *json, const struct call *call, const char *context, enum category category,
	enum action action, const char *name)
{
	json_string(json, "id", call->sandbox->id);
	json_string(json, "ctx", context);
	json_string(json, "cap", category_name(category));
	json_string(json, "act", action_name(action));
	json_string(json, "sys", sysno_name(call->sysno));
	if (name)
		json_string(json, CAT_BIT(category) & POLICY_NET_BITS ? "addr" : "path", name);
}

static void log_access_process(struct json *json, struct call *call)
{
	struct process_status status = { 0 };

	process_status_read(call, &status);
	json_number(json, "pid", status.tgid ? status.tgid : call->tid);
	json_number(json, "uid", (long)status.uid);
}

static void log_access_place(struct json *json, struct call *call)
{
	char command[LOG_COMMAND_MAX];
	char cwd[PATH_MAX];

	process_command(call, command, sizeof(command));
	process_cwd(call, cwd, sizeof(cwd));
	json_string(json, "cmd", command);
	json_string(json, "cwd", cwd);
}

/* Names, directory and command line of nothing but control characters may be too much for one line. */
static size_t log_access_short(
	struct call *call, enum category category, enum action action, const char *name, char *line)
{
	struct json json;

	json_begin(&json, line, LOG_LINE_MAX);
	log_access_head(&json, call, "access", category, action, name);
	log_access_process(&json, call);
	log_line_time(&json);
	return json_end(&json);
}

void log_access(struct call *call, enum category category, enum action action, const char *name)
{
	char line[LOG_LINE_MAX];
	struct json json;
	size_t length;

	json_begin(&json, line, sizeof(line));
	log_access_head(&json, call, "access", category, action, name);
	log_access_open_flags(&json, call);
	log_access_process(&json, call);
	log_access_place(&json, call);
	log_line_time(&json);
	if (action_refuses(action))
		log_access_tip(&json, call, category, name);
	length = json_end(&json);
	if (!length)
		length = log_access_short(call, category, action, name, line);
	log_line(call->sandbox->supervisor->log, line, length);
}

/* Whoever has the old name may do then what the new one allows, and with a directory below it. */
static void log_move_tip(struct json *json, const char *from, bool is_directory, uint64_t gains)
{
	char quoted[PATH_MAX * 2];
	char tip[TIP_PATTERN_MAX + 160] = "allow/";
	size_t length = strlen(tip);
	const char *comma = "";

	if (pattern_quote(from, quoted, sizeof(quoted)) < 0)
		return;
	for (unsigned category = 0; category < CAT_COUNT; category++) {
		if (!(gains & CAT_BIT(category)))
			continue;
		length += (size_t)snprintf(
			tip + length, sizeof(tip) - length, "%s%s", comma, category_name((enum category)category));
		comma = ",";
	}
	snprintf(tip + length, sizeof(tip) - length, "+%s%s", quoted, is_directory ? "/***" : "");
	json_string(json, "tip", tip);
}

void log_move(struct call *call, const char *from, const char *to, bool is_directory, uint64_t gains)
{
	char line[LOG_LINE_MAX];
	struct json json;
	size_t length;

	json_begin(&json, line, sizeof(line));
	log_access_head(&json, call, "access", CAT_RENAME, ACTION_DENY, to);
	json_string(&json, "from", from);
	json_string(&json, "why", "rules treat the two names differently, and names hold still");
	log_access_process(&json, call);
	log_access_place(&json, call);
	log_line_time(&json);
	/* What mask+ and append+ hold, no rule sets free. */
	if (gains)
		log_move_tip(&json, from, is_directory, gains);
	length = json_end(&json);
	if (!length)
		length = log_access_short(call, CAT_RENAME, ACTION_DENY, to, line);
	log_line(call->sandbox->supervisor->log, line, length);
}

/* whole: with what may make it too long for one line. */
static size_t log_mismatch_write(
	struct call *call, enum category category, const char *checked, const char *found, bool whole, char *line)
{
	struct json json;

	json_begin(&json, line, LOG_MISMATCH_MAX);
	log_access_head(&json, call, "mismatch", category, ACTION_KILL, checked);
	json_string(&json, "found", found);
	log_access_process(&json, call);
	if (whole)
		log_access_place(&json, call);
	log_line_time(&json);
	return json_end(&json);
}

void log_mismatch(struct call *call, enum category category, const char *checked, const char *found)
{
	char line[LOG_MISMATCH_MAX];
	size_t length = log_mismatch_write(call, category, checked, found, true, line);

	if (!length)
		length = log_mismatch_write(call, category, checked, found, false, line);
	log_line(call->sandbox->supervisor->log, line, length);
}
