/* See path_fixture.h. */
#include "core/util.h"
#include "tests/unit/path_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_path fake;
char top[TREE_NAME_SIZE];

/* Only root removes what root made in /tmp. */
static bool was_root(void)
{
	uid_t real;
	uid_t effective;
	uid_t saved;

	return getresuid(&real, &effective, &saved) == 0 && saved == 0;
}

void path_setup(void)
{
	path_tree_make(top);
	fake_path_open(&fake, (pid_t)gettid());
}

void path_teardown(void)
{
	fake_path_close(&fake);
	if (was_root())
		cr_assert_eq(setresuid(0, 0, 0), 0);
	path_tree_remove(top);
}

void become_nobody(void)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 0), 0);
}

int begin(enum road road, int dirfd, const char *string, unsigned flags, struct path *path)
{
	int error = path_begin(&fake.call, dirfd, (uintptr_t)string, flags, path);

	if (road == ROAD_SLOW)
		path->lexical = false;
	return error;
}

int find(enum road road, int dirfd, const char *string, unsigned flags, struct path *path)
{
	int error = begin(road, dirfd, string, flags, path);

	return error < 0 ? error : path_find(&fake.call, path);
}

void name_of(int fd, char name[PATH_MAX])
{
	char link[PATH_OF_FD_SIZE];
	ssize_t length;

	path_of_fd(fd, link);
	length = readlink(link, name, PATH_MAX - 1);
	cr_assert_geq(length, 0);
	name[length] = '\0';
}

void expect_same_object(int native, int ours, const char *string)
{
	struct stat a;
	struct stat b;

	cr_assert_eq(fstat(native, &a), 0);
	cr_assert_eq(fstat(ours, &b), 0, "%s", string);
	cr_expect(a.st_dev == b.st_dev && a.st_ino == b.st_ino, "%s: another object", string);
}

const char *expand(const char *string)
{
	static char full[PATH_MAX];

	if (string[0] != '@')
		return string;
	snprintf(full, sizeof(full), "%s%s", top, string + 1);
	return full;
}
