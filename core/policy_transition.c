/*
 * The commands setuid and setgid: transitions from one id to another, each a number or the
 * name of a user or group. Names are looked up here, when the policy is loaded, and never again:
 * in the files of the system only, since what getpwnam() loads cannot be linked statically.
 */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/nearest.h"
#include "core/policy_apply.h"
#include "core/policy_load.h"
#include "core/policy_weight.h"
#include "core/util.h"

#define ID_TEXT_MAX 256

/* The last id is -1, which means "leave it" to every call. */
static bool policy_transition_number(const char *text, uint32_t *id_out)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long number = digits > 0 && digits <= 10 ? strtoull(text, NULL, 10) : UINT32_MAX;

	if (text[digits] != '\0' || number >= UINT32_MAX)
		return false;
	*id_out = (uint32_t)number;
	return true;
}

/* The next of the users or groups that a file names. */
static bool policy_transition_next(enum id_kind kind, FILE *file, const char **name_out, uint32_t *id_out)
{
	const struct passwd *user = kind == ID_USER ? fgetpwent(file) : NULL;
	const struct group *group = kind == ID_GROUP ? fgetgrent(file) : NULL;

	if (!user && !group)
		return false;
	*name_out = user ? user->pw_name : group->gr_name;
	*id_out = user ? user->pw_uid : group->gr_gid;
	return true;
}

static FILE *policy_transition_open(enum id_kind kind)
{
	return fopen(kind == ID_USER ? "/etc/passwd" : "/etc/group", "re");
}

static bool policy_transition_id(enum id_kind kind, const char *text, uint32_t *id_out)
{
	AUTO_FCLOSE FILE *file = NULL;
	const char *name;

	if (policy_transition_number(text, id_out))
		return true;
	file = policy_transition_open(kind);
	while (file && policy_transition_next(kind, file, &name, id_out))
		if (!strcmp(name, text))
			return true;
	return false;
}

/* The better of two: the nearest so far, "" for none, and one more name. */
static void policy_transition_nearer(char best[ID_TEXT_MAX], const char *text, const char *name)
{
	const char *words[] = { best, name };
	const char *nearest = nearest_word(text, words, ARRAY_SIZE(words));

	if (nearest == name && strlen(name) < ID_TEXT_MAX)
		memcpy(best, name, strlen(name) + 1);
}

static void policy_transition_nearest(enum id_kind kind, const char *text, char best[ID_TEXT_MAX])
{
	AUTO_FCLOSE FILE *file = policy_transition_open(kind);
	const char *name;
	uint32_t id;

	best[0] = '\0';
	while (file && policy_transition_next(kind, file, &name, &id))
		policy_transition_nearer(best, text, name);
}

static void policy_transition_unknown(
	const struct policy_statement *statement, enum id_kind kind, const char *text, size_t offset)
{
	const char *what = kind == ID_USER ? "user" : "group";
	char best[ID_TEXT_MAX];

	policy_transition_nearest(kind, text, best);
	policy_statement_fail(statement, policy_value_offset(statement, offset),
		"unknown %s '%s', expected the name of a %s or a number%s%s%s", what, text, what,
		best[0] ? " (did you mean '" : "", best, best[0] ? "'?)" : "");
}

/* FROM.TO, of which each may hold dots itself; false after an error. */
static bool policy_transition_parse(struct policy_statement *statement, struct policy_transition *transition)
{
	char text[ID_TEXT_MAX];
	char from[ID_TEXT_MAX];
	char *dot;

	if (!policy_value_plain(statement, text, sizeof(text)))
		return false;
	dot = strchr(text, '.');
	if (!dot || dot == text || dot[1] == '\0') {
		policy_statement_fail(statement, statement->value_at, "expected FROM.TO after '%s%c', found '%s'",
			statement->name, statement->op, text);
		return false;
	}
	for (char *split = dot; split; split = strchr(split + 1, '.')) {
		snprintf(from, sizeof(from), "%.*s", (int)(split - text), text);
		if (policy_transition_id(transition->kind, from, &transition->from) &&
			policy_transition_id(transition->kind, split + 1, &transition->to))
			return true;
	}
	*dot = '\0';
	if (policy_transition_id(transition->kind, text, &transition->from))
		policy_transition_unknown(statement, transition->kind, dot + 1, (size_t)(dot + 1 - text));
	else
		policy_transition_unknown(statement, transition->kind, text, 0);
	return false;
}

static void policy_transition_apply(struct policy_statement *statement, enum id_kind kind)
{
	struct policy *policy = statement->loader->policy;
	struct policy_transition transition = { .kind = kind };

	transition.origin = policy_origin(statement);
	if (!policy_charge(statement, POLICY_WEIGHT_SETTING) || !policy_transition_parse(statement, &transition))
		return;
	if (statement->op != '+')
		policy_remove_transitions(policy, &transition, statement->op == '^');
	else if (!transition.origin.file || policy_add_transition(policy, &transition))
		policy_fail_memory(statement->loader);
}

void policy_apply_setuid(struct policy_statement *statement)
{
	policy_transition_apply(statement, ID_USER);
}

void policy_apply_setgid(struct policy_statement *statement)
{
	policy_transition_apply(statement, ID_GROUP);
}
