/*
 * The commands mask and append: a pattern of paths, and for mask what to show. Changes only the
 * loader's policy.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/policy_files.h"
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/policy_weight.h"
#include "core/util.h"

#define MASK_TARGET "/dev/null"

static void policy_file_remove(
	struct policy_settings *settings, enum policy_file_kind kind, const char *text, bool every)
{
	for (size_t i = settings->file_count; i-- > 0;) {
		struct policy_file *found = &settings->files[i];

		if (found->kind != kind || !str_equal(found->text, text))
			continue;
		policy_file_free(found);
		settings->file_count--;
		memmove(found, found + 1, (settings->file_count - i) * sizeof(*found));
		if (!every)
			return;
	}
}

static int policy_file_add(struct policy_settings *settings, const struct policy_file *file)
{
	size_t count = settings->file_count;

	/* Full at every power of two: then it doubles. */
	if ((count & (count - 1)) == 0) {
		struct policy_file *larger = reallocarray(settings->files, count ? count * 2 : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		settings->files = larger;
	}
	settings->files[settings->file_count++] = *file;
	return 0;
}

/* The colon that ends the pattern: none that is quoted. NULL: no target. */
static const char *policy_file_colon(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (*text == ':')
			return text;
	}
	return NULL;
}

/* The target's name without quoting, from the heap; NULL after an error. */
static char *policy_file_target(struct policy_statement *statement, const char *text)
{
	const char *error = "expected a shorter path";
	char plain[PATH_MAX];
	size_t offset = 0;

	if (pattern_unquote(text, plain, sizeof(plain), &offset, &error) < 0)
		policy_statement_fail(statement, statement->value_at, "%s", error);
	else if (plain[0] != '/')
		policy_statement_fail(
			statement, statement->value_at, "expected an absolute path after ':', found '%s'", text);
	else
		return strdup(plain);
	return NULL;
}

/* Takes the value apart; false after an error. */
static bool policy_file_parse(struct policy_statement *statement, struct policy_file *file)
{
	const char *value = policy_value(statement);
	const char *colon = file->kind == POLICY_FILE_MASK ? policy_file_colon(value) : NULL;
	char pattern[POLICY_LINE_MAX];
	const char *error = NULL;
	size_t offset = 0;
	int result;

	snprintf(pattern, sizeof(pattern), "%.*s", colon ? (int)(colon - value) : (int)strlen(value), value);
	if (!policy_path_pattern(statement, pattern))
		return false;
	if (file->kind == POLICY_FILE_MASK) {
		file->target = policy_file_target(statement, colon ? colon + 1 : MASK_TARGET);
		if (!file->target)
			return false;
	}
	result = pattern_new(pattern, &file->pattern, &offset, &error);
	if (result == -ENOMEM)
		policy_fail_memory(statement->loader);
	else if (result)
		policy_statement_fail(statement, policy_value_offset(statement, offset), "%s", error);
	return result == 0;
}

static void policy_file_apply(struct policy_statement *statement, enum policy_file_kind kind)
{
	struct policy_settings *settings = policy_settings_edit(statement->loader->policy);
	struct policy_file file = { .kind = kind };

	file.origin = policy_origin(statement);
	file.text = strdup(policy_value(statement));
	if (policy_file_parse(statement, &file) &&
		policy_charge(statement, POLICY_WEIGHT_SETTING + pattern_weight(file.pattern))) {
		if (statement->op != '+')
			policy_file_remove(settings, kind, policy_value(statement), statement->op == '^');
		else if (file.text && file.origin.file && policy_file_add(settings, &file) == 0)
			return;
		else
			policy_fail_memory(statement->loader);
	}
	policy_file_free(&file);
}

void policy_apply_mask(struct policy_statement *statement)
{
	policy_file_apply(statement, POLICY_FILE_MASK);
}

void policy_apply_append(struct policy_statement *statement)
{
	policy_file_apply(statement, POLICY_FILE_APPEND);
}
