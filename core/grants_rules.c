/*
 * Rules as Landlock would have to say them. Conservative: on doubt there is an obstacle.
 */
#include "core/grants_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/pattern.h"
#include "core/policy.h"
#include "core/policy_files.h"
#include "core/policy_words.h"
#include "core/reason.h"
#include "core/util.h"

#define MEMORY_FILES "!memfd:**"

void grants_note(struct grants *grants, const char *name, const struct obstacle *obstacle)
{
	struct obstacle *noted;

	if (grants_over(grants))
		return;
	noted = &grants->obstacles[grants->obstacle_count];
	*noted = *obstacle;
	snprintf(noted->name, sizeof(noted->name), "%s", name);
	grants->obstacle_count++;
}

bool grants_over(const struct grants *grants)
{
	return grants->obstacle_count == grants->obstacles_wanted;
}

/* Landlock refuses without a word, and allows without one. */
static bool grants_is_silent(const struct policy *policy, enum action action)
{
	return action == ACTION_ALLOW || action == ACTION_FILTER ||
	       (action == ACTION_DENY && !policy_settings(policy)->log_refused);
}

static void grants_note_loud(
	const struct policy *policy, const struct rule *rule, enum category category, struct grants *grants)
{
	struct obstacle obstacle = {
		.category = category, .rule = rule, .why = REASON("Landlock neither logs nor stops")
	};

	obstacle.instead = policy_settings(policy)->log_refused ? REASON("log/refused:off, or filter")
								: REASON("allow, deny or filter");
	grants_note(grants, "", &obstacle);
}

static void grants_actions(const struct policy *policy, enum category category, struct grants *grants)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	if (!grants_is_silent(policy, policy_default(policy, category)))
		grants_note_loud(policy, NULL, category, grants);
	for (size_t i = count; i > 0 && grants->obstacle_count == 0; i--)
		if (!grants_is_silent(policy, rules[i - 1].action))
			grants_note_loud(policy, &rules[i - 1], category, grants);
}

/* The default of ioctl, and its words, are about requests. */
static void grants_device_actions(const struct policy *policy, struct grants *grants)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_IOCTL, &count);

	for (size_t i = count; i > 0; i--)
		if (pattern_text(rules[i - 1].pattern)[0] == '/' && !grants_is_silent(policy, rules[i - 1].action))
			grants_note_loud(policy, &rules[i - 1], CAT_IOCTL, grants);
}

/* Landlock does not know memory files: all of them must be allowed. */
static bool grants_allows_memory(const struct policy *policy, enum category category)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	if (!policy_is_on(policy, category))
		return true;
	for (size_t i = count; i > 0; i--) {
		const char *text = pattern_text(rules[i - 1].pattern);

		if (str_equal(text, MEMORY_FILES))
			return !action_refuses(rules[i - 1].action);
		/* It could match one, or does. */
		if (strchr("!*?[{\\", text[0]) && action_refuses(rules[i - 1].action))
			return false;
	}
	return !action_refuses(policy_default(policy, category));
}

void grants_settings(const struct policy *policy, struct grants *grants)
{
	const struct policy_settings *settings = policy_settings(policy);
	struct obstacle obstacle = { .category = CAT_COUNT };

	if (policy_active_bits(policy) & GRANTS_CATEGORIES)
		grants_actions(policy, CAT_READ, grants);
	if (grants->categories & CAT_BIT(CAT_READDIR))
		grants_actions(policy, CAT_READDIR, grants);
	if (grants->categories & CAT_BIT(CAT_IOCTL))
		grants_device_actions(policy, grants);
	if (settings->lock != POLICY_LOCK_ON)
		obstacle.why = REASON("the policy can be asked for from inside"), obstacle.instead = REASON("lock:on");
	else if (settings->ghost)
		obstacle.why = REASON("ghost! refuses what is decided");
	else if (policy_has_files(policy, POLICY_FILE_MASK))
		obstacle.why = REASON("mask+ shows other files");
	if (obstacle.why)
		grants_note(grants, "", &obstacle);
	if (grants->categories & CAT_BIT(CAT_READ) && !grants_allows_memory(policy, CAT_READ))
		grants_note(grants, "",
			&(struct obstacle){ .category = CAT_READ,
				.why = REASON("Landlock lets memory files be opened again"),
				.instead = REASON("allow/read+" MEMORY_FILES) });
}

struct obstacle grants_mixed_by(const struct policy *policy, const char *directory, uint64_t mixed)
{
	enum category category = mixed & CAT_BIT(CAT_READ) ? CAT_READ : CAT_READDIR;
	struct obstacle obstacle = { .category = category };
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);

	for (size_t i = count; i > 0 && !obstacle.rule; i--)
		if (pattern_cover(rules[i - 1].pattern, directory) == PATTERN_COVERS_SOME)
			obstacle.rule = &rules[i - 1];
	if (!obstacle.rule && category == CAT_READ)
		obstacle.rule = policy_refuses_device(policy, directory);
	if (obstacle.rule)
		obstacle.category = obstacle.rule->category;
	return obstacle;
}

static bool grants_children_add(struct grants_children *children, const char *name)
{
	for (unsigned i = 0; i < children->count; i++)
		if (str_equal(children->names[i], name))
			return true;
	if (children->count == GRANTS_CHILDREN_MAX || strlen(name) > NAME_MAX)
		return false;
	memcpy(children->names[children->count++], name, strlen(name) + 1);
	return true;
}

static bool grants_children_of_rule(const struct rule *rule, const char *directory, struct grants_children *children)
{
	enum pattern_children found;
	char child[PATH_MAX];
	size_t branch = 0;

	do {
		found = pattern_next_way(rule->pattern, directory, &branch, child, sizeof(child));
		if (found == PATTERN_CHILDREN_MANY ||
			(found == PATTERN_CHILDREN_ONE && !grants_children_add(children, child)))
			return false;
	} while (found != PATTERN_CHILDREN_NONE);
	return true;
}

bool grants_children(
	const struct policy *policy, const char *directory, uint64_t categories, struct grants_children *children_out)
{
	children_out->count = 0;
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		size_t count;
		const struct rule *rules = policy_rules(policy, (enum category)i, &count);

		if (!(categories & CAT_BIT(i)))
			continue;
		if (!policy_is_on(policy, (enum category)i) ||
			!action_refuses(policy_default(policy, (enum category)i)))
			return false;
		while (count-- > 0)
			if (!action_refuses(rules[count].action) &&
				!grants_children_of_rule(&rules[count], directory, children_out))
				return false;
	}
	return true;
}

bool grants_lists_more(const struct policy *policy, const char *directory, struct obstacle *obstacle_out)
{
	struct decision decision = policy_decide(policy, CAT_READDIR, directory);

	if (action_refuses(decision.action))
		return false;
	*obstacle_out = (struct obstacle){ .category = CAT_READDIR,
		.rule = decision.rule,
		.why = REASON("Landlock would let every directory below it be listed, too"),
		.instead = REASON("allow readdir for everything below, or refuse it here") };
	return true;
}

/* By which a name that is there goes, and by which one that is not there comes. */
#define REMOVING_FILE (CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_RENAME))
#define REMOVING_DIRECTORY (CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_RENAME))
#define MAKING \
	(CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_SYMLINK) | CAT_BIT(CAT_MKFIFO) | CAT_BIT(CAT_MKBDEV) | \
		CAT_BIT(CAT_MKCDEV) | CAT_BIT(CAT_RENAME))
#define DEVICES (CAT_BIT(CAT_MKBDEV) | CAT_BIT(CAT_MKCDEV))
#define CHANGING (REMOVING_FILE | REMOVING_DIRECTORY | MAKING)

struct grants_place {
	const struct policy *policy;
	const char *directory;
	int fd;
	const char *promised;
};

/* Does this category matter to this one name, and allow it? */
static bool grants_child_changes(const struct grants_place *place, enum category category, const char *child)
{
	bool root = str_equal(place->directory, "/");
	uint64_t matters = MAKING;
	struct statx status;
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s/%s", root ? "" : place->directory, child) >= (int)sizeof(name))
		return true;
	/* It may be a mount point for which nobody answers. */
	if (statx(place->fd, child, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &status) ==
		0)
		matters = S_ISDIR(status.stx_mode) ? REMOVING_DIRECTORY : REMOVING_FILE;
	else if (place->promised && str_equal(place->promised, name))
		matters = REMOVING_DIRECTORY;
	/* Where nothing can be read, there is nothing to follow. */
	if (!policy_range(place->policy, CAT_READ, name).may_allow &&
		!policy_range(place->policy, CAT_READDIR, name).may_allow)
		return false;
	return matters & CAT_BIT(category) && !action_refuses(policy_decide(place->policy, category, name).action);
}

static bool grants_rule_changes(const struct grants_place *place, const struct rule *rule)
{
	enum pattern_children children;
	char child[PATH_MAX];
	size_t branch = 0;

	if (action_refuses(rule->action))
		return false;
	do {
		children = pattern_next_child(rule->pattern, place->directory, &branch, child, sizeof(child));
		if (children == PATTERN_CHILDREN_MANY ||
			(children == PATTERN_CHILDREN_ONE && grants_child_changes(place, rule->category, child)))
			return true;
	} while (children != PATTERN_CHILDREN_NONE);
	return false;
}

/* The last rule that decides comes first; one that covers the whole directory hides those before it. */
static bool grants_category_changes(
	const struct grants_place *place, enum category category, const struct rule **rule_out)
{
	size_t count;
	const struct rule *rules = policy_rules(place->policy, category, &count);

	for (size_t i = policy_is_on(place->policy, category) ? count : 0; i > 0; i--) {
		*rule_out = &rules[i - 1];
		if (grants_rule_changes(place, *rule_out))
			return true;
		if (pattern_cover((*rule_out)->pattern, place->directory) == PATTERN_COVERS_ALL)
			return false;
	}
	*rule_out = NULL;
	/* Devices are made where a rule allows it, not where a default does. */
	if (DEVICES & CAT_BIT(category))
		return false;
	return !policy_is_on(place->policy, category) || !action_refuses(policy_default(place->policy, category));
}

bool grants_may_change(
	const struct policy *policy, const char *directory, int fd, const char *promised, struct obstacle *obstacle_out)
{
	const struct grants_place place = { .policy = policy, .directory = directory, .fd = fd, .promised = promised };

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		const struct rule *rule;

		if (!(CHANGING & CAT_BIT(i)) || !grants_category_changes(&place, (enum category)i, &rule))
			continue;
		*obstacle_out = (struct obstacle){ .category = (enum category)i,
			.rule = rule,
			.why = REASON("the sandbox may change names in this directory, and Landlock would not follow"),
			.instead = REASON("deny/delete,rename,rmdir for each name in it that is allowed") };
		return true;
	}
	return false;
}
