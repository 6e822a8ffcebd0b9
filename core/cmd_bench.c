/*
 * kennel bench. Finds the measuring programs that belong to this one, and becomes the script that runs them:
 * they lie beside it where it was built, and below libexec where it was installed. Measures nothing itself, and
 * knows of the options only what --help says.
 */
#include "core/cmd_bench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/util.h"

#define BENCH_EXIT_ERROR 125

static const char bench_help[] =
	"usage: kennel bench [OPTION]...\n"
	"\n"
	"Measures what it costs to intercept system calls on this machine: natively, with a\n"
	"filter, Landlock, notifications, ptrace stops, Kennel, and other sandboxes that are\n"
	"installed. Prints tables; takes some ten minutes, --quick one or two. Needs python3.\n"
	"\n"
	"  --quick         fewer and shorter runs: a look, not a result\n"
	"  --pairs N       so many rounds of everything (30; --quick: 6)\n"
	"  --only NAME,... only these groups and ways, as --list names them\n"
	"  --peers         other sandboxes, too, where they are installed (the default)\n"
	"  --no-peers      no other sandboxes\n"
	"  --json FILE     write all samples and the facts about the machine there\n"
	"  --html FILE     write a page with plots there, which loads nothing\n"
	"  --list          print what would be measured, and what is missing\n"
	"  --help          this text\n";

/* Where the script may be, seen from the folder of the program: as built, as installed. */
static const char *const bench_places[] = { "bench/compare.py", "../libexec/kennel/bench/compare.py" };

/* The script's path, to be freed, or NULL when there is none. */
static char *cmd_bench_find(const char *program)
{
	int folder = (int)(strrchr(program, '/') - program);

	for (size_t i = 0; i < ARRAY_SIZE(bench_places); i++) {
		char *path = NULL;

		if (asprintf(&path, "%.*s/%s", folder, program, bench_places[i]) >= 0 && access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int cmd_bench_fail(const char *what, const char *why)
{
	fprintf(stderr, "kennel bench: %s%s\n", what, why);
	return BENCH_EXIT_ERROR;
}

int cmd_bench(int argc, char **argv)
{
	AUTO_FREE char *program = realpath("/proc/self/exe", NULL);
	AUTO_FREE char *script = program ? cmd_bench_find(program) : NULL;
	AUTO_FREE char **words = calloc((size_t)argc + 4, sizeof(*words));

	if (argc == 2 && (str_equal(argv[1], "--help") || str_equal(argv[1], "-h")))
		return fputs(bench_help, stdout) < 0 || fflush(stdout) ? BENCH_EXIT_ERROR : 0;
	if (!program || !words)
		return cmd_bench_fail("cannot find itself: ", strerror(errno));
	if (!script)
		return cmd_bench_fail("its measuring programs are not installed: neither beside it ",
			"(bench/compare.py) nor in ../libexec/kennel/bench");
	words[0] = (char *)"python3";
	words[1] = (char *)"-B";
	words[2] = script;
	words[3] = program;
	for (int i = 1; i < argc; i++)
		words[3 + i] = argv[i];
	execvp(words[0], words);
	return cmd_bench_fail("cannot run python3: ", strerror(errno));
}
