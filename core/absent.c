/*
 * Follows each rule from the root as far as it names one file, and no further than to what is allowed whole. Looks at
 * names without opening anything.
 */
#include "core/absent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/policy.h"
#include "core/util.h"

#define ABSENT_DEPTH_MAX 64

struct absent_walk {
	const struct policy *policy;
	const char *promised;
	struct absent *absent;
	const struct rule *rule;
	unsigned depth;
	char name[PATH_MAX];
	char child[PATH_MAX];
};

static int absent_add(struct absent_walk *walk)
{
	struct absent *absent = walk->absent;

	if (walk->promised && str_equal(walk->name, walk->promised))
		return 0;
	for (size_t i = 0; i < absent->count; i++)
		if (str_equal(absent->list[i].name, walk->name))
			return 0;
	absent->more = absent->count == ABSENT_MAX;
	if (absent->more)
		return 0;
	absent->list[absent->count] = (struct absent_name){ .name = strdup(walk->name), .rule = walk->rule };
	if (!absent->list[absent->count].name)
		return -ENOMEM;
	absent->count++;
	return 0;
}

static int absent_below(struct absent_walk *walk);

/* Nobody may answer for a mount: no server is asked. */
static int absent_look(struct absent_walk *walk)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct policy_range range = policy_range(walk->policy, walk->rule->category, walk->name);
	struct statx status;

	if (!range.may_allow)
		return 0;
	if (statx(AT_FDCWD, walk->name, flags, STATX_TYPE, &status) < 0)
		return errno == ENOENT ? absent_add(walk) : 0;
	return range.may_refuse && S_ISDIR(status.stx_mode) ? absent_below(walk) : 0;
}

/* walk->name is a directory. */
static int absent_below(struct absent_walk *walk)
{
	const size_t length = str_equal(walk->name, "/") ? 0 : strlen(walk->name);
	const size_t left = sizeof(walk->name) - length;
	enum pattern_children found;
	size_t branch = 0;
	int error = 0;

	if (walk->depth == ABSENT_DEPTH_MAX)
		return 0;
	walk->depth++;
	while (!error && (found = pattern_next_way(walk->rule->pattern, walk->name, &branch, walk->child,
				  sizeof(walk->child))) != PATTERN_CHILDREN_NONE) {
		if (found == PATTERN_CHILDREN_MANY)
			continue;
		if (snprintf(walk->name + length, left, "/%s", walk->child) < (int)left)
			error = absent_look(walk);
		snprintf(walk->name + length, left, "%s", length == 0 ? "/" : "");
	}
	walk->depth--;
	return error;
}

/* A later rule refuses the only name that this one allows. */
static bool absent_overruled(struct absent_walk *walk)
{
	return !pattern_literal_root(walk->rule->pattern, walk->child, sizeof(walk->child)) &&
	       action_refuses(policy_decide(walk->policy, walk->rule->category, walk->child).action);
}

static int absent_category(struct absent_walk *walk, enum category category)
{
	size_t count;
	const struct rule *rules = policy_rules(walk->policy, category, &count);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		walk->rule = &rules[i];
		if (!action_refuses(walk->rule->action) && !absent_overruled(walk))
			error = absent_below(walk);
	}
	return error;
}

int absent_find(const struct policy *policy, uint64_t categories, const char *promised, struct absent *absent_out)
{
	AUTO_FREE struct absent_walk *walk = calloc(1, sizeof(*walk));
	int error = walk ? 0 : -ENOMEM;

	*absent_out = (struct absent){ .count = 0 };
	if (walk)
		*walk = (struct absent_walk){
			.policy = policy, .promised = promised, .absent = absent_out, .name = "/"
		};
	for (unsigned i = 0; i < CAT_COUNT && !error; i++)
		if (categories & CAT_BIT(i))
			error = absent_category(walk, (enum category)i);
	return error;
}

void absent_free(struct absent *absent)
{
	for (size_t i = 0; i < absent->count; i++)
		free(absent->list[i].name);
	absent->count = 0;
}
