/*
 * Whether a policy can do without ptrace: the category exec fits Landlock only where hierarchies
 * that hold still say the same as the rules. Pure; says which rule is in the way, and why.
 */
#include <limits.h>
#include <stdio.h>

#include "core/pattern.h"
#include "core/plan_build.h"
#include "core/policy.h"
#include "core/unsafe.h"

/* What is in the way: a rule, a transition, or with neither the default of the category. */
struct obstacle {
	enum category category;
	const struct rule *rule;
	const struct policy_transition *transition;
	const char *why; /* NULL: nothing to add */
};

/* Landlock refuses without a word. */
static bool plan_exec_silent(const struct policy *policy, enum action action)
{
	return action == ACTION_FILTER || (action == ACTION_DENY && !policy_settings(policy)->log_refused);
}

/* Categories by which the sandbox could put something else under a name. */
static bool plan_exec_may_change(const struct policy *policy, const char *name)
{
	static const enum category changing[] = { CAT_WRITE, CAT_CREATE, CAT_DELETE, CAT_RENAME, CAT_MKDIR, CAT_RMDIR,
		CAT_SYMLINK };

	for (size_t i = 0; i < ARRAY_SIZE(changing); i++) {
		if (!(category_enforced() & CAT_BIT(changing[i])))
			continue;
		if (!action_refuses(policy_decide(policy, changing[i], name).action))
			return true;
	}
	return false;
}

/* Pitfall 6: Landlock holds the inode, we the name. Neither the root nor a directory above it may move. */
static bool plan_exec_holds_still(const struct policy *policy, const char *root)
{
	char name[PATH_MAX];

	for (size_t length = 1; length <= strlen(root) && length < sizeof(name); length++) {
		if (root[length] != '/' && root[length] != '\0')
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, root);
		if (!str_equal(name, "/") && plan_exec_may_change(policy, name))
			return false;
	}
	return true;
}

static const char *plan_exec_allow_differs(const struct policy *policy, const struct rule *rule)
{
	char root[PATH_MAX];
	bool many;

	if (!strchr("/*{", pattern_text(rule->pattern)[0]))
		return "Landlock does not know memory files";
	many = pattern_literal_root(rule->pattern, root, sizeof(root));
	if (many && pattern_cover(rule->pattern, root) != PATTERN_COVERS_ALL)
		return "Landlock knows only one file, or a directory with everything below it";
	if (!plan_exec_holds_still(policy, root))
		return "the sandbox may change what has this name, and Landlock would not follow";
	return NULL;
}

/* Why this rule is not the same in Landlock; NULL: it is. */
static const char *plan_exec_rule_differs(const struct policy *policy, const struct rule *rule, bool allowed_before)
{
	if (rule->action == ACTION_ALLOW)
		return plan_exec_allow_differs(policy, rule);
	if (!plan_exec_silent(policy, rule->action))
		return "Landlock neither logs nor stops (log/refused:off, or filter, would do)";
	return allowed_before ? "Landlock takes back nothing of what was allowed before" : NULL;
}

static const char *plan_exec_settings_differ(const struct policy *policy, const struct plan_host *host)
{
	const struct policy_settings *settings = policy_settings(policy);

	if (settings->lock > POLICY_LOCK_READ)
		return "rules from inside could change it later (lock:read, or lock:on)";
	if (host->landlock_abi < LANDLOCK_ABI_REFER)
		return "this kernel has no Landlock (ABI 2) either";
	if (settings->exec_mmap)
		return "Landlock does not see mapped files (exec/mmap:off)";
	if (!settings->exec_anonymous)
		return "exec/anonymous:off must see each change of memory";
	if (!action_refuses(policy_default(policy, CAT_EXEC)))
		return "Landlock only allows";
	if (!plan_exec_silent(policy, policy_default(policy, CAT_EXEC)))
		return "Landlock neither logs nor stops (log/refused:off, or default/exec:filter, would do)";
	return NULL;
}

static bool plan_exec_differs(const struct policy *policy, const struct plan_host *host, struct obstacle *out)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_EXEC, &count);
	bool allowed = false;

	*out = (struct obstacle){ .category = CAT_EXEC, .rule = plan_blame(policy, CAT_EXEC) };
	out->why = plan_exec_settings_differ(policy, host);
	for (size_t i = 0; i < count && !out->why; i++) {
		out->rule = &rules[i];
		out->why = plan_exec_rule_differs(policy, &rules[i], allowed);
		allowed |= rules[i].action == ACTION_ALLOW;
	}
	return out->why != NULL;
}

bool plan_exec_fits(const struct policy *policy, const struct plan_host *host)
{
	struct obstacle obstacle;

	/* Looking up a program is walking: no domain refuses that. */
	return !(policy_active_bits(policy) & CAT_BIT(CAT_WALK)) && !plan_exec_differs(policy, host, &obstacle);
}

/* The first thing that needs ptrace; false: nothing does. */
static bool plan_exec_obstacle(const struct policy *policy, const struct plan_host *host, struct obstacle *out)
{
	static const enum category traced[] = { CAT_CHDIR, CAT_WALK };
	const struct policy_settings *settings = policy_settings(policy);
	uint64_t active = policy_active_bits(policy);

	if ((active & CAT_BIT(CAT_EXEC)) && plan_exec_differs(policy, host, out))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(traced); i++) {
		*out = (struct obstacle){ .category = traced[i], .rule = plan_blame(policy, traced[i]) };
		if (active & CAT_BIT(traced[i]))
			return true;
	}
	*out = (struct obstacle){ .transition = settings->transitions };
	return settings->transition_count > 0;
}

static void plan_exec_origin(const struct rule_origin *origin, char *buffer, size_t size)
{
	if (origin->line > 0)
		snprintf(buffer, size, "%s:%u", origin->file, origin->line);
	else
		snprintf(buffer, size, "%s", origin->file);
}

/* the rule "ACTION/CATEGORY+PATTERN" (FILE:LINE), or "default/CATEGORY:ACTION" */
static void plan_exec_name(const struct policy *policy, const struct obstacle *obstacle, char *buffer, size_t size)
{
	const struct policy_transition *transition = obstacle->transition;
	const struct rule *rule = obstacle->rule;
	char origin[PATH_MAX + 16];

	if (transition) {
		plan_exec_origin(&transition->origin, origin, sizeof(origin));
		snprintf(buffer, size, "the rule \"%s+%u.%u\" (%s)", transition->kind == ID_USER ? "setuid" : "setgid",
			transition->from, transition->to, origin);
	} else if (rule) {
		plan_exec_origin(&rule->origin, origin, sizeof(origin));
		snprintf(buffer, size, "the rule \"%s/%s+%s\" (%s)", action_name(rule->action),
			category_name(rule->category), pattern_text(rule->pattern), origin);
	} else {
		snprintf(buffer, size, "\"default/%s:%s\"", category_name(obstacle->category),
			action_name(policy_default(policy, obstacle->category)));
	}
}

static const char *plan_exec_off(const struct policy *policy)
{
	if (!policy_settings(policy)->trace_ptrace)
		return "trace/ptrace:off";
	return unsafe_given(policy_settings(policy), UNSAFE_PTRACE) ? "allow_unsafe/ptrace:on" : "this host forbids it";
}

const char *plan_needs_ptrace(const struct policy *policy, const struct plan_host *host, char *buffer, size_t size)
{
	struct obstacle obstacle;
	char name[2 * PATH_MAX];

	if (unsafe_given(policy_settings(policy), UNSAFE_PTRACE) && policy_active_bits(policy) &&
		!host->scopes_signals) {
		snprintf(buffer, size,
			"allow_unsafe/ptrace:on needs a Landlock domain (ABI %d, Linux 6.12) that keeps the command "
			"away from the supervisor, and there is none",
			LANDLOCK_ABI_SIGNALS);
		return buffer;
	}
	if (host->ptrace || !plan_exec_obstacle(policy, host, &obstacle))
		return NULL;
	plan_exec_name(policy, &obstacle, name, sizeof(name));
	snprintf(buffer, size, "ptrace is off (%s), but %s needs it%s%s", plan_exec_off(policy), name,
		obstacle.why ? ": " : "", obstacle.why ? obstacle.why : "");
	return buffer;
}
