/*
 * Look-ups that meet a FUSE filesystem that nobody serves: whoever touches it hangs until the
 * test's time is over. Both roads must turn back before, and find everything else.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "core/slow.h"
#include "core/util.h"
#include "tests/unit/fake_path.h"
#include "tests/unit/path_tree.h"

static struct fake_path fake;
static char top[TREE_NAME_SIZE];

static void slow_setup(void)
{
	char options[96];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mounting FUSE needs root and /dev/fuse");
	path_tree_make(top);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	cr_assert_eq(mount("test", "d/e", "fuse", 0, options), 0);
	fake_path_open(&fake, (pid_t)gettid());
}

static void slow_teardown(void)
{
	fake_path_close(&fake);
	umount2("d/e", MNT_DETACH);
	path_tree_remove(top);
}

TestSuite(slow, .init = slow_setup, .fini = slow_teardown, .timeout = 60);

typedef int slow_find(struct call *call, struct path *path);

static int slow_look(int dirfd, const char *string, slow_find *find)
{
	PATH_LOCAL(path);
	int error = path_begin_string(&fake.call, dirfd, string, PATH_FOLLOW | PATH_EMPTY, &path);

	return error < 0 ? error : find(&fake.call, &path);
}

static void slow_expect(int expected, int dirfd, const char *string)
{
	static slow_find *const finds[] = { path_find, path_find_parent, path_find_or_parent };
	char full[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(finds); i++)
		cr_expect_eq(slow_look(dirfd, string, finds[i]), expected, "%s, %zu", string, i);
	if (dirfd != AT_FDCWD)
		return;
	snprintf(full, sizeof(full), "%s/%s", top, string);
	cr_expect_eq(slow_look(dirfd, full, path_find), expected, "%s", full);
}

Test(slow, names_on_a_slow_mount_are_not_touched)
{
	static const char *const names[] = { "d/e/f", "d/e/g", "./d/e/g", "d/../d/e/g", "d//e/f/", "d/e/../file",
		"to_dir/g", "to_dir_slash/g", "d/up/d/e/missing", "mixed/x", "here/to_dir/x", "d/e", "./d/e", "d/./e" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		slow_expect(-SLOW_ERROR, AT_FDCWD, names[i]);
}

Test(slow, names_beside_it_are_found)
{
	static const char *const names[] = { "file", "./file", "d/file", "d/../file", "to_file", "d/to_file",
		"d/up/file" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		slow_expect(0, AT_FDCWD, names[i]);
	cr_expect_eq(slow_look(AT_FDCWD, "missing", path_find), -ENOENT);
	cr_expect_eq(slow_look(AT_FDCWD, "./dangling", path_find), -ENOENT);
	cr_expect_eq(slow_look(AT_FDCWD, "l41", path_find), -ELOOP);
}

Test(slow, what_begins_on_it_is_not_touched)
{
	int fd = open("d/e", O_PATH | O_CLOEXEC);
	char link[PATH_OF_FD_SIZE];

	cr_assert_geq(fd, 0);
	slow_expect(-SLOW_ERROR, fd, "f");
	slow_expect(-SLOW_ERROR, fd, "..");
	cr_expect_eq(slow_look(fd, "", path_find), -SLOW_ERROR);
	path_of_fd(fd, link);
	cr_expect_eq(slow_look(AT_FDCWD, link, path_find), -SLOW_ERROR);
	close(fd);
}

Test(slow, workers_do_not_decide_by_a_policy_that_was_changed)
{
	cr_expect(slow_matters(&fake.call));
	fake.sandbox.policy_changed = true;
	cr_expect_not(slow_matters(&fake.call));
}
