/*
 * Builds and removes the scratch tree of the path tests.
 */
#include "tests/unit/path_tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util.h"

static const char *const tree_directories[] = { "d", "d/e", "d/e/f", "shut", "shut/in", "new\nline", "x (deleted)" };
static const char *const tree_files[] = { "file", "d/file", "d/e/g", "shut/in/file", "new\nline/a b", "x (deleted)/y" };
static const struct tree_link {
	const char *text;
	const char *name;
} tree_links[] = {
	{ "file", "to_file" },
	{ "d/e", "to_dir" },
	{ "d/e/", "to_dir_slash" },
	{ "file/", "to_file_slash" },
	{ "nowhere", "dangling" },
	{ "d/nowhere", "dangling_deep" },
	{ "no/where", "dangling_no" },
	{ "nowhere/", "dangling_slash" },
	{ "loop", "loop" },
	{ "loop_b", "loop_a" },
	{ "loop_a", "loop_b" },
	{ "..", "d/up" },
	{ ".", "here" },
	{ "/", "to_root" },
	{ "//etc/.", "to_etc" },
	{ "../file", "d/to_file" },
	{ "to_dir/../../file", "mixed" },
	{ "shut/in/file", "to_shut" },
};

static void tree_chain(void)
{
	char name[16];
	char text[16];

	for (int i = 0; i <= 41; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(text, sizeof(text), "l%d", i - 1);
		cr_assert_eq(symlink(i == 0 ? "d" : text, name), 0);
	}
}

void path_tree_make(char top[TREE_NAME_SIZE])
{
	snprintf(top, TREE_NAME_SIZE, "/tmp/kennel-path-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chmod(top, 0777), 0);
	cr_assert_eq(chdir(top), 0);
	umask(0);
	for (size_t i = 0; i < ARRAY_SIZE(tree_directories); i++)
		cr_assert_eq(mkdir(tree_directories[i], 0777), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tree_files); i++)
		cr_assert_eq(close(open(tree_files[i], O_CREAT | O_WRONLY, 0666)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tree_links); i++)
		cr_assert_eq(symlink(tree_links[i].text, tree_links[i].name), 0);
	tree_chain();
	cr_assert_eq(chmod("shut", 0), 0);
}

static int tree_remove_one(const char *name, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	/* A directory that shrinks while it is read may name an entry twice. */
	(void)remove(name);
	return 0;
}

void path_tree_remove(const char *top)
{
	cr_assert_eq(chdir("/"), 0);
	nftw(top, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
