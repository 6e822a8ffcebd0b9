/*
 * The table of procfs mounts, against this machine's mountinfo and against a mount of our own.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mounts.h"

TestSuite(mounts, .timeout = 10);

Test(mounts, proc_and_all_below_it_are_procfs)
{
	struct mounts *mounts = mounts_new();

	cr_assert_not_null(mounts);
	cr_expect(mounts_below_procfs(mounts, "/proc"));
	cr_expect(mounts_below_procfs(mounts, "/proc/self/mem"));
	cr_expect(mounts_below_procfs(mounts, "/proc/sys/kernel/core_pattern"));
	mounts_free(mounts);
}

Test(mounts, names_that_only_begin_alike_are_not)
{
	struct mounts *mounts = mounts_new();

	cr_expect_not(mounts_below_procfs(mounts, "/process"));
	cr_expect_not(mounts_below_procfs(mounts, "/pro"));
	cr_expect_not(mounts_below_procfs(mounts, "/"));
	cr_expect_not(mounts_below_procfs(mounts, "/usr/proc"));
	mounts_free(mounts);
}

Test(mounts, a_second_procfs_with_an_odd_name_is_found)
{
	char top[] = "/tmp/kennel-mounts-XXXXXX";
	char name[128];
	char below[160];
	struct mounts *mounts;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_not_null(mkdtemp(top));
	snprintf(name, sizeof(name), "%s/a b\\c\nd", top);
	snprintf(below, sizeof(below), "%s/1/fd", name);
	cr_assert_eq(mkdir(name, 0755), 0);
	cr_assert_eq(mount("proc", name, "proc", 0, NULL), 0);
	mounts = mounts_new();
	cr_expect(mounts_below_procfs(mounts, name));
	cr_expect(mounts_below_procfs(mounts, below));
	cr_expect_not(mounts_below_procfs(mounts, top));
	mounts_free(mounts);
	umount2(name, MNT_DETACH);
	rmdir(name);
	rmdir(top);
}

Test(mounts, freeing_nothing_is_fine)
{
	mounts_free(NULL);
}
