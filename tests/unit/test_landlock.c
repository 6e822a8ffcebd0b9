/*
 * Domains, entered by children for good. Directories lie in a fresh one of the test's own; each
 * child is tried as an ordinary user and, where the test is root, as root too.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/landlock.h"
#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/forked.h"
#include "tests/unit/policy_fixture.h"

/* Every category that makes, moves or removes a name. */
#define NAMES "cpath,tpath,dpath,spath"
#define ALLOW_NAMES "allow/" NAMES "+"

static char top[PATH_MAX];
static struct policy *policy;
static bool as_root;

static void landlock_setup(void)
{
	static const char *const directories[] = { "in", "in/deep", "in/deep/er", "in/spare", "out", "out/spare",
		"in*" };

	if (!landlock_abi())
		cr_skip_test("no Landlock on this kernel");
	umask(0);
	snprintf(top, sizeof(top), "/tmp/kennel-unit-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert(chmod(top, 0777) == 0 && chdir(top) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		cr_assert_eq(mkdir(directories[i], 0777), 0);
	cr_assert(close(open("in/file", O_CREAT | O_WRONLY, 0666)) == 0);
	cr_assert(close(open("out/file", O_CREAT | O_WRONLY, 0666)) == 0);
}

static int landlock_remove_cb(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void landlock_end(void)
{
	policy_free(policy);
	if (strncmp(top, "/tmp/kennel-unit-", 17) == 0)
		nftw(top, landlock_remove_cb, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

TestSuite(landlock, .init = landlock_setup, .fini = landlock_end, .timeout = 120);

/* The policy of one rule: what it does, and for which names of the test's directory. NULL: none. */
static void landlock_policy(const char *does, const char *names)
{
	char command[PATH_MAX + 64] = "";

	if (does)
		snprintf(command, sizeof(command), "%s%s%s", does, top, names);
	policy = fixture_policy((const char *[]){ does ? command : NULL, NULL });
}

static void landlock_enter_domain(void)
{
	if (!as_root)
		forked_drop_root();
	FORKED_EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	FORKED_EXPECT(landlock_confine(policy, false) == 0);
}

static void landlock_run(forked_function *function)
{
	as_root = false;
	cr_expect_eq(forked_run(function, NULL), 0, "as an ordinary user");
	as_root = true;
	if (geteuid() == 0)
		cr_expect_eq(forked_run(function, NULL), 0, "as root");
}

static bool landlock_refused(int result)
{
	return result == -1 && errno == EACCES;
}

static void landlock_expect_names(const char *directory, bool allowed)
{
	static const char *const formats[] = { "%s/d", "%s/s", "%s/p" };
	char names[3][PATH_MAX];
	int results[3];

	for (int i = 0; i < 3; i++)
		snprintf(names[i], sizeof(names[i]), formats[i], directory);
	for (int i = 0; i < 3; i++) {
		results[i] = i == 0 ? mkdir(names[0], 0777) : i == 1 ? symlink("x", names[1]) : mkfifo(names[2], 0666);
		FORKED_EXPECT(allowed ? results[i] == 0 : landlock_refused(results[i]));
	}
	if (!allowed)
		return;
	FORKED_EXPECT(rmdir(names[0]) == 0 && unlink(names[1]) == 0 && unlink(names[2]) == 0);
}

static void landlock_outside_and_inside(void *context)
{
	(void)context;
	landlock_enter_domain();
	landlock_expect_names("in", true);
	landlock_expect_names("in/deep/er", true);
	landlock_expect_names("out", false);
	landlock_expect_names(".", false);
	FORKED_EXPECT(landlock_refused(unlink("out/file")));
	FORKED_EXPECT(landlock_refused(rmdir("out/spare")));
	FORKED_EXPECT(landlock_refused(rename("in/file", "out/moved")) || errno == EXDEV);
	FORKED_EXPECT(rename("in/file", "in/deep/file") == 0);
	FORKED_EXPECT(link("in/deep/file", "in/file") == 0);
	FORKED_EXPECT(unlink("in/deep/file") == 0);
	FORKED_EXPECT(link("in/file", "out/linked") == -1 && (errno == EACCES || errno == EXDEV));
	if (as_root)
		FORKED_EXPECT(landlock_refused(mknod("out/device", S_IFCHR | 0666, 0)));
}

Test(landlock, names_are_made_and_removed_inside_only)
{
	landlock_policy(ALLOW_NAMES, "/in/***");
	landlock_run(landlock_outside_and_inside);
}

static void landlock_files_are_free(void *context)
{
	int fd;

	(void)context;
	landlock_enter_domain();
	fd = open("out/new", O_CREAT | O_RDWR, 0666);
	FORKED_EXPECT(fd >= 0);
	FORKED_EXPECT(open("out/file", O_WRONLY | O_TRUNC) >= 0);
	FORKED_EXPECT(mknod("out/regular", S_IFREG | 0666, 0) == 0);
	FORKED_EXPECT(chmod("out/new", 0600) == 0);
	/* They cannot be removed here for the second run. */
	FORKED_EXPECT(rename("out/new", "out/again") == -1);
}

Test(landlock, regular_files_are_left_to_the_create_category)
{
	landlock_policy(ALLOW_NAMES, "/in/***");
	as_root = false;
	cr_expect_eq(forked_run(landlock_files_are_free, NULL), 0);
}

static void landlock_nothing_inside(void *context)
{
	(void)context;
	landlock_enter_domain();
	landlock_expect_names("in", false);
	landlock_expect_names("out", false);
	FORKED_EXPECT(landlock_refused(unlink("in/file")));
}

Test(landlock, without_rules_no_name_is_made_anywhere)
{
	landlock_policy(NULL, NULL);
	landlock_run(landlock_nothing_inside);
}

/* A ceiling only: which names in that directory are made is for the rules to judge. */
Test(landlock, literal_rule_opens_the_directory_of_its_name)
{
	landlock_policy(ALLOW_NAMES, "/in/made");
	landlock_run(landlock_outside_and_inside);
}

Test(landlock, rule_that_refuses_opens_nothing)
{
	landlock_policy("filter/" NAMES "+", "/in/***");
	landlock_run(landlock_nothing_inside);
}

Test(landlock, rule_of_another_category_opens_nothing)
{
	landlock_policy("allow/read,write,stat+", "/in/***");
	landlock_run(landlock_nothing_inside);
}

Test(landlock, hierarchy_that_does_not_exist_opens_nothing_and_is_no_error)
{
	landlock_policy(ALLOW_NAMES, "/nowhere/***");
	landlock_run(landlock_nothing_inside);
}

Test(landlock, pattern_without_a_fixed_directory_opens_only_where_it_can_match)
{
	static const char *const rules[] = { ALLOW_NAMES "/{usr,var}/***", ALLOW_NAMES "!memfd:*" };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		policy_free(policy);
		policy = fixture_policy((const char *[]){ rules[i], NULL });
		landlock_run(landlock_nothing_inside);
	}
}

static void landlock_below_deep(void *context)
{
	(void)context;
	landlock_enter_domain();
	landlock_expect_names("in/deep", true);
	landlock_expect_names("in/deep/er", true);
	landlock_expect_names("in/spare", false);
	landlock_expect_names("out", false);
}

Test(landlock, glob_opens_the_longest_directory_that_is_fixed)
{
	landlock_policy(ALLOW_NAMES, "/in/deep/*.[ch]");
	landlock_run(landlock_below_deep);
	policy_free(policy);
	landlock_policy(ALLOW_NAMES, "/in/deep/a{b,c}");
	landlock_run(landlock_below_deep);
	policy_free(policy);
	landlock_policy(ALLOW_NAMES, "/in/deep/**/x");
	landlock_run(landlock_below_deep);
}

Test(landlock, warning_opens_like_a_permission)
{
	landlock_policy("warn/" NAMES "+", "/in/deep/***");
	landlock_run(landlock_below_deep);
}

static void landlock_quoted_star(void *context)
{
	(void)context;
	landlock_enter_domain();
	landlock_expect_names("in*", true);
	landlock_expect_names("in", false);
}

Test(landlock, quoted_characters_are_plain_in_the_directory)
{
	landlock_policy(ALLOW_NAMES, "/in\\*/***");
	landlock_run(landlock_quoted_star);
}

static void landlock_children_too(void *context)
{
	(void)context;
	landlock_enter_domain();
	FORKED_EXPECT(forked_run(landlock_nothing_inside, NULL) == 0);
}

Test(landlock, domain_is_inherited_and_only_shrinks)
{
	landlock_policy(NULL, NULL);
	landlock_run(landlock_children_too);
}

Test(landlock, is_wanted_where_moving_names_is_refused_by_default)
{
	static const struct {
		const char *command;
		bool expected;
	} rows[] = {
		{ NULL, true },
		{ "sandbox/rename:off", false },
		{ "sandbox/write,create:off", true },
		{ "sandbox/delete,mkdir:off", true },
		{ "default/rename:allow", false },
		{ "default/rename:warn", false },
		{ "default/rename:kill", true },
		{ "allow/rename+/***", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		policy = fixture_policy((const char *[]){ rows[i].command, NULL });
		cr_expect_eq(landlock_wanted(policy), rows[i].expected, "%s", rows[i].command ? rows[i].command : "-");
		policy_free(policy);
	}
	policy = NULL;
}

static void landlock_kinds(void *context)
{
	(void)context;
	landlock_enter_domain();
	FORKED_EXPECT(mkdir("in/made", 0777) == 0 && mkdir("out/made", 0777) == 0);
	FORKED_EXPECT(landlock_refused(symlink("x", "in/s")) && landlock_refused(mkfifo("in/p", 0666)));
	FORKED_EXPECT(landlock_refused(rmdir("in/made")) && rmdir("out/spare") == 0);
	FORKED_EXPECT(landlock_refused(unlink("in/file")) && landlock_refused(unlink("out/file")));
}

/* A category that allows by default, or by rules, is free of the ceiling of the others. */
Test(landlock, holds_each_kind_of_name_by_its_own_category)
{
	char rmdir_rule[PATH_MAX + 64];

	snprintf(rmdir_rule, sizeof(rmdir_rule), "allow/rmdir+%s/out/***", top);
	policy = fixture_policy((const char *[]){ "sandbox/mkdir:off", rmdir_rule, NULL });
	cr_expect_eq(forked_run(landlock_kinds, NULL), 0);
}

static void landlock_without_no_new_privs(void *context)
{
	(void)context;
	forked_drop_root();
	FORKED_EXPECT(landlock_confine(policy, false) == -EPERM);
	FORKED_EXPECT(mkdir("out/made", 0777) == 0);
}

Test(landlock, failure_is_reported_and_confines_nothing)
{
	landlock_policy(NULL, NULL);
	cr_expect_eq(forked_run(landlock_without_no_new_privs, NULL), 0);
}

static void landlock_need_scopes(void)
{
	if (landlock_abi() < 6) {
		landlock_end(); /* which a test that is skipped never reaches */
		cr_skip_test("no Landlock scopes on this kernel");
	}
}

static pid_t outsider;

static void landlock_scoped(void)
{
	if (!as_root)
		forked_drop_root();
	FORKED_EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	FORKED_EXPECT(landlock_scope_signals() == 0);
}

static void landlock_signals_stay_inside(void *context)
{
	int status;
	pid_t child;

	(void)context;
	landlock_scoped();
	FORKED_EXPECT(kill(outsider, 0) == -1 && errno == EPERM);
	FORKED_EXPECT(kill(outsider, SIGTERM) == -1 && errno == EPERM);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	FORKED_EXPECT(kill(child, SIGTERM) == 0);
	FORKED_EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static _Noreturn void landlock_be_outside(void)
{
	setsid();
	forked_drop_root();
	for (;;)
		pause();
}

Test(landlock, signals_stay_inside_their_scope)
{
	int status;

	landlock_need_scopes();
	outsider = fork();
	if (outsider == 0)
		landlock_be_outside();
	landlock_run(landlock_signals_stay_inside);
	cr_expect_eq(waitpid(outsider, &status, WNOHANG), 0, "still alive");
	kill(outsider, SIGKILL);
	waitpid(outsider, &status, 0);
}

static void landlock_moves_still_work(void *context)
{
	(void)context;
	landlock_scoped();
	FORKED_EXPECT(rename("in/file", "out/moved") == 0);
	FORKED_EXPECT(link("out/moved", "in/file") == 0);
	FORKED_EXPECT(unlink("out/moved") == 0);
	FORKED_EXPECT(rename("in/spare", "out/directory") == 0);
	FORKED_EXPECT(rename("out/directory", "in/spare") == 0);
	landlock_expect_names("in", true);
	landlock_expect_names("out", true);
}

Test(landlock, scope_leaves_moves_between_directories_alone)
{
	landlock_need_scopes();
	landlock_run(landlock_moves_still_work);
}

static void landlock_both(void *context)
{
	(void)context;
	landlock_enter_domain();
	FORKED_EXPECT(landlock_scope_signals() == 0);
	FORKED_EXPECT(rename("in/file", "in/deep/file") == 0 && rename("in/deep/file", "in/file") == 0);
	FORKED_EXPECT(rename("in/file", "out/moved") == -1);
	landlock_expect_names("in", true);
	landlock_expect_names("out", false);
}

Test(landlock, scope_inside_a_domain_opens_nothing)
{
	landlock_need_scopes();
	landlock_policy(ALLOW_NAMES, "/in/***");
	landlock_run(landlock_both);
}

/* ---- What may be executed ---- */

/* These files are no programs: ENOEXEC when they may be executed, EACCES when not. */
static bool landlock_executes(const char *path)
{
	char *const argv[] = { "x", NULL };

	return execve(path, argv, argv) == -1 && errno == ENOEXEC;
}

static void landlock_enter_exec(void)
{
	int ruleset = landlock_payload_ruleset(policy, NULL, false);

	FORKED_EXPECT(ruleset >= 0);
	if (!as_root)
		forked_drop_root();
	FORKED_EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	FORKED_EXPECT(landlock_enter(ruleset) == 0);
	FORKED_EXPECT(close(ruleset) == 0);
}

static void landlock_make_programs(void)
{
	static const char *const files[] = { "in/program", "in/deep/program", "out/program", "in*/program" };

	if (landlock_abi() < 2) {
		landlock_end();
		cr_skip_test("this Landlock refuses all moves between directories");
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		cr_assert(close(open(files[i], O_CREAT | O_WRONLY, 0777)) == 0);
	cr_assert(symlink("in", "link") == 0);
}

static void landlock_expect_executes(bool in, bool deep, bool out)
{
	FORKED_EXPECT(landlock_executes("in/program") == in);
	FORKED_EXPECT(landlock_executes("in/deep/program") == deep);
	FORKED_EXPECT(landlock_executes("out/program") == out);
}

static void landlock_exec_below(void *context)
{
	(void)context;
	landlock_enter_exec();
	landlock_expect_executes(true, true, false);
	FORKED_EXPECT(errno == EACCES);
	/* Judged where it is, and moving out is no more than it was. */
	FORKED_EXPECT(rename("in/program", "out/moved") == 0);
	FORKED_EXPECT(!landlock_executes("out/moved"));
	FORKED_EXPECT(rename("out/moved", "in/program") == -1);
	FORKED_EXPECT(rename("in/deep/program", "in/program") == 0 && rename("in/program", "in/deep/program") == 0);
	landlock_expect_names("out", true);
	FORKED_EXPECT(landlock_executes("in/deep/../deep/program"));
}

Test(landlock, executes_below_an_allowed_directory_only)
{
	landlock_make_programs();
	landlock_policy("allow/exec+", "/in/***");
	as_root = geteuid() == 0;
	cr_expect_eq(forked_run(landlock_exec_below, NULL), 0);
}

static void landlock_exec_one(void *context)
{
	(void)context;
	landlock_enter_exec();
	landlock_expect_executes(false, true, false);
}

Test(landlock, executes_one_allowed_file_only)
{
	landlock_make_programs();
	landlock_policy("allow/exec+", "/in/deep/program");
	landlock_run(landlock_exec_one);
}

static void landlock_exec_nothing(void *context)
{
	(void)context;
	landlock_enter_exec();
	landlock_expect_executes(false, false, false);
	FORKED_EXPECT(!landlock_executes("link/program"));
}

Test(landlock, executes_nothing_by_names_that_no_file_has)
{
	static const char *const names[] = { "/in", "/link/***", "/link", "/missing/***", "/in/program/x" };

	landlock_make_programs();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		landlock_policy("allow/exec+", names[i]);
		landlock_run(landlock_exec_nothing);
		policy_free(policy);
	}
	landlock_policy("deny/exec+", "/in/***");
	landlock_run(landlock_exec_nothing);
}

static void landlock_exec_all(void *context)
{
	(void)context;
	landlock_enter_exec();
	landlock_expect_executes(true, true, true);
}

Test(landlock, executes_everything_below_the_root)
{
	landlock_make_programs();
	policy = fixture_policy((const char *[]){ "allow/exec+/***", NULL });
	landlock_run(landlock_exec_all);
}
