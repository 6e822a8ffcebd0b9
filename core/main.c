/*
 * The program: picks a command. Everything else is in libkennel.
 */
#include <stdio.h>

#include "core/cmd_bench.h"
#include "core/cmd_check.h"
#include "core/cmd_diff.h"
#include "core/cmd_explain.h"
#include "core/cmd_plan.h"
#include "core/cmd_profiles.h"
#include "core/cmd_quote.h"
#include "core/cmd_run.h"
#include "core/util.h"
#include "core/version.h"

static const char main_help[] = "usage: kennel COMMAND [OPTION]...\n"
				"  run      run a command under a policy\n"
				"  check    parse a policy and print it\n"
				"  diff     say what one policy allows and another does not\n"
				"  explain  say which rule decides on a name, and what would change that\n"
				"  plan     show what is done about each system call under a policy\n"
				"  profiles list the policies that are part of the program, or print one\n"
				"  quote    print text as it is written in patterns\n"
				"  bench    measure what it costs to intercept system calls\n"
				"  --version, --help\n"
				"Each command has --help; see kennel(1) and kennel(5).\n";

struct main_command {
	const char *name;
	int (*run)(int argc, char **argv);
};

static int main_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return puts("kennel " KENNEL_VERSION) < 0 || fflush(stdout) ? 125 : 0;
}

static int main_print_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return fputs(main_help, stdout) < 0 || fflush(stdout) ? 125 : 0;
}

static const struct main_command main_commands[] = {
	{ "run", cmd_run },
	{ "check", cmd_check },
	{ "diff", cmd_diff },
	{ "explain", cmd_explain },
	{ "plan", cmd_plan },
	{ "profiles", cmd_profiles },
	{ "quote", cmd_quote },
	{ "bench", cmd_bench },
	{ "--version", main_version },
	{ "-V", main_version },
	{ "version", main_version },
	{ "--help", main_print_help },
	{ "-h", main_print_help },
	{ "help", main_print_help },
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(main_help, stderr);
		return 125;
	}
	for (size_t i = 0; i < ARRAY_SIZE(main_commands); i++)
		if (str_equal(argv[1], main_commands[i].name))
			return main_commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "kennel: unknown command '%s' (see kennel --help)\n", argv[1]);
	return 125;
}
