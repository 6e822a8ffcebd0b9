/*
 * mask and append: the questions that handlers and the planner have. Pure.
 */
#include "core/policy_files.h"

#include <stdlib.h>

#include "core/cleanup.h"
#include "core/matcher.h"
#include "core/pattern.h"
#include "core/util.h"

#define MASK_BITS (CAT_BIT(CAT_STAT) | CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_TRUNCATE))
#define POLICY_FILES_FEW 8u /* of which the plain list is quicker */
#define APPEND_BITS (CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_TRUNCATE))
#define STRICT_BITS \
	(CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_RENAME) | CAT_BIT(CAT_SYMLINK) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_MKBDEV) | \
		CAT_BIT(CAT_MKCDEV) | CAT_BIT(CAT_MKFIFO))

void policy_file_free(struct policy_file *file)
{
	pattern_free(file->pattern);
	free(file->text);
	free(file->target);
}

int policy_files_compile(struct policy_settings *settings, struct automaton_budget *budget)
{
	AUTO_FREE const struct pattern **patterns = calloc(settings->file_count + 1, sizeof(*patterns));
	int result = patterns ? 0 : -ENOMEM;

	if (settings->file_count <= POLICY_FILES_FEW)
		return 0;
	for (unsigned kind = 0; kind < ARRAY_SIZE(settings->file_matchers) && result == 0; kind++) {
		for (size_t i = 0; i < settings->file_count; i++)
			patterns[i] = settings->files[i].kind == kind ? settings->files[i].pattern : NULL;
		result = matcher_new(patterns, settings->file_count, budget, &settings->file_matchers[kind]);
	}
	return result;
}

bool policy_has_files(const struct policy *policy, enum policy_file_kind kind)
{
	const struct policy_settings *settings = policy_settings(policy);

	for (size_t i = 0; i < settings->file_count; i++)
		if (settings->files[i].kind == kind)
			return true;
	return false;
}

static const struct policy_file *policy_file_find(
	const struct policy *policy, enum policy_file_kind kind, const char *name)
{
	const struct policy_settings *settings = policy_settings(policy);
	const struct matcher *matcher = settings->file_matchers[kind];
	size_t last = matcher ? matcher_last(matcher, name, strlen(name)) : 0;

	if (matcher)
		return last > 0 ? &settings->files[last - 1] : NULL;
	for (size_t i = settings->file_count; i-- > 0;)
		if (settings->files[i].kind == kind && pattern_match(settings->files[i].pattern, name))
			return &settings->files[i];
	return NULL;
}

const char *policy_mask(const struct policy *policy, const char *name)
{
	const struct policy_file *file = policy_file_find(policy, POLICY_FILE_MASK, name);

	return file ? file->target : NULL;
}

bool policy_appends(const struct policy *policy, const char *name)
{
	return policy_file_find(policy, POLICY_FILE_APPEND, name) != NULL;
}

bool policy_files_hold(const struct policy *policy, const char *from, const char *to, bool is_directory)
{
	const struct policy_settings *settings = policy_settings(policy);
	const char *mask = policy_mask(policy, from);
	const char *other = policy_mask(policy, to);

	if (mask && (!other || !str_equal(mask, other)))
		return false;
	if (policy_appends(policy, from) && !policy_appends(policy, to))
		return false;
	for (size_t i = 0; is_directory && i < settings->file_count; i++)
		if (!pattern_same_below(settings->files[i].pattern, from, to))
			return false;
	return true;
}

uint64_t policy_files_categories(const struct policy *policy)
{
	return (policy_has_files(policy, POLICY_FILE_MASK) ? MASK_BITS : 0) |
	       (policy_has_files(policy, POLICY_FILE_APPEND) ? APPEND_BITS : 0) |
	       (policy_settings(policy)->strict_names ? STRICT_BITS : 0);
}
