/*
 * Works on lists of NAME=VALUE strings. Starts nothing and reads no other state: the caller hands in its own
 * environment.
 */
#include "core/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/policy_variables.h"
#include "core/unsafe.h"
#include "core/util.h"

/* What the C library itself drops where a program has other rights than its caller, but for TMPDIR. */
static const char *const environment_loader[] = { "LD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES",
	"LOCALDOMAIN", "LOCPATH", "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TZDIR" };

/* Names that say themselves that the value is a secret; upper and lower case are the same. */
static const char *const environment_secret[] = { "*TOKEN", "*TOKENS", "*TOKEN_*", "*SECRET*", "*PASSWORD*", "*PASSWD*",
	"*PASSPHRASE*", "*CREDENTIAL*", "*APIKEY*", "KEY", "*_KEY", "*_KEYS", "*_KEY_*", "*_PASS", "SSHPASS", "*_PWD",
	"*_PAT", "*_AUTH", "*_AUTH_CONFIG", "*_COOKIE", "*_DSN", "*_CONNECTION_STRING", "*_WEBHOOK_URL",
	"DATABASE_URL" };

/* Patterns that take both cases are in upper case. */
static inline char environment_fold(char c, bool fold)
{
	return fold && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Stars only. On the way back to the last of them it takes one byte more: bounded by the product of the lengths. */
static bool environment_matches(const char *pattern, const char *name, bool fold)
{
	const char *star = NULL;
	const char *from = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*pattern == environment_fold(*name, fold)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* A bit for each character; upper and lower case have the same. */
static inline uint32_t environment_bit(char c)
{
	return UINT32_C(1) << (c & 31);
}

/* Most patterns have a character that the name lacks. */
static bool environment_lacks(uint32_t bits, const char *pattern)
{
	for (; *pattern; pattern++)
		if (*pattern != '*' && !(bits & environment_bit(*pattern)))
			return true;
	return false;
}

static bool environment_is_one_of(const char *name, const char *const *patterns, size_t count, bool fold)
{
	uint32_t bits = 0;

	for (const char *at = name; *at; at++)
		bits |= environment_bit(*at);
	for (size_t i = 0; i < count; i++)
		if (!environment_lacks(bits, patterns[i]) && environment_matches(patterns[i], name, fold))
			return true;
	return false;
}

const char *environment_unsafe(const char *name)
{
	if (environment_is_one_of(name, environment_loader, ARRAY_SIZE(environment_loader), false))
		return "steers the loader or the C library";
	if (environment_is_one_of(name, environment_secret, ARRAY_SIZE(environment_secret), true))
		return "is a secret by its name";
	return NULL;
}

static size_t environment_name_length(const char *variable)
{
	return strcspn(variable, "=");
}

const char *environment_value(char *const *variables, const char *name)
{
	size_t length = strlen(name);

	for (; *variables; variables++)
		if (environment_name_length(*variables) == length && strncmp(*variables, name, length) == 0 &&
			(*variables)[length] == '=')
			return *variables + length + 1;
	return NULL;
}

static void environment_remove(struct environment *environment, const char *name, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < environment->count; i++) {
		char *variable = environment->variables[i];

		if (environment_name_length(variable) == length && strncmp(variable, name, length) == 0)
			free(variable);
		else
			environment->variables[kept++] = variable;
	}
	environment->count = kept;
	if (environment->variables)
		environment->variables[kept] = NULL;
}

/* Takes the string. */
static int environment_append(struct environment *environment, char *variable)
{
	char **larger = reallocarray(environment->variables, environment->count + 2, sizeof(*larger));

	if (larger)
		environment->variables = larger;
	if (!larger || !variable) {
		free(variable);
		return -ENOMEM;
	}
	environment->variables[environment->count++] = variable;
	environment->variables[environment->count] = NULL;
	return 0;
}

/* The same, in the place of one of that name. */
static int environment_put(struct environment *environment, char *variable)
{
	if (variable)
		environment_remove(environment, variable, environment_name_length(variable));
	return environment_append(environment, variable);
}

static void environment_clear(struct environment *environment)
{
	while (environment->count > 0)
		free(environment->variables[--environment->count]);
	if (environment->variables)
		environment->variables[0] = NULL;
}

/* Those of the caller's whose names match. */
static int environment_pass(struct environment *environment, char *const *from, const struct pattern *pattern)
{
	int error = 0;

	for (; *from && !error; from++) {
		AUTO_FREE char *name = strndup(*from, environment_name_length(*from));

		if (!name)
			return -ENOMEM;
		if (pattern_match(pattern, name))
			error = environment_put(environment, strdup(*from));
	}
	return error;
}

static int environment_apply(struct environment *environment, const struct policy_variable *variable, char *const *from)
{
	char *set = NULL;

	switch (variable->kind) {
	case VARIABLE_PASS:
		return environment_pass(environment, from, variable->pattern);
	case VARIABLE_SET:
		if (asprintf(&set, "%s=%s", variable->name, variable->value) < 0)
			return -ENOMEM;
		return environment_put(environment, set);
	case VARIABLE_UNSET:
		environment_remove(environment, variable->name, strlen(variable->name));
		break;
	case VARIABLE_CLEAR:
		environment_clear(environment);
		break;
	}
	return 0;
}

/* What every payload gets. */
static int environment_start(struct environment *environment, bool unsafe, char *const *from)
{
	int error = 0;

	/* An empty list must be a list. */
	environment->variables = calloc(1, sizeof(char *));
	if (!environment->variables)
		return -ENOMEM;
	for (; *from && !error; from++) {
		AUTO_FREE char *name = strndup(*from, environment_name_length(*from));

		if (!name)
			return -ENOMEM;
		if (unsafe || !environment_unsafe(name))
			error = environment_append(environment, strdup(*from));
	}
	return error;
}

int environment_build(const struct policy *policy, char *const *from, struct environment *environment_out)
{
	const struct policy_settings *settings = policy_settings(policy);
	int error;

	*environment_out = (struct environment){ 0 };
	error = environment_start(environment_out, unsafe_given(settings, UNSAFE_ENV), from);
	for (size_t i = 0; i < settings->variable_count && !error; i++)
		error = environment_apply(environment_out, &settings->variables[i], from);
	return error;
}

void environment_release(struct environment *environment)
{
	environment_clear(environment);
	free(environment->variables);
	*environment = (struct environment){ 0 };
}

static void environment_explain_dropped(const char *name, char *const *after, FILE *stream)
{
	const char *why = environment_unsafe(name);

	if (!environment_value(after, name))
		fprintf(stream, "dropped\t%s\t%s\n", name, why ? why : "by the policy");
}

static void environment_explain_got(const char *name, char *const *before, char *const *after, FILE *stream)
{
	const char *old = environment_value(before, name);

	if (!old || !str_equal(old, environment_value(after, name)))
		fprintf(stream, "set\t%s\n", name);
	else if (environment_unsafe(name))
		fprintf(stream, "passed\t%s\t%s\n", name, environment_unsafe(name));
}

/* A string without a value is no variable, and passed on as it is. */
static int environment_explain_each(char *const *list, char *const *before, char *const *after, FILE *stream)
{
	for (char *const *at = list; *at; at++) {
		AUTO_FREE char *name = strndup(*at, environment_name_length(*at));

		if (!name)
			return -ENOMEM;
		if (strchr(*at, '=') && list == before)
			environment_explain_dropped(name, after, stream);
		else if (strchr(*at, '='))
			environment_explain_got(name, before, after, stream);
	}
	return 0;
}

int environment_explain(const struct policy *policy, char *const *from, FILE *stream)
{
	struct environment environment;
	int error = environment_build(policy, from, &environment);

	if (!error)
		error = environment_explain_each(from, from, environment.variables, stream);
	if (!error)
		error = environment_explain_each(environment.variables, from, environment.variables, stream);
	environment_release(&environment);
	return error;
}
