/*
 * What the two halves of exec share: exec.c judges and holds what is to be loaded,
 * exec_check.c compares with what was.
 */
#ifndef KENNEL_HANDLERS_EXEC_JOB_H
#define KENNEL_HANDLERS_EXEC_JOB_H

#include <stdbool.h>

#include "core/program.h"
#include "handlers/handler.h"

/* The last file of the chain of scripts, and its ELF interpreter. */
enum exec_file { EXEC_PROGRAM, EXEC_INTERPRETER, EXEC_FILES };

/* From the entry of an exec to its event. Both descriptors are open for reading, or -1. */
struct exec_state {
	bool holds;             /* the descriptors are set, and ours to close */
	bool check_only;        /* AT_EXECVE_CHECK: nothing will be loaded */
	enum program_kind kind; /* of the program: PROGRAM_OTHER: it decides itself what is loaded */
	int files[EXEC_FILES];
};

/* exec_check.c: the new image, before its first instruction: CONTINUE or KILL. */
struct verdict exec_check(struct call *call, const struct exec_state *state);

#endif
