/*
 * The tables of procfs and of slow mounts, against this machine's mountinfo and against a mount of our own.
 */
#include <criterion/criterion.h>
#include <ev.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/mounts.h"
#include "core/supervisor.h"
#include "core/util.h"

TestSuite(mounts, .timeout = 60);

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

/* Nobody serves it: whoever touched it would hang. */
static void mounts_make_slow(const char *name)
{
	char options[96];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mounting FUSE needs root and /dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	cr_assert_eq(mkdir(name, 0755), 0);
	cr_assert_eq(mount("test", name, "fuse", 0, options), 0);
}

static void mounts_wait(struct ev_loop *ev)
{
	for (int i = 0; i < 20; i++) {
		ev_run(ev, EVRUN_NOWAIT);
		usleep(1000);
	}
}

Test(mounts, filesystem_in_user_space_is_slow_as_soon_as_it_is_there)
{
	char top[] = "/tmp/kennel-mounts-XXXXXX";
	struct supervisor supervisor = { .loop = loop_new() };
	struct ev_loop *ev = loop_ev(supervisor.loop);
	char name[128], below[160], beside[160];
	struct mounts *mounts;

	cr_assert_not_null(mkdtemp(top));
	snprintf(name, sizeof(name), "%s/slow", top);
	snprintf(below, sizeof(below), "%s/a", name);
	snprintf(beside, sizeof(beside), "%sly", name);
	mounts_make_slow(name);
	mounts = mounts_new();
	cr_assert_eq(mounts_watch(mounts, &supervisor), 0);
	cr_expect(mounts_any_slow(mounts) && mounts_below_slow(mounts, name) && mounts_below_slow(mounts, below));
	cr_expect_not(mounts_below_slow(mounts, top));
	cr_expect_not(mounts_below_slow(mounts, beside));
	cr_assert_eq(umount2(name, MNT_DETACH), 0);
	mounts_wait(ev);
	cr_expect_not(mounts_below_slow(mounts, name));
	cr_assert_eq(mount("proc", name, "proc", 0, NULL), 0);
	mounts_wait(ev);
	cr_expect(mounts_below_procfs(mounts, name));
	umount2(name, MNT_DETACH);
	mounts_free(mounts);
	loop_free(supervisor.loop);
	rmdir(name);
	rmdir(top);
}

static uint64_t mounts_id_of(const char *name)
{
	struct statx info;

	cr_assert(statx(AT_FDCWD, name, 0, STATX_MNT_ID, &info) == 0 && (info.stx_mask & STATX_MNT_ID));
	return info.stx_mnt_id;
}

static void mounts_expect(const struct mounts *mounts, uint64_t id, enum mount_state state, const char *point)
{
	const char *found = NULL;

	cr_assert_eq(mounts_point(mounts, id, &found), state, "%s", point);
	cr_assert(point ? str_equal(found, point) : !found, "%s, expected %s", found, point);
}

Test(mounts, what_is_unmounted_is_known_by_its_old_name)
{
	char top[] = "/tmp/kennel-mounts-XXXXXX";
	struct supervisor supervisor = { .loop = loop_new() };
	struct mounts *mounts;
	uint64_t id;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(mount("none", top, "tmpfs", 0, NULL), 0);
	id = mounts_id_of(top);
	mounts = mounts_new();
	cr_assert_eq(mounts_watch(mounts, &supervisor), 0);
	mounts_expect(mounts, id, MOUNT_THERE, top);
	mounts_expect(mounts, mounts_id_of("/"), MOUNT_THERE, "");
	mounts_expect(mounts, UINT64_MAX, MOUNT_NEVER_SEEN, NULL);
	/* What changes before the loop watches, it is not told. */
	ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
	cr_expect_not(mounts_any_gone(mounts));
	/* More often than they are remembered, with one number or many. */
	for (int i = 0; i < 1100; i++) {
		cr_assert_eq(umount2(top, MNT_DETACH), 0);
		mounts_refresh(mounts);
		mounts_expect(mounts, id, MOUNT_GONE, top);
		cr_assert(mounts_any_gone(mounts));
		cr_assert_eq(mount("none", top, "tmpfs", 0, NULL), 0);
		ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
		id = mounts_id_of(top);
		mounts_expect(mounts, id, MOUNT_THERE, top);
	}
	umount2(top, MNT_DETACH);
	mounts_free(mounts);
	loop_free(supervisor.loop);
	rmdir(top);
}

Test(mounts, what_is_unmounted_with_what_it_was_mounted_on_has_no_name)
{
	char top[] = "/tmp/kennel-mounts-XXXXXX", below[sizeof(top) + 2];
	struct supervisor supervisor = { .loop = loop_new() };
	struct mounts *mounts;
	uint64_t upper, lower;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_not_null(mkdtemp(top));
	snprintf(below, sizeof(below), "%s/b", top);
	cr_assert(mount("none", top, "tmpfs", 0, NULL) == 0 && mkdir(below, 0700) == 0);
	cr_assert_eq(mount("none", below, "tmpfs", 0, NULL), 0);
	upper = mounts_id_of(top);
	lower = mounts_id_of(below);
	mounts = mounts_new();
	cr_assert_eq(mounts_watch(mounts, &supervisor), 0);
	ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
	cr_assert_eq(umount2(top, MNT_DETACH), 0);
	mounts_refresh(mounts);
	mounts_expect(mounts, upper, MOUNT_GONE, top);
	mounts_expect(mounts, lower, MOUNT_GONE_WITH_OTHERS, below);
	mounts_free(mounts);
	loop_free(supervisor.loop);
	rmdir(top);
}

Test(mounts, the_folder_of_a_process_is_known_where_it_is_mounted)
{
	char top[] = "/tmp/kennel-mounts-XXXXXX";
	struct mounts *mounts;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mount namespaces need root");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(mount("/proc/self/fd", top, NULL, MS_BIND, NULL), 0);
	mounts = mounts_new();
	cr_expect(mounts_shows_process(mounts, mounts_id_of(top)));
	cr_expect_not(mounts_shows_process(mounts, mounts_id_of("/proc")));
	mounts_free(mounts);
	cr_assert_eq(umount2(top, MNT_DETACH), 0);
	cr_assert_eq(mount("/proc/sys", top, NULL, MS_BIND, NULL), 0);
	mounts = mounts_new();
	cr_expect_not(mounts_shows_process(mounts, mounts_id_of(top)));
	mounts_free(mounts);
	umount2(top, MNT_DETACH);
	rmdir(top);
}

Test(mounts, freeing_nothing_is_fine)
{
	mounts_free(NULL);
}
