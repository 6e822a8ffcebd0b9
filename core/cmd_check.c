/*
 * kennel check. Runs nothing, changes nothing.
 */
#include "core/cmd_check.h"

#include <stdio.h>

#include "core/command_words.h"
#include "core/environment.h"
#include "core/json_print.h"
#include "core/payload_limits.h"
#include "core/plan_host.h"
#include "core/policy_environment.h"
#include "core/policy_options.h"
#include "core/policy_print.h"
#include "core/policy_warnings.h"
#include "core/util.h"

#define CHECK_EXIT_ERROR 125

struct check_options {
	bool help;
	bool print;
	bool json;
	bool environment;
};

static void cmd_check_help(void)
{
	printf("usage: kennel check [-p PROFILE] [-P FILE] [-m COMMAND] [--ro PATH] [--rw PATH]\n"
	       "                    [--hide PATH] [--exec PATH] [--print] [--json] [--environment]\n"
	       "\n"
	       "Loads a policy. Exit status 0, or 125 when it has errors; these go to stderr as\n"
	       "FILE:LINE:COLUMN: MESSAGE. So does a policy that needs ptrace where there is none.\n"
	       "Rules that can never decide are named as warnings.\n"
	       "\n"
	       "%s"
	       "  --print         print the policy as rules; loaded again they give the same policy\n"
	       "  --json          print it as JSON, with the place where each rule was written,\n"
	       "                  the warnings, and the errors if there are any\n"
	       "  --environment   print which variables the command would not get as they are, and why\n"
	       "  --help          this text\n",
		policy_options_help);
}

/* One option of our own; false when it is none. */
static bool cmd_check_option_take(const char *argument, struct check_options *options)
{
	if (str_equal(argument, "--print"))
		options->print = true;
	else if (str_equal(argument, "--json"))
		options->json = true;
	else if (str_equal(argument, "--environment"))
		options->environment = true;
	else if (str_equal(argument, "--help") || str_equal(argument, "-h"))
		options->help = true;
	else
		return false;
	return true;
}

static void cmd_check_arguments(struct policy_loader *loader, int argc, char **argv, struct check_options *options)
{
	static const char *const own[] = { "--print", "--json", "--environment", "--help", NULL };
	int index = 1;

	while (index < argc) {
		if (policy_options_take(loader, argc, argv, &index))
			continue;
		if (!cmd_check_option_take(argv[index], options))
			command_word_unknown(loader, "check", argv[index], own);
		index++;
	}
}

static int cmd_check_flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fputs("kennel: cannot write to the standard output\n", stderr);
	return CHECK_EXIT_ERROR;
}

/* why: what this system lacks for the policy; NULL: nothing. */
static void cmd_check_json(const struct policy *policy, const char *why)
{
	fputs("{\"errors\":[],", stdout);
	json_print_member("system", why, stdout);
	fputs(",\"warnings\":", stdout);
	policy_warnings_print_json(policy, stdout);
	fputc(',', stdout);
	policy_print_members(policy, stdout);
	fputs("}\n", stdout);
}

static int cmd_check_print(const struct policy *policy, const struct check_options *options)
{
	extern char **environ;
	char buffer[512];
	const char *why = payload_limits_refuse(policy, buffer, sizeof(buffer));

	if (!why)
		why = plan_host_refuses(policy, buffer, sizeof(buffer));
	if (options->json) {
		cmd_check_json(policy, why);
	} else {
		if (options->print)
			policy_print_text(policy, stdout);
		policy_warnings_print(policy, stderr);
		if (why)
			fprintf(stderr, "kennel: %s\n", why);
	}
	if (options->environment && environment_explain(policy, environ, stdout) < 0) {
		fputs("kennel: out of memory\n", stderr);
		return CHECK_EXIT_ERROR;
	}
	return cmd_check_flush(why ? CHECK_EXIT_ERROR : 0);
}

static int cmd_check_refuse(const struct policy_loader *loader, const struct check_options *options)
{
	if (options->json) {
		fputs("{\"errors\":", stdout);
		policy_loader_print_json(loader, stdout);
		printf(",\"error_count\":%lu}\n", policy_loader_errors(loader));
	}
	return cmd_check_flush(CHECK_EXIT_ERROR);
}

int cmd_check(int argc, char **argv)
{
	struct policy_environment environment;
	struct check_options options = { false, false, false, false };
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	struct policy *policy;
	int status;

	policy_environment_init(&environment, NULL);
	loader = policy_loader_new(policy_environment_lookup, &environment);
	if (!loader) {
		fputs("kennel: out of memory\n", stderr);
		return CHECK_EXIT_ERROR;
	}
	cmd_check_arguments(loader, argc, argv, &options);
	if (options.help) {
		cmd_check_help();
		return fflush(stdout) ? CHECK_EXIT_ERROR : 0;
	}
	policy = policy_loader_finish(loader, options.json ? NULL : stderr);
	if (!policy)
		return cmd_check_refuse(loader, &options);
	status = cmd_check_print(policy, &options);
	policy_free(policy);
	return status;
}
