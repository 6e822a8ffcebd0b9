/*
 * The command line of kennel run.
 */
#ifndef KENNEL_CORE_RUN_OPTIONS_H
#define KENNEL_CORE_RUN_OPTIONS_H

#include <stdbool.h>

#include "core/kfeat.h"
#include "core/launch_request.h"

struct policy_loader;

#define RUN_FEATURES_MAX 16

struct run_options {
	const char *log;           /* FILE or fd:N; NULL: the policy's, or stderr */
	int log_fd;                /* the N of fd:N, -1 otherwise */
	int kept[LAUNCH_KEPT_MAX]; /* 0, 1, 2 where open, and --keep-fd, ascending */
	unsigned kept_count;
	const char *without[RUN_FEATURES_MAX];
	unsigned without_count;
	bool help;
	char **command; /* NULL-terminated; NULL: none given */
};

/*
 * Takes the command line apart; policy options go to the loader in their order. 0, or
 * -EINVAL after a message on stderr.
 */
int run_options_parse(struct run_options *options, struct policy_loader *loader, int argc, char **argv);

#endif
