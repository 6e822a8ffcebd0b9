/*
 * Names that are too long for the kernel, and symlinks that are traps.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mounts.h"
#include "core/path_link.h"
#include "core/util.h"
#include "tests/unit/path_fixture.h"

TestSuite(path_names, .init = path_setup, .fini = path_teardown, .timeout = 120);

/* Below the cwd: "nnn.../nnn...", as long as a string can be with a few bytes more. */
static void make_deep(char deep[PATH_MAX])
{
	memset(deep, 'n', PATH_MAX - 10);
	for (size_t at = 200; at < PATH_MAX - 10; at += 200) {
		deep[at] = '\0';
		cr_assert_eq(mkdir(deep, 0777), 0);
		deep[at] = '/';
	}
	deep[PATH_MAX - 10] = '\0';
	cr_assert_eq(mkdir(deep, 0777), 0);
}

static void expect_deep_name(const char *string, const char *canonical)
{
	static char expected[2 * PATH_MAX];
	static const enum road roads[] = { ROAD_USUAL, ROAD_SLOW };

	snprintf(expected, sizeof(expected), "%s/%s", top, canonical);
	for (size_t i = 0; i < ARRAY_SIZE(roads); i++) {
		PATH_LOCAL(path);

		cr_expect_eq(find(roads[i], AT_FDCWD, string, 0, &path), 0, "%.20s", string);
		cr_expect_str_eq(path.name, expected, "%.20s", string);
	}
}

Test(path_names, names_longer_than_the_kernel_tells_are_known_by_the_way_to_them)
{
	static char deep[PATH_MAX], file[PATH_MAX], string[PATH_MAX];

	make_deep(deep);
	snprintf(file, sizeof(file), "%.*s/f", PATH_MAX - 10, deep);
	cr_assert_eq(close(open(file, O_CREAT | O_WRONLY, 0666)), 0);
	expect_deep_name(deep, deep);
	expect_deep_name(file, file);
	snprintf(string, sizeof(string), "./%.*s", PATH_MAX - 3, file);
	expect_deep_name(string, file);
	snprintf(string, sizeof(string), "d/../%.*s", PATH_MAX - 6, file);
	expect_deep_name(string, file);
	snprintf(string, sizeof(string), "here/%.*s", PATH_MAX - 6, file);
	expect_deep_name(string, file);
}

Test(path_names, long_names_are_remembered_while_they_lead_to_the_object)
{
	static char deep[PATH_MAX], expected[2 * PATH_MAX], other[201];
	PATH_LOCAL(path);
	int fd;

	make_deep(deep);
	snprintf(expected, sizeof(expected), "%s/%s", top, deep);
	fd = open(deep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Nothing told how this directory is reached. */
	cr_expect_eq(path_of_descriptor(&fake.call, fd, &path), -ENAMETOOLONG);
	expect_deep_name(deep, deep);
	cr_expect_eq(path_of_descriptor(&fake.call, fd, &path), 0);
	cr_expect_str_eq(path.name, expected);
	deep[200] = '\0';
	memset(other, 'o', 200);
	cr_assert_eq(rename(deep, other), 0);
	cr_expect_eq(path_of_descriptor(&fake.call, fd, &path), -ENAMETOOLONG);
	close(fd);
}

static void make_hostile(void)
{
	cr_assert(mkdir("sticky", 0777) == 0 && chmod("sticky", 01777) == 0);
	cr_assert(symlink("../file", "sticky/link") == 0 && symlink("../d", "sticky/dir") == 0);
	cr_assert(lchown("sticky/link", 1000, 1000) == 0 && lchown("sticky/dir", 1000, 1000) == 0);
	cr_assert(symlink("sticky/link", "way") == 0 && symlink("../file", "sticky/mine") == 0);
}

Test(path_names, hostile_links_are_followed_only_where_nobody_guards_against_them)
{
	static const struct {
		const char *string;
		unsigned flags;
		bool refused;
	} rows[] = {
		{ "sticky/link", PATH_FOLLOW, true },
		{ "way", PATH_FOLLOW, true },
		{ "@/sticky/link", PATH_FOLLOW, true },
		{ "@/way", PATH_FOLLOW, true },
		{ "sticky/dir/", PATH_FOLLOW, true },
		{ "@/sticky/dir/", 0, true },
		{ "sticky/dir/.", PATH_FOLLOW, false },
		{ "sticky/link", 0, false },
		{ "sticky/mine", PATH_FOLLOW, false },
		{ "sticky/dir/e/g", PATH_FOLLOW, false },
		{ "to_file", PATH_FOLLOW, false },
	};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	make_hostile();
	for (unsigned way = 0; way < 4 * ARRAY_SIZE(rows); way++) {
		PATH_LOCAL(path);
		const unsigned row = way / 4;
		const bool refused =
			rows[row].refused && (way & 1 || mounts_protected_symlinks(fake.supervisor.mounts));

		fake.guards_links = way & 1;
		cr_expect_eq(find(way & 2 ? ROAD_SLOW : ROAD_USUAL, AT_FDCWD, expand(rows[row].string), rows[row].flags,
				     &path),
			refused ? -EACCES : 0, "%s, way %u", rows[row].string, way);
	}
	cr_expect(fake.links_refused > 0 || mounts_protected_symlinks(fake.supervisor.mounts));
}

Test(path_names, protected_links_are_not_followed_for_others)
{
	const unsigned sticky = S_IFDIR | S_ISVTX | 0777;

	cr_expect(path_link_is_hostile(sticky, 0, 1000, 1001));
	cr_expect_not(path_link_is_hostile(sticky, 0, 1001, 1001));
	cr_expect_not(path_link_is_hostile(sticky, 1000, 1000, 1001));
	cr_expect_not(path_link_is_hostile(S_IFDIR | 0777, 0, 1000, 1001));
	cr_expect_not(path_link_is_hostile(S_IFDIR | S_ISVTX | 0775, 0, 1000, 1001));
	cr_expect(path_link_is_hostile(sticky, 0, 1000, 0));
}
