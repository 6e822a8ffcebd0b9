/*
 * The short options --ro, --rw, --hide and so on: each is a few rules of the language.
 * A path is made absolute here, and named twice where symlinks lead elsewhere: walk is
 * judged on names as written, everything else on canonical ones.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/policy_load.h"
#include "core/policy_path.h"
#include "core/util.h"

#define BITS_READ (CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR) | CAT_BIT(CAT_EXEC))
#define BITS_WRITE \
	(CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_TRUNCATE) | CAT_BIT(CAT_DELETE) | \
		CAT_BIT(CAT_RENAME) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_SYMLINK) | \
		CAT_BIT(CAT_MKTEMP))
#define BITS_SEE (CAT_BIT(CAT_WALK) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_LIST))

struct policy_short {
	const char *name;
	const char *origin;
	uint64_t categories;
	enum action action;
	uint64_t switched_on; /* with default allow, where they were off */
	bool names_address;   /* and not a path: a rule as -m would give it */
};

static const struct policy_short policy_shorts[POLICY_SHORT_COUNT] = {
	{ "ro", "--ro", BITS_READ, ACTION_ALLOW, 0, false },
	{ "rw", "--rw", BITS_READ | BITS_WRITE, ACTION_ALLOW, 0, false },
	{ "hide", "--hide", BITS_SEE | CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE), ACTION_DENY,
		BITS_SEE, false },
	{ "exec", "--exec", CAT_BIT(CAT_EXEC), ACTION_ALLOW, 0, false },
	{ "connect", "--connect", CAT_BIT(CAT_NET_CONNECT), ACTION_ALLOW, 0, true },
	{ "bind", "--bind", CAT_BIT(CAT_NET_BIND), ACTION_ALLOW, 0, true },
};

static int policy_short_rule(struct policy_loader *loader, const struct policy_short *option, const char *path)
{
	unsigned number = loader->short_counts[option - policy_shorts];
	char text[PATH_MAX * 4 + 8];
	struct pattern *pattern = NULL;
	struct rule_origin origin = { policy_own_string(loader->policy, option->origin), number };
	size_t offset;
	const char *error;
	long length = pattern_quote(str_equal(path, "/") ? "" : path, text, sizeof(text) - 4);
	int result;

	if (length < 0)
		return (int)length;
	memcpy(text + length, "/***", sizeof("/***"));
	result = pattern_new(text, &pattern, &offset, &error);
	if (result || !origin.file) {
		pattern_free(pattern);
		return result ? result : -ENOMEM;
	}
	return policy_add_rules(
		loader->policy, option->categories & category_enforced(), option->action, pattern, origin);
}

static void policy_short_switch(struct policy *policy, uint64_t categories)
{
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (!(categories & category_enforced() & CAT_BIT(i)) || policy_is_on(policy, (enum category)i))
			continue;
		policy_switch(policy, CAT_BIT(i), true);
		policy_set_default(policy, CAT_BIT(i), ACTION_ALLOW);
	}
}

static int policy_short_path(struct policy_loader *loader, const struct policy_short *option, const char *value)
{
	char absolute[PATH_MAX];
	char canonical[PATH_MAX];
	char spelt[PATH_MAX] = "/";
	int result = policy_path_absolute(value, absolute);

	if (result == 0)
		result = policy_path_canonical(absolute, canonical);
	if (result)
		return result;
	policy_short_switch(loader->policy, option->switched_on);
	/* With '..' behind a symlink the written form would name something else. */
	if (!policy_path_goes_up(absolute)) {
		result = policy_path_append(spelt, absolute);
		if (result == 0 && !str_equal(spelt, canonical))
			result = policy_short_rule(loader, option, spelt);
	}
	return result ? result : policy_short_rule(loader, option, canonical);
}

/* Any address, or the path of a UNIX socket: "allow/CATEGORY+ADDR". */
static void policy_short_address(struct policy_loader *loader, const struct policy_short *option, const char *value)
{
	const struct policy_place place = { .file = option->origin,
		.line = loader->short_counts[option - policy_shorts] };
	enum category category = (enum category)__builtin_ctzll(option->categories);
	AUTO_FREE char *text = NULL;

	if (asprintf(&text, "allow/%s+%s", category_name(category), value) < 0)
		policy_fail_memory(loader);
	else if (*value == '\0' || strchr(value, '\n'))
		policy_load_error(loader, option->origin, "expected an address");
	else
		policy_load_one(loader, text, &place);
}

static void policy_short_apply(struct policy_loader *loader, const struct policy_short *option, const char *value)
{
	int result;

	if (option->names_address) {
		policy_short_address(loader, option, value);
		return;
	}
	if (*value == '\0') {
		policy_load_error(loader, option->origin, "expected a path");
		return;
	}
	result = policy_short_path(loader, option, value);
	if (result == -ENOMEM)
		policy_fail_memory(loader);
	else if (result)
		policy_load_error(loader, option->origin, "cannot use '%s': %s", value, strerror(-result));
}

void policy_load_short(struct policy_loader *loader, const char *option, const char *value)
{
	policy_mark_configured(loader->policy);
	for (size_t i = 0; i < ARRAY_SIZE(policy_shorts); i++) {
		if (!str_equal(policy_shorts[i].name, option))
			continue;
		loader->short_counts[i]++;
		policy_short_apply(loader, &policy_shorts[i], value);
		return;
	}
	policy_load_error(loader, option, "unknown short option");
}
