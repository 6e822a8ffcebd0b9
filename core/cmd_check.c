/*
 * kennel check. Runs nothing, changes nothing.
 */
#include "core/cmd_check.h"

#include <stdio.h>

#include "core/command_words.h"
#include "core/environment.h"
#include "core/payload_limits.h"
#include "core/plan_host.h"
#include "core/policy_environment.h"
#include "core/policy_options.h"
#include "core/policy_print.h"
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
	       "\n"
	       "%s"
	       "  --print         print the policy as rules; loaded again they give the same policy\n"
	       "  --json          print it as JSON, with the place where each rule was written\n"
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

static int cmd_check_print(const struct policy *policy, const struct check_options *options)
{
	extern char **environ;

	if (options->json)
		policy_print_json(policy, stdout);
	else if (options->print)
		policy_print_text(policy, stdout);
	if (options->environment && environment_explain(policy, environ, stdout) < 0) {
		fputs("kennel: out of memory\n", stderr);
		return CHECK_EXIT_ERROR;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("kennel: cannot write to the standard output\n", stderr);
		return CHECK_EXIT_ERROR;
	}
	return 0;
}

int cmd_check(int argc, char **argv)
{
	struct policy_environment environment;
	struct check_options options = { false, false, false, false };
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	struct policy *policy;
	char why[512];
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
	policy = policy_loader_finish(loader, stderr);
	if (!policy)
		return CHECK_EXIT_ERROR;
	status = cmd_check_print(policy, &options);
	if (payload_limits_refuse(policy, why, sizeof(why)) || plan_host_refuses(policy, why, sizeof(why))) {
		fprintf(stderr, "kennel: %s\n", why);
		status = CHECK_EXIT_ERROR;
	}
	policy_free(policy);
	return status;
}
