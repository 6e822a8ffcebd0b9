/*
 * What Landlock is to let be read: found in a tree of the test's own. The rules name that tree only, so that nothing
 * outside of it is granted; what is above it holds still, because no rule lets it change.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/grants.h"
#include "core/landlock.h"
#include "core/pattern.h"
#include "core/policy.h"
#include "core/util.h"
#include "tests/unit/policy_fixture.h"

static char top[PATH_MAX];

static void grants_setup(void)
{
	static const char *const directories[] = { "a", "a/b", "a/b/c", "d", "d/e" };
	static const char *const files[] = { "a/one", "a/two", "a/b/three", "d/e/four" };

	snprintf(top, sizeof(top), "/tmp/kennel-unit-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chdir(top), 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		cr_assert_eq(mkdir(directories[i], 0777), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		cr_assert_eq(close(open(files[i], O_CREAT | O_WRONLY, 0666)), 0);
	cr_assert_eq(symlink("one", "a/link"), 0);
}

static int grants_remove_cb(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void grants_end(void)
{
	if (strncmp(top, "/tmp/kennel-unit-", 17) == 0)
		nftw(top, grants_remove_cb, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(grants, .init = grants_setup, .fini = grants_end, .timeout = 120);

/* "%" stands for the tree. */
static const char *grants_text(const char *text)
{
	char *made = calloc(1, strlen(text) + 4 * PATH_MAX);

	for (char *to = made; *text; text++)
		to += sprintf(to, "%.*s", *text == '%' ? (int)strlen(top) : 1, *text == '%' ? top : text);
	return made;
}

#define RULES_MAX 16
#define BASE \
	"sandbox/all:off", "sandbox/read,readdir,cpath,tpath,dpath,spath:on", "log/refused:off", "allow/read+!memfd:**"

static struct policy *policy;

/* What is granted: "r /path" for a file, "R" and "D" for hierarchies, in the order found; obstacles as "! /path". */
static const char *grants_found(const char *promised, ...)
{
	static char text[16384];
	const char *commands[RULES_MAX + 1] = { BASE };
	struct grants grants;
	size_t used = 0, count = 4;
	va_list list;

	va_start(list, promised);
	while (count < RULES_MAX && (commands[count] = va_arg(list, const char *)))
		commands[count] = grants_text(commands[count]), count++;
	va_end(list);
	policy = fixture_policy(commands);
	cr_assert_eq(grants_find(policy, promised ? grants_text(promised) : NULL, 12, &grants), 0);
	text[0] = '\0';
	for (size_t i = 0; i < grants.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s\n",
			grants.list[i].categories & CAT_BIT(CAT_READ) ? grants.list[i].beneath ? "R" : "r" : "",
			grants.list[i].categories & CAT_BIT(CAT_READDIR) ? "D" : "", grants.list[i].name);
	for (size_t i = 0; i < grants.obstacle_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "! %s\n", grants.obstacles[i].name);
	cr_expect_eq(grants_fit(&grants) != 0, grants.obstacle_count == 0);
	grants_free(&grants);
	policy_free(policy);
	return text;
}

#define assert_found(expected, ...) cr_expect_str_eq(grants_found(NULL, __VA_ARGS__, NULL), grants_text(expected))

Test(grants, are_the_hierarchies_that_are_allowed_whole)
{
	assert_found("RD %/a\n", "allow/read,readdir+%/a/***");
	assert_found("R %/a\n", "allow/read+%/a/***");
	assert_found("D %/d\n", "allow/readdir+%/d/***");
	assert_found("", "allow/read+%/none/***");
}

Test(grants, name_each_file_where_some_are_refused)
{
	const char *found = grants_found(NULL, "allow/read+%/a/***", "deny/read+%/a/one", NULL);

	cr_expect(strstr(found, grants_text("R %/a/b\n")) != NULL);
	cr_expect(strstr(found, grants_text("r %/a/two\n")) != NULL);
	cr_expect_null(strstr(found, "one"));
	cr_expect_null(strstr(found, "link"));
	cr_expect_null(strchr(found, '!'));
}

Test(grants, leave_out_what_a_refused_name_that_is_not_there_could_be)
{
	const char *found = grants_found(NULL, "allow/read+%/d/***", "deny/read+%/d/later/***", NULL);

	cr_expect_str_eq(found, grants_text("R %/d/e\n"));
}

Test(grants, cannot_hide_the_entries_of_a_directory_in_one_that_may_be_listed)
{
	assert_found("! %/a\n", "allow/readdir+%/a/***", "deny/readdir+%/a/b/***");
	assert_found("! %\n", "allow/readdir+%");
}

Test(grants, need_names_that_hold_still)
{
	assert_found("RD %/a\n! %\n", "allow/read,readdir,rmdir+%/a/***");
	assert_found("RD %/a\n! %\n", "allow/read,readdir+%/a/***", "allow/rename+%/a");
	assert_found("RD %/a\n! %\n", "allow/read,readdir+%/a/***", "allow/mkdir+%/*");
	assert_found("RD %/a\n", "allow/read,readdir,mkdir,create+%/a/***");
	assert_found("RD %/a\n", "allow/read,readdir,tpath,cpath+%/a/***", "deny/delete,rename,rmdir+%/a");
	assert_found("RD %/a\n! /\n! /tmp\n! %\n", "allow/read,readdir+%/a/***", "sandbox/rename:off");
}

Test(grants, need_no_stillness_below_what_is_allowed_whole)
{
	assert_found("RD %/a\n", "allow/read,readdir,tpath,cpath+%/a/***", "deny/delete,rename,rmdir+%/a",
		"deny/write+%/a/one");
}

Test(grants, are_nothing_to_who_must_log_or_kill)
{
	assert_found("! \n! \n", "allow/read,readdir+%/a/***", "log/refused:on");
	assert_found("! \n", "allow/read,readdir+%/a/***", "default/read:kill");
	assert_found("! \n", "allow/read,readdir+%/a/***", "warn/read+%/a/one");
	assert_found("RD %/a\n", "allow/read,readdir+%/a/***", "log/refused:on", "default/all:filter");
}

Test(grants, let_memory_files_be_read)
{
	assert_found("! \n", "allow/read,readdir+%/a/***", "deny/read+!memfd:**");
	assert_found("! \n", "allow/read,readdir+%/a/***", "deny/read+!memfd:secret");
	assert_found("! \n", "allow/read,readdir+%/a/***", "deny/read+**");
}

Test(grants, do_not_know_masks_commands_or_processes)
{
	assert_found("! \n", "allow/read,readdir+%/a/***", "mask+%/a/one");
	assert_found("! \n", "allow/read,readdir+%/a/***", "lock:read");
	assert_found("! /proc\n", "allow/read+/proc/[0-9]*/stat");
	assert_found("RD /proc\n", "allow/read,readdir+/proc/***");
}

Test(grants, are_not_looked_for_without_end_in_deep_trees)
{
	const char *found;

	cr_assert_eq(chdir("d"), 0);
	for (size_t i = 0; i < 1500; i++)
		cr_assert(mkdir("x", 0777) == 0 && chdir("x") == 0);
	found = grants_found(NULL, "allow/read+%/d/***", "deny/read+%/d/**/secret", NULL);
	cr_expect_not_null(strstr(found, grants_text("! %/d/x/x/x/")));
}

/* A mount that its user alone may look at is no reason not to start. */
static void grants_enter_as_another(const char *name)
{
	struct grant grant = { .name = (char *)name, .categories = CAT_BIT(CAT_READ), .beneath = true };
	struct grants grants = { .categories = CAT_BIT(CAT_READ), .count = 1, .list = &grant };
	int ruleset;

	cr_assert_eq(chmod(top, 0755), 0);
	cr_assert_eq(setresuid(-1, 65534, 0), 0);
	ruleset = landlock_payload_ruleset(NULL, &grants, false);
	cr_assert_eq(setresuid(-1, 0, 0), 0);
	if (landlock_abi() >= 2)
		cr_expect_geq(ruleset, 0, "%s", strerror(-ruleset));
	if (ruleset >= 0)
		close(ruleset);
}

/* Whoever touched it would hang until the test's time is over. */
Test(grants, are_not_looked_for_where_nobody_may_answer)
{
	char options[96];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mounting FUSE needs root and /dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	cr_assert_eq(mount("test", "d/e", "fuse", 0, options), 0);
	assert_found("! %/d/e\n", "allow/read+%/d/***", "deny/read+%/d/e/four");
	assert_found("R %/d/e\n! %/d\n", "allow/read,rmdir+%/d/e/***", "deny/read+%/d/f");
	grants_enter_as_another(grants_text("%/d/e"));
	cr_expect_eq(umount2("d/e", MNT_DETACH), 0);
}

/* Home directories are often such. */
Test(grants, need_no_list_where_rules_name_what_they_allow)
{
	const uid_t other = geteuid() == 0 ? 65534 : geteuid();

	cr_assert_eq(chmod(top, 0755), 0);
	cr_assert_eq(chmod("d", 0111), 0);
	cr_assert_eq(seteuid(other), 0);
	assert_found("R %/d/e\n", "allow/read+%/d/e/***");
	assert_found("r %/d/e/four\n", "allow/read+%/d/e/{four,five}");
	assert_found("! %/d\n", "allow/read+%/d/?/***");
	cr_assert_eq(seteuid(getuid()), 0);
}

Test(grants, count_a_promised_directory_as_made)
{
	cr_expect_str_eq(grants_found("%/new", "allow/read,readdir,cpath,tpath+%/new/***",
				 "deny/delete,rename,rmdir+%/new", NULL),
		grants_text("RD %/new\n"));
	cr_expect_str_eq(
		grants_found(NULL, "allow/read,readdir,cpath,tpath+%/new/***", "deny/delete,rename,rmdir+%/new", NULL),
		grants_text("! %\n"));
}

Test(grants, are_looked_for_until_as_many_obstacles_as_wanted_are_found)
{
	const char *const commands[] = { BASE, grants_text("allow/readdir+%"), grants_text("allow/readdir+/usr"),
		NULL };
	struct grants grants;

	policy = fixture_policy(commands);
	for (size_t wanted = 1; wanted <= 2; wanted++) {
		cr_assert_eq(grants_find(policy, NULL, wanted, &grants), 0);
		cr_expect_eq(grants.obstacle_count, wanted, "%zu of %zu", grants.obstacle_count, wanted);
		cr_expect_eq(grants_fit(&grants), 0);
		grants_free(&grants);
	}
	policy_free(policy);
}

typedef enum pattern_children children_fn(const struct pattern *, const char *, size_t *, char *, size_t);

Test(grants, leave_out_devices_that_rules_of_ioctl_refuse)
{
	assert_found("r /dev/zero\n", "allow/read+/dev/zero", "sandbox/ioctl:on");
	assert_found("r /dev/null\n", "allow/read+/dev/{null,zero}", "sandbox/ioctl:on", "deny/ioctl+/dev/zero");
	assert_found("r /dev/null\n", "allow/read+/dev/{null,zero}", "sandbox/ioctl:on", "deny/ioctl+/dev/***",
		"allow/ioctl+/dev/null");
	assert_found("! \n", "allow/read+/dev/{null,zero}", "sandbox/ioctl:on", "warn/ioctl+/dev/null");
	assert_found("R /\n", "sandbox/read,readdir:off", "sandbox/ioctl:on", "allow/ioctl+/dev/null");
	/* Words are about requests. */
	assert_found("r /dev/null\n", "allow/read+/dev/null", "sandbox/ioctl:on", "warn/ioctl+TCGETS", "deny/ioctl+**");
	/* What is no device may be read, name by name. */
	assert_found("r %/d/e/four\n", "allow/read+%/d/***", "sandbox/ioctl:on", "deny/ioctl+%/d/***");
	assert_found("R %/d\n", "allow/read+%/d/***", "sandbox/ioctl:on", "deny/ioctl+%/a/***");
}

/* The names directly in a directory that a pattern can match: "x,y," or "many". */
static const char *grants_names(children_fn *next, const char *text, const char *directory)
{
	static char found[256];
	struct pattern *pattern;
	enum pattern_children children;
	char child[64];
	size_t offset, branch = 0;
	const char *error;

	found[0] = '\0';
	cr_assert_eq(pattern_new(text, &pattern, &offset, &error), 0);
	while ((children = next(pattern, directory, &branch, child, sizeof(child))) != PATTERN_CHILDREN_NONE) {
		strcat(found, children == PATTERN_CHILDREN_MANY ? "many" : child);
		strcat(found, ",");
	}
	pattern_free(pattern);
	return found;
}

static const char *grants_children(const char *text, const char *directory)
{
	return grants_names(pattern_next_child, text, directory);
}

static const char *grants_ways(const char *text, const char *directory)
{
	return grants_names(pattern_next_way, text, directory);
}

Test(grants, know_the_names_that_a_pattern_can_match_in_a_directory)
{
	cr_expect_str_eq(grants_children("/a/b", "/a"), "b,");
	cr_expect_str_eq(grants_children("/a/{b,c/d,e}", "/a"), "e,b,");
	cr_expect_str_eq(grants_children("/a/b/***", "/a"), "b,");
	cr_expect_str_eq(grants_children("/a/b/***", "/a/b"), "many,");
	cr_expect_str_eq(grants_children("/a/b/c", "/a"), "");
	cr_expect_str_eq(grants_children("/a/b*", "/a"), "many,");
	cr_expect_str_eq(grants_children("/a/*/c", "/a"), "");
	cr_expect_str_eq(grants_children("/a/*/c", "/a/x"), "c,");
	cr_expect_str_eq(grants_children("/**/c", "/a/x"), "c,");
	cr_expect_str_eq(grants_children("/a", "/"), "a,");
	cr_expect_str_eq(grants_children("/***", "/"), "many,");
	cr_expect_str_eq(grants_children("/***", "/x"), "many,");
	cr_expect_str_eq(grants_children("**", "/x"), "many,");
	cr_expect_str_eq(grants_children("/b", "/a"), "");
	cr_expect_str_eq(grants_children("/a?", "/"), "many,");
}

Test(grants, know_the_names_that_lead_to_what_a_pattern_can_match)
{
	cr_expect_str_eq(grants_ways("/a/b/c", "/"), "a,");
	cr_expect_str_eq(grants_ways("/a/b/c", "/a"), "b,");
	cr_expect_str_eq(grants_ways("/a/b/c", "/a/b"), "c,");
	cr_expect_str_eq(grants_ways("/a/b/c", "/a/b/c"), "");
	cr_expect_str_eq(grants_ways("/a/b/c", "/b"), "");
	cr_expect_str_eq(grants_ways("/{a/b,c*/d,e/***}", "/"), "e,many,a,");
	cr_expect_str_eq(grants_ways("/a/b?/c", "/a"), "many,");
	cr_expect_str_eq(grants_ways("/a/*/c", "/a/x"), "c,");
	cr_expect_str_eq(grants_ways("/a/b/***", "/a"), "b,");
	cr_expect_str_eq(grants_ways("/a/b/***", "/a/b"), "many,");
	cr_expect_str_eq(grants_ways("/**/c/d", "/a"), "many,");
	cr_expect_str_eq(grants_ways("!memfd:x", "/"), "");
}
