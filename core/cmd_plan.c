/*
 * kennel plan. Loads a policy as kennel run does, plans for this kernel and this user, and
 * prints; starts nothing and changes nothing. Process ids in it are this process's own.
 */
#include "core/cmd_plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "core/command_words.h"
#include "core/identity_state.h"
#include "core/kfeat.h"
#include "core/plan.h"
#include "core/plan_host.h"
#include "core/plan_print.h"
#include "core/policy_environment.h"
#include "core/policy_options.h"
#include "core/util.h"

#define PLAN_EXIT_ERROR 125

struct plan_options {
	bool help;
	bool json;
};

static int cmd_plan_help(void)
{
	printf("usage: kennel plan [-p PROFILE] [-P FILE] [-m COMMAND] [--ro PATH] [--rw PATH]\n"
	       "                   [--hide PATH] [--exec PATH] [--json]\n"
	       "\n"
	       "Shows each system call that is not left to the kernel under a policy: refused in\n"
	       "BPF with an errno, left to Landlock, notified (the supervisor answers) or traced\n"
	       "(checked in a ptrace stop), for which arguments, and the rule that made it so.\n"
	       "\n"
	       "%s"
	       "  --json          print it as JSON\n"
	       "  --help          this text\n",
		policy_options_help);
	return fflush(stdout) == 0 ? 0 : PLAN_EXIT_ERROR;
}

static int cmd_plan_error(const char *what, int error)
{
	fprintf(stderr, "kennel: %s: %s\n", what, strerror(-error));
	return PLAN_EXIT_ERROR;
}

static void cmd_plan_arguments(struct policy_loader *loader, int argc, char **argv, struct plan_options *options)
{
	static const char *const own[] = { "--json", "--help", NULL };
	int index = 1;

	while (index < argc) {
		if (policy_options_take(loader, argc, argv, &index))
			continue;
		if (str_equal(argv[index], "--json"))
			options->json = true;
		else if (str_equal(argv[index], "--help") || str_equal(argv[index], "-h"))
			options->help = true;
		else
			command_word_unknown(loader, "plan", argv[index], own);
		index++;
	}
}

/* True when ids may change under this user, as the supervisor would find. */
static bool cmd_plan_privileged(void)
{
	struct identity_state *identity = identity_new();
	bool privileged = identity && identity_privileged(identity);

	identity_free(identity);
	return privileged;
}

static int cmd_plan_print(const struct policy *policy, const struct plan_options *options)
{
	const struct abi *abis[PLAN_ABIS_MAX];
	unsigned count = plan_host_abis(policy, abis);
	struct kfeat features = { 0 };
	struct plan_host host;
	struct plan *plan;
	char why[512];
	int error;

	kfeat_probe(&features);
	plan_host_read(policy, &features, cmd_plan_privileged(), &host);
	if (plan_needs_ptrace(policy, &host, why, sizeof(why))) {
		fprintf(stderr, "kennel: %s\n", why);
		return PLAN_EXIT_ERROR;
	}
	plan = plan_new(policy, &host);
	if (!plan)
		return cmd_plan_error("cannot plan", -ENOMEM);
	error = options->json ? plan_print_json(stdout, plan, policy, abis, count)
			      : plan_print_table(stdout, plan, policy, abis, count);
	plan_free(plan);
	if (error == 0 && fflush(stdout) != 0)
		error = -EIO;
	return error == 0 ? 0 : cmd_plan_error("cannot print the plan", error);
}

int cmd_plan(int argc, char **argv)
{
	struct policy_environment environment;
	struct plan_options options = { false, false };
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	struct policy *policy;
	int status;

	policy_environment_init(&environment, NULL);
	loader = policy_loader_new(policy_environment_lookup, &environment);
	if (!loader)
		return cmd_plan_error("cannot load a policy", -ENOMEM);
	cmd_plan_arguments(loader, argc, argv, &options);
	if (options.help)
		return cmd_plan_help();
	policy = policy_loader_finish(loader, stderr);
	if (!policy)
		return PLAN_EXIT_ERROR;
	status = cmd_plan_print(policy, &options);
	policy_free(policy);
	return status;
}
