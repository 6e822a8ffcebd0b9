/*
 * Prints what a policy says of the payload's start: limits and environment.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/cleanup.h"
#include "core/json_print.h"
#include "core/pattern.h"
#include "core/policy_print.h"
#include "core/policy_rlimit.h"
#include "core/policy_variables.h"
#include "core/util.h"

static const char *const policy_variable_commands[] = {
	[VARIABLE_PASS] = "passenv",
	[VARIABLE_SET] = "setenv",
	[VARIABLE_UNSET] = "unsetenv",
	[VARIABLE_CLEAR] = "clearenv",
};

static void policy_print_quoted(const char *string, FILE *stream)
{
	size_t size = strlen(string) * 4 + 1;
	AUTO_FREE char *quoted = malloc(size);

	if (quoted && pattern_quote(string, quoted, size) >= 0)
		fputs(quoted, stream);
}

static void policy_print_variable(const struct policy_variable *variable, FILE *stream)
{
	fputs(policy_variable_commands[variable->kind], stream);
	fputc(variable->kind == VARIABLE_PASS ? '+' : '!', stream);
	if (variable->kind == VARIABLE_PASS)
		fputs(variable->name, stream);
	else if (variable->name)
		policy_print_quoted(variable->name, stream);
	if (variable->value) {
		fputc('=', stream);
		policy_print_quoted(variable->value, stream);
	}
	fputc('\n', stream);
}

void policy_print_payload(const struct policy_settings *settings, FILE *stream)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		if (!settings->limits[i].set)
			continue;
		if (settings->limits[i].value == RLIM_INFINITY)
			fprintf(stream, "rlimit/%s:infinity\n", policy_rlimit_name(i));
		else
			fprintf(stream, "rlimit/%s:%" PRIu64 "\n", policy_rlimit_name(i), settings->limits[i].value);
	}
	for (size_t i = 0; i < settings->variable_count; i++)
		policy_print_variable(&settings->variables[i], stream);
}

static void policy_print_limits_json(const struct policy_settings *settings, FILE *stream)
{
	const char *separator = "";

	fputs(",\"rlimits\":{", stream);
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		if (!settings->limits[i].set)
			continue;
		fprintf(stream, "%s\"%s\":", separator, policy_rlimit_name(i));
		if (settings->limits[i].value == RLIM_INFINITY)
			fputs("null", stream);
		else
			fprintf(stream, "%" PRIu64, settings->limits[i].value);
		separator = ",";
	}
	fputs("}", stream);
}

/* Values may be secrets that the policy was given as ${VAR}: not said. */
void policy_print_payload_json(const struct policy_settings *settings, FILE *stream)
{
	policy_print_limits_json(settings, stream);
	fputs(",\"environment\":[", stream);
	for (size_t i = 0; i < settings->variable_count; i++) {
		const struct policy_variable *variable = &settings->variables[i];

		fprintf(stream, "%s{\"command\":\"%s\",\"name\":", i > 0 ? "," : "",
			policy_variable_commands[variable->kind]);
		json_print_string(variable->name ? variable->name : "", stream);
		fputs(",\"file\":", stream);
		json_print_string(variable->origin.file, stream);
		fprintf(stream, ",\"line\":%u}", variable->origin.line);
	}
	fputs("]", stream);
}
