/*
 * Options before the command only: the first word that is no option, or what follows "--",
 * is the command, and nothing of it is ever taken for an option of ours.
 */
#include "core/run_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy_options.h"
#include "core/util.h"

static int run_options_error(const char *option, const char *value, const char *message)
{
	fprintf(stderr, "kennel run: %s%s%s: %s\n", option, value ? " " : "", value ? value : "", message);
	return -EINVAL;
}

static int run_options_number(const char *text, int *number_out)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < 0 || number > 1 << 20)
		return -EINVAL;
	*number_out = (int)number;
	return 0;
}

/* Into the ascending list, once. */
static int run_options_keep(struct run_options *options, int fd)
{
	unsigned at = 0;

	while (at < options->kept_count && options->kept[at] < fd)
		at++;
	if (at < options->kept_count && options->kept[at] == fd)
		return 0;
	if (options->kept_count == LAUNCH_KEPT_MAX)
		return -E2BIG;
	memmove(&options->kept[at + 1], &options->kept[at], (options->kept_count - at) * sizeof(int));
	options->kept[at] = fd;
	options->kept_count++;
	return 0;
}

static int run_options_take_keep(struct run_options *options, const char *value)
{
	int fd;

	if (run_options_number(value, &fd) < 0)
		return run_options_error("--keep-fd", value, "expected the number of a descriptor");
	if (fcntl(fd, F_GETFD) < 0)
		return run_options_error("--keep-fd", value, "this descriptor is not open");
	if (run_options_keep(options, fd) < 0)
		return run_options_error("--keep-fd", value, "too many descriptors");
	return 0;
}

static int run_options_take_log(struct run_options *options, const char *value)
{
	options->log = value;
	options->log_fd = -1;
	if (!str_starts(value, "fd:"))
		return 0;
	if (run_options_number(value + 3, &options->log_fd) < 0 || fcntl(options->log_fd, F_GETFD) < 0)
		return run_options_error("--log", value, "expected fd:N with an open descriptor N");
	return 0;
}

static int run_options_take_without(struct run_options *options, const char *value)
{
	struct kfeat features = { 0 };

	if (!kfeat_disable(&features, value))
		return run_options_error("--without", value, "no such kernel feature");
	if (options->without_count == RUN_FEATURES_MAX)
		return run_options_error("--without", value, "too many features");
	options->without[options->without_count++] = value;
	return 0;
}

struct run_option {
	const char *name;
	int (*take)(struct run_options *options, const char *value);
};

static const struct run_option run_options_table[] = {
	{ "--log", run_options_take_log },
	{ "--keep-fd", run_options_take_keep },
	{ "--without", run_options_take_without },
};

/* One option of ours and its value, in one word or two. 1: taken, 0: not ours, -errno. */
static int run_options_take(struct run_options *options, int argc, char **argv, int *index)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_options_table); i++) {
		const struct run_option *option = &run_options_table[i];
		size_t length = strlen(option->name);
		const char *word = argv[*index];
		int error;

		if (!str_starts(word, option->name) || (word[length] && word[length] != '='))
			continue;
		if (!word[length] && *index + 1 >= argc)
			return run_options_error(option->name, NULL, "expected a value");
		error = option->take(options, word[length] ? word + length + 1 : argv[++*index]);
		++*index;
		return error ? error : 1;
	}
	return 0;
}

static int run_options_next(
	struct run_options *options, struct policy_loader *loader, int argc, char **argv, int *index)
{
	int taken;

	if (policy_options_take(loader, argc, argv, index))
		return 0;
	if (str_equal(argv[*index], "--help") || str_equal(argv[*index], "-h")) {
		options->help = true;
		++*index;
		return 0;
	}
	taken = run_options_take(options, argc, argv, index);
	if (taken == 0)
		return run_options_error(argv[*index], NULL, "unknown option (see kennel run --help)");
	return taken < 0 ? taken : 0;
}

int run_options_parse(struct run_options *options, struct policy_loader *loader, int argc, char **argv)
{
	int index = 1;

	*options = (struct run_options){ .log_fd = -1 };
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			run_options_keep(options, fd);
	while (index < argc && argv[index][0] == '-' && !str_equal(argv[index], "--")) {
		int error = run_options_next(options, loader, argc, argv, &index);

		if (error < 0)
			return error;
	}
	if (index < argc && str_equal(argv[index], "--"))
		index++;
	options->command = index < argc ? argv + index : NULL;
	return 0;
}
