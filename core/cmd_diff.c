/*
 * kennel diff. Loads two policies and compares them; runs nothing, changes nothing.
 */
#include "core/cmd_diff.h"

#include <stdio.h>

#include "core/command_words.h"
#include "core/policy_diff.h"
#include "core/policy_environment.h"
#include "core/policy_options.h"
#include "core/util.h"

#define DIFF_EXIT_ERROR 125

struct diff_options {
	bool help;
	bool json;
};

static int cmd_diff_help(void)
{
	printf("usage: kennel diff A B\n"
	       "       kennel diff [POLICY OPTION]... [POLICY]... -- [POLICY OPTION]... [POLICY]...\n"
	       "\n"
	       "Compares two policies: the settings in which they differ, and for each pair of\n"
	       "rules that decide differently a name that shows it. A and B are files (.kennel or\n"
	       ".syd-3) or names of profiles. Names are compared, not files that exist. Exit\n"
	       "status: 0 the same, 1 different, 125 an error or where it cannot be told.\n"
	       "\n"
	       "%s"
	       "  --json          print it as JSON\n"
	       "  --help          this text\n",
		policy_options_help);
	return fflush(stdout) == 0 ? 0 : DIFF_EXIT_ERROR;
}

static int cmd_diff_error(const char *what)
{
	fprintf(stderr, "kennel diff: %s\n", what);
	return DIFF_EXIT_ERROR;
}

/* One argument that is no policy option. */
static void cmd_diff_take(struct policy_loader *loader, const char *argument, struct diff_options *options)
{
	static const char *const own[] = { "--json", "--help", NULL };

	if (str_equal(argument, "--json"))
		options->json = true;
	else if (str_equal(argument, "--help") || str_equal(argument, "-h"))
		options->help = true;
	else if (argument[0] == '-')
		command_word_unknown(loader, "diff", argument, own);
	else if (!command_word_policy(loader, argument))
		policy_load_error(loader, "diff", "unknown policy '%s', expected a .kennel or .syd-3 file or a profile",
			argument);
}

/* Where the second policy starts: behind "--", or without policy options at the second word. 0: nowhere. */
static int cmd_diff_split(int argc, char **argv)
{
	int first = 0;

	for (int i = 1; i < argc; i++)
		if (str_equal(argv[i], "--"))
			return i + 1;
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--json"))
			continue;
		if (first || argv[i][0] == '-')
			return argv[i][0] == '-' ? 0 : i;
		first = i;
	}
	return 0;
}

/* The policy of argv[from, to); NULL after messages. */
static struct policy *cmd_diff_load(int from, int to, char **argv, struct diff_options *options)
{
	struct policy_environment environment;
	AUTO_POLICY_LOADER struct policy_loader *loader = NULL;
	int index = from;

	policy_environment_init(&environment, NULL);
	loader = policy_loader_new(policy_environment_lookup, &environment);
	while (loader && index < to) {
		if (policy_options_take(loader, to, argv, &index))
			continue;
		if (!str_equal(argv[index], "--"))
			cmd_diff_take(loader, argv[index], options);
		index++;
	}
	return loader ? policy_loader_finish(loader, stderr) : NULL;
}

static int cmd_diff_compare(const struct policy *a, const struct policy *b, const struct diff_options *options)
{
	struct policy_diff_result result;

	if (policy_is_empty(a) || policy_is_empty(b))
		return cmd_diff_error("expected two policies (see kennel diff --help)");
	if (policy_diff_print(a, b, options->json, stdout, &result))
		return cmd_diff_error("out of memory");
	if (fflush(stdout) != 0 || ferror(stdout))
		return cmd_diff_error("cannot write to the standard output");
	if (!result.differs && result.inexact)
		return cmd_diff_error("no difference was found, and it cannot be told that there is none");
	return result.differs;
}

int cmd_diff(int argc, char **argv)
{
	struct diff_options options = { false, false };
	int split = cmd_diff_split(argc, argv);
	struct policy *a;
	struct policy *b;
	int status = DIFF_EXIT_ERROR;

	for (int i = 1; i < argc; i++)
		if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h"))
			return cmd_diff_help();
	if (!split)
		return cmd_diff_error("expected two policies, with -- between them where there are options");
	a = cmd_diff_load(1, split, argv, &options);
	b = cmd_diff_load(split, argc, argv, &options);
	if (a && b)
		status = cmd_diff_compare(a, b, &options);
	policy_free(a);
	policy_free(b);
	return status;
}
