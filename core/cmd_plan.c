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
#include "core/absent.h"
#include "core/cage_print.h"
#include "core/cleanup.h"
#include "core/command_words.h"
#include "core/grants.h"
#include "core/identity_state.h"
#include "core/kfeat.h"
#include "core/plan.h"
#include "core/plan_export.h"
#include "core/plan_host.h"
#include "core/plan_print.h"
#include "core/plan_warn.h"
#include "core/policy_environment.h"
#include "core/policy_options.h"
#include "core/util.h"

#define PLAN_EXIT_ERROR 125

struct plan_options {
	bool help;
	bool json;
	bool cage;       /* our own filter, not the payload's */
	bool guard;      /* the payload's first one, which depends on no rule */
	bool text;       /* the program as text */
	const char *bpf; /* a file for the program, "-": standard output; NULL: none */
	const char *why; /* a call; NULL: all of them */
	struct kfeat features;
};

static int cmd_plan_help(void)
{
	printf("usage: kennel plan [-p PROFILE] [-P FILE] [-m COMMAND] [--ro PATH] [--rw PATH]\n"
	       "                   [--hide PATH] [--exec PATH] [--json | --why CALL]\n"
	       "                   [--cage | --guard] [--bpf FILE | --pfc]\n"
	       "\n"
	       "Shows each system call that is not left to the kernel under a policy: refused in\n"
	       "BPF with an errno, left to Landlock, notified (the supervisor answers) or traced\n"
	       "(checked in a ptrace stop), for which arguments, and the rule that made it so.\n"
	       "Warns where a rule makes calls leave the kernel that programs make all the time.\n"
	       "\n"
	       "%s"
	       "  --json          print it as JSON\n"
	       "  --why CALL      all that is done about one call, in the order of decision\n"
	       "  --cage          what the supervisor itself may call\n"
	       "  --bpf FILE      write the payload's filter as BPF (-: to standard output)\n"
	       "  --pfc           print the payload's filter instruction by instruction\n"
	       "  --guard         with these two: the filter below it, which depends on no rule\n"
	       "  --without NAME  as if the kernel had not this feature (see kennel run)\n"
	       "  --help          this text\n",
		policy_options_help);
	return fflush(stdout) == 0 ? 0 : PLAN_EXIT_ERROR;
}

static int cmd_plan_error(const char *what, int error)
{
	fprintf(stderr, "kennel: %s: %s\n", what, strerror(-error));
	return PLAN_EXIT_ERROR;
}

/* An option with a value, at argv[*index]; true: it was one, and *index is that of its value. */
static bool cmd_plan_valued(
	struct policy_loader *loader, int argc, char **argv, int *index, struct plan_options *options)
{
	const char *name = argv[*index];
	const char *value = *index + 1 < argc ? argv[*index + 1] : NULL;
	bool why = str_equal(name, "--why");
	bool bpf = str_equal(name, "--bpf");

	if (!why && !bpf && !str_equal(name, "--without"))
		return false;
	if (!value)
		policy_load_error(loader, "plan", "%s: expected %s", name,
			why ? "a system call" : (bpf ? "a file, or -" : "a kernel feature"));
	else if (why)
		options->why = value;
	else if (bpf)
		options->bpf = value;
	else if (!kfeat_disable(&options->features, value))
		policy_load_error(loader, "plan", "--without %s: no such kernel feature", value);
	++*index;
	return true;
}

static void cmd_plan_arguments(struct policy_loader *loader, int argc, char **argv, struct plan_options *options)
{
	static const char *const own[] = { "--json", "--why", "--cage", "--guard", "--bpf", "--pfc", "--without",
		"--help", NULL };
	const struct {
		const char *name;
		bool *set;
	} flags[] = {
		{ "--json", &options->json },
		{ "--cage", &options->cage },
		{ "--guard", &options->guard },
		{ "--pfc", &options->text },
		{ "--help", &options->help },
		{ "-h", &options->help },
	};
	int index = 1;

	while (index < argc) {
		size_t flag = 0;

		if (policy_options_take(loader, argc, argv, &index))
			continue;
		while (flag < ARRAY_SIZE(flags) && !str_equal(argv[index], flags[flag].name))
			flag++;
		if (flag < ARRAY_SIZE(flags))
			*flags[flag].set = true;
		else if (!cmd_plan_valued(loader, argc, argv, &index, options))
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

static int cmd_plan_show(const struct plan_view *view, const struct plan_options *options)
{
	int error = 0;

	if (options->why)
		error = plan_print_why(stdout, view, options->why);
	else if (options->json)
		error = plan_print_json(stdout, view);
	else
		error = plan_print_table(stdout, view);
	if (error == -ENOENT) {
		fprintf(stderr, "kennel: --why %s: no such system call\n", options->why);
		return PLAN_EXIT_ERROR;
	}
	if (error == 0 && fflush(stdout) != 0)
		error = -EIO;
	return error == 0 ? 0 : cmd_plan_error("cannot print the plan", error);
}

static int cmd_plan_export(const struct plan_view *view, const struct plan_options *options, unsigned needs)
{
	enum plan_export which = options->cage    ? PLAN_EXPORT_CAGE
				 : options->guard ? PLAN_EXPORT_GUARD
						  : PLAN_EXPORT_FILTER;
	bool standard = !options->bpf || str_equal(options->bpf, "-");
	FILE *stream = standard ? stdout : fopen(options->bpf, "we");
	int error;

	if (!stream)
		return cmd_plan_error(options->bpf, -errno);
	error = options->bpf ? plan_export_bpf(stream, view, which, needs)
			     : plan_export_text(stream, view, which, needs);
	if ((standard ? fflush(stream) : fclose(stream)) != 0 && error == 0)
		error = -errno;
	return error ? cmd_plan_error("cannot write the program", error) : 0;
}

/* Everything but the plan itself is about programs. */
static int cmd_plan_show_any(const struct plan_view *view, const struct plan_options *options, unsigned needs)
{
	if (options->bpf || options->text)
		return cmd_plan_export(view, options, needs);
	if (!options->cage)
		return cmd_plan_show(view, options);
	cage_print(stdout, CAGE_SUPERVISOR, needs);
	return fflush(stdout) == 0 ? 0 : cmd_plan_error("cannot print the cage", -EIO);
}

/* The lines of core/plan_warn.h, from the heap. */
static char *cmd_plan_warnings(
	const struct plan *plan, const struct policy *policy, const struct plan_host *host, const struct grants *grants)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	plan_warn(stream, plan, policy, host, grants);
	return fclose(stream) == 0 ? text : NULL;
}

/* Categories that Landlock decides, which allows what is there when the command starts. */
static uint64_t cmd_plan_granted(const struct plan *plan, const struct plan_host *host)
{
	const struct plan_entry *entry = plan_find(plan, SC_execve);
	bool exec = entry && entry->action == PLAN_LANDLOCK && entry->category == CAT_EXEC;

	return host->landlock_reads | (exec ? CAT_BIT(CAT_EXEC) : 0);
}

static int cmd_plan_print(
	const struct policy *policy, const char *tmpdir, const struct plan_options *options, struct grants *grants)
{
	const struct abi *abis[PLAN_ABIS_MAX];
	struct plan_view view = { .policy = policy, .abis = abis, .abi_count = plan_host_abis(policy, abis) };
	AUTO_FREE char *warnings = NULL;
	struct absent absent = { .count = 0 };
	struct plan_host host;
	struct plan *plan;
	char why[512];
	int status;

	plan_host_read(policy, &options->features, cmd_plan_privileged(), &host);
	if (plan_host_lacks_abi(policy, why, sizeof(why)) || plan_needs_ptrace(policy, &host, why, sizeof(why))) {
		fprintf(stderr, "kennel: %s\n", why);
		return PLAN_EXIT_ERROR;
	}
	if (plan_host_find_grants(policy, tmpdir, GRANTS_OBSTACLES_MAX, &host, grants) < 0)
		return cmd_plan_error("cannot plan", -ENOMEM);
	plan = plan_new(policy, &host);
	warnings = plan ? cmd_plan_warnings(plan, policy, &host, grants) : NULL;
	view.plan = plan;
	view.warnings = warnings;
	view.absent = &absent;
	if (warnings && absent_find(policy, cmd_plan_granted(plan, &host), tmpdir, &absent) == 0)
		status = cmd_plan_show_any(&view, options, cage_needs(plan, policy, host.privileged));
	else
		status = cmd_plan_error("cannot plan", -ENOMEM);
	absent_free(&absent);
	plan_free(plan);
	return status;
}

int cmd_plan(int argc, char **argv)
{
	struct policy_environment environment;
	struct plan_options options = { 0 };
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	struct grants grants = { 0 };
	struct policy *policy;
	int status;

	policy_environment_init(&environment, NULL);
	loader = policy_loader_new(policy_environment_lookup, &environment);
	if (!loader)
		return cmd_plan_error("cannot load a policy", -ENOMEM);
	kfeat_probe(&options.features);
	cmd_plan_arguments(loader, argc, argv, &options);
	if (options.help)
		return cmd_plan_help();
	policy = policy_loader_finish(loader, stderr);
	if (!policy)
		return PLAN_EXIT_ERROR;
	status = cmd_plan_print(policy, environment.tmpdir, &options, &grants);
	grants_free(&grants);
	policy_free(policy);
	return status;
}
