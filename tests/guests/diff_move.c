/*
 * The calls with two names: rename in its three forms and link, for every pair of
 * kinds of names, with the tree made anew before each.
 */
#include "diff.h"
#include "diff_tree.h"

#include <dirent.h>

static const char *const move_names[] = {
	"file",
	"twin",
	"dir",
	"dir/",
	"dir/file",
	"dir/sub",
	"dir/.",
	"empty",
	"link",
	"link/",
	"dirlink",
	"dirlink/",
	"dangling",
	"loop/x",
	"fifo",
	"missing",
	"missing/",
	"missing/x",
	"file/x",
	"closed/file",
	"foreign/file",
	"foreign/sticky/file",
	".",
	"..",
	"",
};

/* Removes all below an open directory but what the runner made. */
static void move_clear(int dirfd)
{
	DIR *directory = fdopendir(dirfd);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "foreign") == 0 ||
			strcmp(entry->d_name, "chain") == 0)
			continue;
		if (unlinkat(dirfd, entry->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM))
			continue;
		fchmodat(dirfd, entry->d_name, 0755, 0);
		move_clear(openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY));
		unlinkat(dirfd, entry->d_name, AT_REMOVEDIR);
	}
	if (directory)
		closedir(directory);
}

static void move_reset(void)
{
	move_clear(open(".", O_RDONLY | O_DIRECTORY));
	mkdir("empty", 0755);
	diff_make_tree();
	(void)!link("file", "twin");
	/* as root these can be moved away, into what was just removed */
	if (geteuid() == 0) {
		diff_write("foreign/file", "f\n", 0600);
		diff_write("foreign/sticky/file", "s\n", 0644);
	}
}

static void move_show(struct diff *diff, const char *from, const char *to)
{
	struct stat status;

	if (diff->result == 0 && lstat(from, &status) == 0) {
		printf(" old");
		diff_show_status(&status);
	}
	if (diff->result == 0 && lstat(to, &status) == 0) {
		printf(" new");
		diff_show_status(&status);
	}
	putchar('\n');
	if (diff->result == 0)
		move_reset();
}

#define MOVE(diff, from, to, call, ...) \
	do { \
		DIFF_BEGIN(diff, call, __VA_ARGS__); \
		move_show(diff, from, to); \
	} while (0)

static void move_each(struct diff *diff, const char *from, const char *to)
{
	static const unsigned renames[] = { 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE,
		0x80 };
	static const int links[] = { 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, 1 };

	MOVE(diff, from, to, rename(from, to), "rename(\"%s\", \"%s\")", from, to);
	for (size_t i = 0; i < DIFF_COUNT(renames); i++)
		MOVE(diff, from, to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, renames[i]),
			"renameat2(\"%s\", \"%s\", %x)", from, to, renames[i]);
	for (size_t i = 0; i < DIFF_COUNT(links); i++)
		MOVE(diff, from, to, linkat(AT_FDCWD, from, AT_FDCWD, to, links[i]), "linkat(\"%s\", \"%s\", %x)", from,
			to, (unsigned)links[i]);
}

static void move_descriptors(struct diff *diff)
{
	int flags = diff->with_path ? O_PATH : O_RDONLY;
	int dir = open("dir", flags), file = open("file", flags);

	MOVE(diff, "file", "dir/x", renameat(AT_FDCWD, "file", dir, "x"), "renameat(cwd, file, dir, x)");
	MOVE(diff, "file", "x", renameat(AT_FDCWD, "file", 99, "x"), "renameat(cwd, file, 99, x)");
	MOVE(diff, "file", "x", renameat(file, "x", AT_FDCWD, "x"), "renameat(file, x, cwd, x)");
	MOVE(diff, "file", "x", linkat(99, "", AT_FDCWD, "x", AT_EMPTY_PATH), "linkat(99, empty)");
	MOVE(diff, "dir", "x", linkat(dir, "", AT_FDCWD, "x", AT_EMPTY_PATH), "linkat(dir, empty)");
	MOVE(diff, "file", "twin", linkat(file, "", AT_FDCWD, "twin", AT_EMPTY_PATH), "linkat(file, empty, twin)");
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	diff_make_tree();
	move_reset();
	move_descriptors(&diff);
	for (size_t i = 0; i < DIFF_COUNT(move_names); i++)
		for (size_t j = 0; j < DIFF_COUNT(move_names); j++)
			move_each(&diff, move_names[i], move_names[j]);
	return 0;
}
