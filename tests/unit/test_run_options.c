/*
 * The command line of kennel run, word by word; policy options go to a real loader.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/policy.h"
#include "core/run_options.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

static struct run_options options;
static struct policy_loader *loader;

static void run_options_setup(void)
{
	loader = fixture_loader();
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
}

static void run_options_end(void)
{
	policy_loader_free(loader);
}

TestSuite(run_options, .init = run_options_setup, .fini = run_options_end, .timeout = 60);

/* "run" and the words. */
static int run_options_of(const char *const *words)
{
	static char *argv[32];
	int argc = 1;

	argv[0] = (char *)(uintptr_t) "run";
	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	cr_assert_lt(argc, (int)ARRAY_SIZE(argv));
	argv[argc] = NULL;
	return run_options_parse(&options, loader, argc, argv);
}

#define RUN_OPTIONS(...) run_options_of((const char *const[]){ __VA_ARGS__, NULL })

static void run_options_expect_command(const char *const *words)
{
	char **found = options.command;

	cr_assert_not_null(found);
	for (; *words; words++, found++) {
		cr_assert_not_null(*found);
		cr_expect_str_eq(*found, *words);
	}
	cr_expect_null(*found);
}

#define EXPECT_COMMAND(...) run_options_expect_command((const char *const[]){ __VA_ARGS__, NULL })

Test(run_options, without_options_there_is_only_the_command)
{
	cr_expect_eq(RUN_OPTIONS("ls", "-l", "--", "--help"), 0);
	EXPECT_COMMAND("ls", "-l", "--", "--help");
	cr_expect(!options.log && options.log_fd == -1 && !options.help && !options.without_count);
	cr_expect_eq(options.kept_count, 3);
	for (int fd = 0; fd <= 2; fd++)
		cr_expect_eq(options.kept[fd], fd);
}

Test(run_options, nothing_at_all_is_no_command)
{
	cr_expect_eq(run_options_of((const char *const[]){ NULL }), 0);
	cr_expect_null(options.command);
	cr_expect_eq(RUN_OPTIONS("--"), 0);
	cr_expect_null(options.command);
}

Test(run_options, command_behind_two_dashes_may_look_like_an_option)
{
	cr_expect_eq(RUN_OPTIONS("--log", "x", "--", "--help", "--"), 0);
	EXPECT_COMMAND("--help", "--");
	cr_expect_not(options.help);
}

Test(run_options, words_of_the_command_are_never_options)
{
	cr_expect_eq(RUN_OPTIONS("env", "--log", "x", "-p", "work", "--without", "landlock"), 0);
	cr_expect(!options.log && !options.without_count);
	cr_expect_str_eq(fixture_errors(loader), "");
	loader = fixture_loader();
}

Test(run_options, values_come_in_one_word_or_two)
{
	cr_expect_eq(RUN_OPTIONS("--log=a=b", "--without=landlock", "--without", "pidfd-thread", "x"), 0);
	cr_expect_str_eq(options.log, "a=b");
	cr_expect_eq(options.log_fd, -1);
	cr_assert_eq(options.without_count, 2);
	cr_expect_str_eq(options.without[0], "landlock");
	cr_expect_str_eq(options.without[1], "pidfd-thread");
	EXPECT_COMMAND("x");
}

Test(run_options, value_may_look_like_an_option)
{
	cr_expect_eq(RUN_OPTIONS("--log", "--help", "x"), 0);
	cr_expect_str_eq(options.log, "--help");
	cr_expect_not(options.help);
}

Test(run_options, help_is_seen_in_both_spellings)
{
	cr_expect_eq(RUN_OPTIONS("-h"), 0);
	cr_expect(options.help);
	cr_expect_eq(RUN_OPTIONS("x", "-h"), 0);
	cr_expect_not(options.help);
	cr_expect_eq(RUN_OPTIONS("--help"), 0);
	cr_expect(options.help);
}

Test(run_options, what_is_not_known_or_lacks_its_value_is_refused)
{
	static const char *const words[][2] = { { "--nonsense", "x" }, { "-x", "x" }, { "-", "x" }, { "--logs", "x" },
		{ "--lo", "x" }, { "--log" }, { "--keep-fd" }, { "--without" }, { "--helpme", "x" }, { "-hx", "x" },
		{ "--help=1", "x" }, { "---", "x" } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		cr_expect_eq(RUN_OPTIONS(words[i][0], words[i][1]), -EINVAL, "%s", words[i][0]);
}

Test(run_options, descriptors_are_kept_once_and_in_ascending_order)
{
	static const int expected[] = { 0, 1, 2, 20, 21, 30 };

	for (size_t i = 3; i < ARRAY_SIZE(expected); i++)
		cr_assert_eq(dup2(0, expected[i]), expected[i]);
	cr_expect_eq(
		RUN_OPTIONS("--keep-fd=30", "--keep-fd", "20", "--keep-fd=21", "--keep-fd=20", "--keep-fd=1", "x"), 0);
	cr_assert_eq(options.kept_count, ARRAY_SIZE(expected));
	cr_expect_arr_eq(options.kept, expected, sizeof(expected));
}

Test(run_options, only_those_of_the_first_three_that_are_open_are_kept)
{
	close(STDIN_FILENO);
	cr_expect_eq(RUN_OPTIONS("x"), 0);
	cr_assert_eq(options.kept_count, 2);
	cr_expect(options.kept[0] == 1 && options.kept[1] == 2);
}

Test(run_options, descriptors_that_are_closed_or_no_numbers_are_refused)
{
	static const char *const values[] = { "900", "-1", "", "1x", "x", "0x1", "99999999999999999999", "1048577" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char log[64];

		snprintf(log, sizeof(log), "fd:%s", values[i]);
		cr_expect_eq(RUN_OPTIONS("--keep-fd", values[i], "x"), -EINVAL, "%s", values[i]);
		cr_expect_eq(RUN_OPTIONS("--log", log, "x"), -EINVAL, "%s", values[i]);
	}
}

Test(run_options, as_many_descriptors_as_fit_and_no_more)
{
	static char words[LAUNCH_KEPT_MAX + 8][24];
	static char *argv[LAUNCH_KEPT_MAX + 8];
	int argc = 1;

	argv[0] = words[0];
	for (int fd = 100; fd < 100 + LAUNCH_KEPT_MAX - 3; fd++) {
		cr_assert_eq(dup2(0, fd), fd);
		snprintf(words[argc], sizeof(words[argc]), "--keep-fd=%d", fd);
		argv[argc] = words[argc];
		argc++;
	}
	cr_expect_eq(run_options_parse(&options, loader, argc, argv), 0);
	cr_expect_eq(options.kept_count, LAUNCH_KEPT_MAX);
	cr_assert_eq(dup2(0, 300), 300);
	snprintf(words[argc], sizeof(words[argc]), "--keep-fd=300");
	argv[argc] = words[argc];
	cr_expect_eq(run_options_parse(&options, loader, argc + 1, argv), -EINVAL);
	cr_expect_eq(options.kept_count, LAUNCH_KEPT_MAX);
}

Test(run_options, log_goes_to_a_file_or_a_descriptor_the_last_one_counts)
{
	cr_expect_eq(RUN_OPTIONS("--log", "fd:2", "x"), 0);
	cr_expect_eq(options.log_fd, 2);
	cr_expect_eq(RUN_OPTIONS("--log", "fd:2", "--log", "file", "x"), 0);
	cr_expect_str_eq(options.log, "file");
	cr_expect_eq(options.log_fd, -1);
}

Test(run_options, features_that_do_not_exist_or_are_too_many_are_refused)
{
	const char *words[RUN_FEATURES_MAX + 2] = { NULL };

	cr_expect_eq(RUN_OPTIONS("--without=nonsense", "x"), -EINVAL);
	for (int i = 0; i < RUN_FEATURES_MAX; i++)
		words[i] = "--without=landlock";
	cr_expect_eq(run_options_of(words), 0);
	cr_expect_eq(options.without_count, RUN_FEATURES_MAX);
	words[RUN_FEATURES_MAX] = "--without=landlock";
	cr_expect_eq(run_options_of(words), -EINVAL);
}

Test(run_options, policy_options_reach_the_loader_in_their_order)
{
	struct policy *policy;

	cr_expect_eq(RUN_OPTIONS("-m", "allow/read+/a/***", "--log", "x", "-mdeny/read+/a/b", "--", "x"), 0);
	policy = policy_loader_finish(loader, stderr);
	cr_assert_not_null(policy);
	cr_expect_eq(policy_decide(policy, CAT_READ, "/a/c").action, ACTION_ALLOW);
	cr_expect_eq(policy_decide(policy, CAT_READ, "/a/b").action, ACTION_DENY);
	policy_free(policy);
	EXPECT_COMMAND("x");
}

Test(run_options, error_of_a_policy_option_is_the_loaders)
{
	char *errors;

	cr_expect_eq(RUN_OPTIONS("-m", "nonsense", "x"), 0);
	errors = fixture_errors(loader);
	cr_expect_str_neq(errors, "");
	free(errors);
	loader = fixture_loader();
}
