/*
 * In place of the commands that are not in a small build (./configure.py --small): refuses them. What they are made of
 * is not there either; configure.py lists it. Not part of any other build.
 */
#include <stdio.h>

#include "core/cmd_bench.h"
#include "core/cmd_check.h"
#include "core/cmd_diff.h"
#include "core/cmd_explain.h"
#include "core/cmd_plan.h"

#define LEFT_OUT_EXIT_ERROR 125

static int left_out_refuse(const char *command)
{
	fprintf(stderr, "kennel: %s: not in this build (small)\n", command);
	return LEFT_OUT_EXIT_ERROR;
}

int cmd_bench(int argc, char **argv)
{
	(void)argc;
	return left_out_refuse(argv[0]);
}

int cmd_check(int argc, char **argv)
{
	(void)argc;
	return left_out_refuse(argv[0]);
}

int cmd_diff(int argc, char **argv)
{
	(void)argc;
	return left_out_refuse(argv[0]);
}

int cmd_explain(int argc, char **argv)
{
	(void)argc;
	return left_out_refuse(argv[0]);
}

int cmd_plan(int argc, char **argv)
{
	(void)argc;
	return left_out_refuse(argv[0]);
}
