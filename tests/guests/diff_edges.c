/*
 * The edges that all calls with a path share: pointers that lead nowhere or to the end of a page, the longest names
 * and paths and those one byte longer, forty links and forty-one, directories that are gone, every bit of every
 * flags argument, and results that cannot be written back.
 */
#include "diff.h"
#include "diff_tree.h"

#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

/* Descriptors with fixed numbers, above those that calls return: the cwd of the tree, a deleted one, inotify. */
enum { EDGE_HOME = 40, EDGE_LOST, EDGE_NOTIFY = 60 };
enum { EDGE_LARGE = 8192, EDGE_LINKS = 42 };

struct edge_path {
	const char *shown, *path;
};

struct edge {
	struct diff diff;
	char *page;     /* GUEST_PAGE bytes, and as much behind that cannot be read */
	char *constant; /* can be read only */
	char large[EDGE_LARGE];
};

struct edge_call {
	const char *name;
	long (*call)(struct edge *edge, int dirfd, const char *path);
	bool at;
};

#define EDGE_CALL(id, ...) \
	static long edge_##id(struct edge *edge, int dirfd, const char *path) \
	{ \
		(void)edge; \
		(void)dirfd; \
		return (long)syscall(__VA_ARGS__); \
	}

EDGE_CALL(openat, SYS_openat, dirfd, path, O_RDONLY)
EDGE_CALL(openat_directory, SYS_openat, dirfd, path, O_RDONLY | O_DIRECTORY)
EDGE_CALL(openat_create, SYS_openat, dirfd, path, O_RDWR | O_CREAT, 0640)
EDGE_CALL(openat_excl, SYS_openat, dirfd, path, O_RDWR | O_CREAT | O_EXCL, 0640)
EDGE_CALL(openat_tmpfile, SYS_openat, dirfd, path, O_RDWR | O_TMPFILE, 0640)
EDGE_CALL(openat_invalid, SYS_openat, dirfd, path, O_CREAT | O_DIRECTORY, 0640)
EDGE_CALL(openat2, SYS_openat2, dirfd, path, &(struct open_how){ .flags = O_RDWR }, sizeof(struct open_how))
EDGE_CALL(openat2_invalid, SYS_openat2, dirfd, path, &(struct open_how){ .mode = 1 }, sizeof(struct open_how))
EDGE_CALL(openat2_small, SYS_openat2, dirfd, path, &(struct open_how){ .mode = 0 }, 7)
EDGE_CALL(fstatat, CALL_FSTATAT, dirfd, path, edge->large, 0)
EDGE_CALL(fstatat_empty, CALL_FSTATAT, dirfd, path, edge->large, AT_EMPTY_PATH)
EDGE_CALL(fstatat_invalid, CALL_FSTATAT, dirfd, path, edge->large, 1)
EDGE_CALL(statx, SYS_statx, dirfd, path, 0, STATX_ALL, edge->large)
EDGE_CALL(faccessat2, SYS_faccessat2, dirfd, path, W_OK, AT_EACCESS)
EDGE_CALL(faccessat2_invalid, SYS_faccessat2, dirfd, path, 8, 0)
EDGE_CALL(readlinkat, SYS_readlinkat, dirfd, path, edge->large, 100)
EDGE_CALL(readlinkat_none, SYS_readlinkat, dirfd, path, edge->large, 0)
EDGE_CALL(fchmodat, SYS_fchmodat, dirfd, path, 0640)
EDGE_CALL(fchmodat2, SYS_fchmodat2, dirfd, path, 0640, AT_SYMLINK_NOFOLLOW)
EDGE_CALL(fchownat, SYS_fchownat, dirfd, path, -1, -1, 0)
EDGE_CALL(fchownat_empty, SYS_fchownat, dirfd, path, -1, -1, AT_EMPTY_PATH)
EDGE_CALL(utimensat, SYS_utimensat, dirfd, path, NULL, 0)
EDGE_CALL(utimensat_invalid, SYS_utimensat, dirfd, path, NULL, 1)
EDGE_CALL(mkdirat, SYS_mkdirat, dirfd, path, 0751)
EDGE_CALL(mknodat, SYS_mknodat, dirfd, path, S_IFREG | 0640, 0)
EDGE_CALL(mknodat_fifo, SYS_mknodat, dirfd, path, S_IFIFO | 0640, 0)
EDGE_CALL(unlinkat, SYS_unlinkat, dirfd, path, 0)
EDGE_CALL(rmdirat, SYS_unlinkat, dirfd, path, AT_REMOVEDIR)
EDGE_CALL(symlinkat, SYS_symlinkat, "target", dirfd, path)
EDGE_CALL(symlinkat_target, SYS_symlinkat, path, dirfd, "made")
EDGE_CALL(renameat_old, SYS_renameat, dirfd, path, dirfd, "made")
EDGE_CALL(renameat_new, SYS_renameat, AT_FDCWD, "file", dirfd, path)
EDGE_CALL(renameat_missing, SYS_renameat, AT_FDCWD, "missing", dirfd, path)
EDGE_CALL(renameat2_noreplace, SYS_renameat2, AT_FDCWD, "file", dirfd, path, 1)
EDGE_CALL(linkat_old, SYS_linkat, dirfd, path, dirfd, "made", 0)
EDGE_CALL(linkat_empty, SYS_linkat, dirfd, path, AT_FDCWD, "made", AT_EMPTY_PATH)
EDGE_CALL(linkat_new, SYS_linkat, AT_FDCWD, "file", dirfd, path, 0)
EDGE_CALL(open, SYS_open, path, O_RDONLY)
EDGE_CALL(creat, SYS_creat, path, 0640)
EDGE_CALL(stat, CALL_STAT, path, edge->large)
EDGE_CALL(lstat, CALL_LSTAT, path, edge->large)
EDGE_CALL(access, SYS_access, path, R_OK)
EDGE_CALL(readlink, SYS_readlink, path, edge->large, 100)
EDGE_CALL(getxattr, SYS_getxattr, path, "user.none", edge->large, 10)
EDGE_CALL(lgetxattr_none, SYS_lgetxattr, path, "", edge->large, 10)
EDGE_CALL(listxattr, SYS_listxattr, path, edge->large, 100)
EDGE_CALL(setxattr, SYS_setxattr, path, "user.edge", "v", 1, 0)
EDGE_CALL(setxattr_invalid, SYS_setxattr, path, "user.edge", "v", 1, 4)
EDGE_CALL(removexattr, SYS_removexattr, path, "user.none")
EDGE_CALL(chmod, SYS_chmod, path, 0640)
EDGE_CALL(lchown, CALL_LCHOWN, path, -1, -1)
EDGE_CALL(utime, SYS_utime, path, NULL)
EDGE_CALL(utimes, SYS_utimes, path, NULL)
EDGE_CALL(truncate, SYS_truncate, path, 3L)
EDGE_CALL(truncate_invalid, SYS_truncate, path, -1L)
EDGE_CALL(mkdir, SYS_mkdir, path, 0751)
EDGE_CALL(rmdir, SYS_rmdir, path)
EDGE_CALL(unlink, SYS_unlink, path)
EDGE_CALL(symlink, SYS_symlink, "target", path)
EDGE_CALL(rename_old, SYS_rename, path, "made")
EDGE_CALL(rename_new, SYS_rename, "file", path)
EDGE_CALL(link_old, SYS_link, path, "made")
EDGE_CALL(link_new, SYS_link, "file", path)
EDGE_CALL(mknod, SYS_mknod, path, S_IFSOCK | 0640, 0)
EDGE_CALL(mknod_invalid, SYS_mknod, path, S_IFDIR | 0640, 0)
EDGE_CALL(statfs, SYS_statfs, path, edge->large)
EDGE_CALL(inotify_add_watch, SYS_inotify_add_watch, EDGE_NOTIFY, path, IN_MODIFY)
EDGE_CALL(inotify_none, SYS_inotify_add_watch, EDGE_NOTIFY, path, 0)
EDGE_CALL(inotify_bad, SYS_inotify_add_watch, 99, path, IN_MODIFY)
EDGE_CALL(chdir, SYS_chdir, path)

#define AT(id) \
	{ \
#id, edge_##id, true \
	}
#define NO_AT(id) \
	{ \
#id, edge_##id, false \
	}

static const struct edge_call edge_calls[] = {
	AT(openat),
	AT(openat_directory),
	AT(openat_create),
	AT(openat_excl),
	AT(openat_tmpfile),
	AT(openat_invalid),
	AT(openat2),
	AT(openat2_invalid),
	AT(openat2_small),
	AT(fstatat),
	AT(fstatat_empty),
	AT(fstatat_invalid),
	AT(statx),
	AT(faccessat2),
	AT(faccessat2_invalid),
	AT(readlinkat),
	AT(readlinkat_none),
	AT(fchmodat),
	AT(fchmodat2),
	AT(fchownat),
	AT(fchownat_empty),
	AT(utimensat),
	AT(utimensat_invalid),
	AT(mkdirat),
	AT(mknodat),
	AT(mknodat_fifo),
	AT(unlinkat),
	AT(rmdirat),
	AT(symlinkat),
	AT(symlinkat_target),
	AT(renameat_old),
	AT(renameat_new),
	AT(renameat_missing),
	AT(renameat2_noreplace),
	AT(linkat_old),
	AT(linkat_empty),
	AT(linkat_new),
	NO_AT(open),
	NO_AT(creat),
	NO_AT(stat),
	NO_AT(lstat),
	NO_AT(access),
	NO_AT(readlink),
	NO_AT(getxattr),
	NO_AT(lgetxattr_none),
	NO_AT(listxattr),
	NO_AT(setxattr),
	NO_AT(setxattr_invalid),
	NO_AT(removexattr),
	NO_AT(chmod),
	NO_AT(lchown),
	NO_AT(utime),
	NO_AT(utimes),
	NO_AT(truncate),
	NO_AT(truncate_invalid),
	NO_AT(mkdir),
	NO_AT(rmdir),
	NO_AT(unlink),
	NO_AT(symlink),
	NO_AT(rename_old),
	NO_AT(rename_new),
	NO_AT(link_old),
	NO_AT(link_new),
	NO_AT(mknod),
	NO_AT(mknod_invalid),
	NO_AT(statfs),
	NO_AT(inotify_add_watch),
	NO_AT(inotify_none),
	NO_AT(inotify_bad),
	NO_AT(chdir),
};

static void edge_make_links(void)
{
	mkdir("links", 0755);
	(void)!symlink("../dir", "links/1");
	for (int i = 2; i < EDGE_LINKS; i++) {
		char from[32], to[32];

		snprintf(from, sizeof(from), "%d", i - 1);
		snprintf(to, sizeof(to), "links/%d", i);
		(void)!symlink(from, to);
	}
}

/* What a call that worked has left, below home or the cwd, is undone; a descriptor is closed. */
static void edge_reset(struct edge *edge, int home, const char *path)
{
	int fd = (int)edge->diff.result;

	if (edge->diff.result < 0)
		return;
	if (fd > EDGE_NOTIFY)
		close(fd);
	CHECK(fchmod(EDGE_HOME, 0755) == 0 && fchmod(home, 0755) == 0 && fchdir(home) == 0);
	if (strcmp(path, "file") != 0)
		unlink(path);
	rmdir(path);
	CHECK(fchdir(EDGE_HOME) == 0);
	chmod("dir", 0755);
	unlink("made");
	rmdir("made");
	rmdir("dir/made");
	unlink("dir/made");
	removexattr("file", "user.edge");
	diff_write("file", "content", 0644);
	if (strncmp(path, "chain", 5) == 0 || strncmp(path, "links", 5) == 0) {
		edge_make_links();
		diff_make_tree();
	}
	CHECK(fchdir(home) == 0);
}

/* Whether the pointer may be followed by us, too. */
static const char *edge_readable(const struct edge_path *path)
{
	return path->shown[0] == '*' ? "" : path->path;
}

static void edge_each(struct edge *edge, const char *what, int dirfd, const struct edge_path *path, int home)
{
	for (size_t i = 0; i < DIFF_COUNT(edge_calls); i++) {
		const struct edge_call *call = &edge_calls[i];

		if (!call->at && dirfd != AT_FDCWD)
			continue;
		DIFF(&edge->diff, call->call(edge, dirfd, path->path), "%s(%s, %s)", call->name, what, path->shown);
		edge_reset(edge, home, edge_readable(path));
	}
}

/* length bytes of dots and slashes, and the name at their end. */
static const char *edge_long(size_t length, const char *name)
{
	char *path = malloc(length + 1);
	size_t rest = length - strlen(name);

	for (size_t i = 0; i < rest; i++)
		path[i] = i % 2 == 0 && i + 1 < rest ? '.' : '/';
	memcpy(path + rest, name, strlen(name) + 1);
	return path;
}

static const char *edge_name(size_t length)
{
	char *name = calloc(1, length + 1);

	memset(name, 'n', length);
	return name;
}

/* The text ends where the page does, with or without its NUL. */
static const char *edge_at_end(struct edge *edge, const char *text, size_t length)
{
	return memcpy(edge->page + GUEST_PAGE - length, text, length);
}

static void edge_pointers(struct edge *edge)
{
	char many[PATH_MAX];

	memset(many, 'a', sizeof(many));
#define POINTER(shown, pointer) edge_each(edge, "cwd", AT_FDCWD, &(struct edge_path){ shown, pointer }, EDGE_HOME)
	POINTER("* NULL", NULL);
	POINTER("* 1", (const char *)1);
	POINTER("* -1", (const char *)-1L);
	POINTER("* -4096", (const char *)-4096L);
	POINTER("* unreadable", edge->page + GUEST_PAGE);
	POINTER("* name without end", edge_at_end(edge, "file", 4));
	POINTER("* page without end", edge_at_end(edge, many, sizeof(many)));
	POINTER("* slash without end", edge_at_end(edge, "/", 1));
	POINTER("file at the end", edge_at_end(edge, "file", 5));
	POINTER("made at the end", edge_at_end(edge, "made", 5));
	POINTER("empty at the end", edge_at_end(edge, "", 1));
#undef POINTER
	edge_each(edge, "99", 99, &(struct edge_path){ "* NULL", NULL }, EDGE_HOME);
	edge_each(edge, "99", 99, &(struct edge_path){ "* unreadable", edge->page + GUEST_PAGE }, EDGE_HOME);
	edge_each(edge, "notify", EDGE_NOTIFY, &(struct edge_path){ "* NULL", NULL }, EDGE_HOME);
}

static void edge_lengths(struct edge *edge)
{
	const struct edge_path paths[] = {
		{ "empty", "" },
		{ "name of 255", edge_name(255) },
		{ "name of 256", edge_name(256) },
		{ "name of 4095", edge_name(4095) },
		{ "file by 4095", edge_long(4095, "file") },
		{ "file by 4096", edge_long(4096, "file") },
		{ "made by 4094", edge_long(4094, "made") },
		{ "made by 4095", edge_long(4095, "made") },
		{ "made by 4096", edge_long(4096, "made") },
		{ "dir/ by 4095", edge_long(4095, "dir/") },
		{ "dir/. by 4095", edge_long(4095, "dir/.") },
		{ "made/ by 4095", edge_long(4095, "made/") },
		{ "slashes by 4095", edge_long(4095, "/") },
		{ "forty links to a file", "chain/40" },
		{ "forty-one links to a file", "chain/41" },
		{ "forty links", "links/40/made" },
		{ "forty-one links", "links/41/made" },
		{ "forty links, slash", "links/40/" },
		{ "forty-one links, slash", "links/41/" },
		{ "forty links, dots", "links/40/.." },
		{ "twice twenty links", "links/20/../links/20/made" },
		{ "twenty and twenty-one links", "links/20/../links/21/made" },
		{ "made//", "made//" },
		{ "made/.", "made/." },
		{ "made/..", "made/.." },
		{ "dir/.", "dir/." },
		{ "dir/..", "dir/.." },
		{ "dir/../made", "dir/../made" },
		{ "...", "..." },
	};

	edge_make_links();
	for (size_t i = 0; i < DIFF_COUNT(paths); i++)
		edge_each(edge, "cwd", AT_FDCWD, &paths[i], EDGE_HOME);
}

static void edge_gone(struct edge *edge, const char *what, int dirfd, int home)
{
	static const struct edge_path paths[] = { { "empty", "" }, { ".", "." }, { "..", ".." }, { "./", "./" },
		{ "made", "made" }, { "made/", "made/" }, { "./made", "./made" }, { "../made", "../made" },
		{ "/dev/null/x", "/dev/null/x" } };

	for (size_t i = 0; i < DIFF_COUNT(paths); i++)
		edge_each(edge, what, dirfd, &paths[i], home);
}

static void edge_directories(struct edge *edge)
{
	int pipes[2] = { -1, -1 }, doomed;

	CHECK(mkdir("doomed", 0755) == 0 && (doomed = open("doomed", O_RDONLY)) >= 0 && rmdir("doomed") == 0);
	edge_gone(edge, "deleted", doomed, EDGE_HOME);
	edge_gone(edge, "file", open("file", O_RDONLY), EDGE_HOME);
	edge_gone(edge, "pipe", pipe(pipes) ? -1 : pipes[0], EDGE_HOME);
	edge_gone(edge, "-1", -1, EDGE_HOME);
	edge_gone(edge, "99", 99, EDGE_HOME);
	edge_gone(edge, "dir", open("dir", O_RDONLY), EDGE_HOME);
}

static void edge_gone_cwd(struct edge *edge)
{
	int home;

	CHECK(mkdir("lost", 0755) == 0 && chdir("lost") == 0 && rmdir("../lost") == 0);
	CHECK((home = open(".", O_RDONLY)) >= 0 && dup2(home, EDGE_LOST) == EDGE_LOST);
	edge_gone(edge, "deleted cwd", AT_FDCWD, EDGE_LOST);
	CHECK(fchdir(EDGE_HOME) == 0);
}

/* Every bit of a flags argument alone; not what makes a whiteout (doc/BOUNDARY.md). */
static void edge_flags(struct edge *edge, unsigned bit)
{
	struct diff *diff = &edge->diff;
	const char *p = "file";

#define FLAGS(call, ...) \
	do { \
		DIFF(diff, call, __VA_ARGS__); \
		edge_reset(edge, EDGE_HOME, p); \
	} while (0)
	FLAGS(syscall(CALL_FSTATAT, AT_FDCWD, p, edge->large, bit), "fstatat(file, %x)", bit);
	FLAGS(syscall(CALL_FSTATAT, AT_FDCWD, "", edge->large, bit | AT_EMPTY_PATH), "fstatat(empty, %x)", bit);
	FLAGS(syscall(SYS_statx, AT_FDCWD, p, bit, STATX_ALL, edge->large), "statx(file, %x)", bit);
	FLAGS(syscall(SYS_statx, AT_FDCWD, p, 0, bit, edge->large), "statx(file, 0, mask %x)", bit);
	FLAGS(syscall(SYS_faccessat2, AT_FDCWD, p, 0, bit), "faccessat2(file, 0, %x)", bit);
	FLAGS(syscall(SYS_faccessat2, AT_FDCWD, p, bit, 0), "faccessat2(file, %x, 0)", bit);
	FLAGS(syscall(SYS_access, p, bit), "access(file, %x)", bit);
	FLAGS(syscall(SYS_fchmodat2, AT_FDCWD, p, 0600, bit), "fchmodat2(file, %x)", bit);
	FLAGS(syscall(SYS_fchmodat, AT_FDCWD, p, bit), "fchmodat(file, mode %x)", bit);
	FLAGS(syscall(SYS_fchownat, AT_FDCWD, p, -1, -1, bit), "fchownat(file, %x)", bit);
	FLAGS(syscall(SYS_utimensat, AT_FDCWD, p, NULL, bit), "utimensat(file, %x)", bit);
	FLAGS(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, bit), "utimensat(NULL, %x)", bit);
	FLAGS(syscall(SYS_linkat, AT_FDCWD, p, AT_FDCWD, "made", bit), "linkat(file, made, %x)", bit);
	FLAGS(syscall(SYS_renameat2, AT_FDCWD, "missing", AT_FDCWD, "made", bit), "renameat2(missing, made, %x)", bit);
	if (bit != RENAME_WHITEOUT)
		FLAGS(syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, "made", bit), "renameat2(file, made, %x)", bit);
	FLAGS(syscall(SYS_unlinkat, AT_FDCWD, "missing", bit), "unlinkat(missing, %x)", bit);
	FLAGS(syscall(SYS_unlinkat, AT_FDCWD, p, bit), "unlinkat(file, %x)", bit);
	FLAGS(syscall(SYS_unlinkat, AT_FDCWD, "dir", bit), "unlinkat(dir, %x)", bit);
	FLAGS(syscall(SYS_setxattr, p, "user.edge", "v", 1, bit), "setxattr(file, %x)", bit);
	FLAGS(syscall(SYS_mkdir, "made", bit), "mkdir(made, %x)", bit);
	if (bit != S_IFCHR)
		FLAGS(syscall(SYS_mknodat, AT_FDCWD, "made", bit, 0), "mknodat(made, %x)", bit);
	FLAGS(syscall(SYS_memfd_create, "edge", bit), "memfd_create(edge, %x)", bit);
	FLAGS(syscall(SYS_inotify_add_watch, EDGE_NOTIFY, p, bit), "inotify_add_watch(file, %x)", bit);
	FLAGS(syscall(SYS_inotify_add_watch, EDGE_NOTIFY, p, bit | IN_MODIFY), "inotify_add_watch(file, 2 %x)", bit);
	if (bit != O_PATH || diff->with_path) {
		FLAGS(syscall(SYS_open, p, bit, 0600), "open(file, %x)", bit);
		FLAGS(syscall(SYS_open, p, bit | O_RDWR, 0600), "open(file, 2 %x)", bit);
		FLAGS(syscall(SYS_open, "dir", bit, 0600), "open(dir, %x)", bit);
		FLAGS(syscall(SYS_open, "link", bit, 0600), "open(link, %x)", bit);
		FLAGS(syscall(SYS_open, "made", bit | O_CREAT, 0600), "open(made, 40 %x)", bit);
	}
	FLAGS(syscall(SYS_open, "made", O_CREAT | O_RDWR, bit), "open(made, 42, mode %x)", bit);
#undef FLAGS
}

/* The bits of openat2's arguments, all sixty-four; not those that doc/BOUNDARY.md names. */
static void edge_wide_flags(struct edge *edge, int shift)
{
	struct diff *diff = &edge->diff;
	struct open_how how = { .flags = 1ULL << shift };

	if (how.flags != O_PATH) {
		DIFF(diff, syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)), "openat2(file, bit %d)", shift);
		edge_reset(edge, EDGE_HOME, "file");
		how.flags |= O_CREAT;
		DIFF(diff, syscall(SYS_openat2, AT_FDCWD, "made", &how, sizeof(how)), "openat2(made, create %d)",
			shift);
		edge_reset(edge, EDGE_HOME, "made");
	}
	how = (struct open_how){ .resolve = 1ULL << shift };
	if (how.resolve != RESOLVE_CACHED) {
		DIFF(diff, syscall(SYS_openat2, AT_FDCWD, "link", &how, sizeof(how)), "openat2(resolve %d)", shift);
		edge_reset(edge, EDGE_HOME, "link/");
	}
	how = (struct open_how){ .flags = O_CREAT | O_RDWR, .mode = 1ULL << shift };
	DIFF(diff, syscall(SYS_openat2, AT_FDCWD, "made", &how, sizeof(how)), "openat2(mode %d)", shift);
	edge_reset(edge, EDGE_HOME, "made");
}

/* One result or block of arguments, at every place where it cannot lie; of a file, and of none. */
static void edge_buffer(struct edge *edge, const char *shown, char *at, const char *path)
{
	struct diff *diff = &edge->diff;

#define BUFFER(call, ...) \
	do { \
		DIFF(diff, call, __VA_ARGS__); \
		edge_reset(edge, EDGE_HOME, "file"); \
	} while (0)
	BUFFER(syscall(CALL_STAT, path, at), "stat(%s, %s)", path, shown);
	BUFFER(syscall(CALL_FSTATAT, 0, path, at, AT_SYMLINK_NOFOLLOW), "fstatat(%s, %s)", path, shown);
	BUFFER(syscall(SYS_fstat, EDGE_HOME, at), "fstat(%s)", shown);
	BUFFER(syscall(SYS_statx, AT_FDCWD, path, 0, 0, at), "statx(%s, %s)", path, shown);
	BUFFER(syscall(SYS_statfs, path, at), "statfs(%s, %s)", path, shown);
	BUFFER(syscall(SYS_fstatfs, EDGE_HOME, at), "fstatfs(%s)", shown);
	BUFFER(syscall(SYS_readlink, "link", at, 4), "readlink(link, %s, 4)", shown);
	BUFFER(syscall(SYS_readlink, path, at, 4), "readlink(%s, %s, 4)", path, shown);
	BUFFER(syscall(SYS_readlink, "link", at, INT_MAX), "readlink(link, %s, maximum)", shown);
	BUFFER(syscall(SYS_getxattr, path, "user.kept", at, 8), "getxattr(%s, %s)", path, shown);
	BUFFER(syscall(SYS_getxattr, path, at, NULL, 0), "getxattr(%s, name %s)", path, shown);
	BUFFER(syscall(SYS_getxattr, path, "user.kept", at, 1 << 20), "getxattr(%s, %s, much)", path, shown);
	BUFFER(syscall(SYS_listxattr, path, at, 64), "listxattr(%s, %s)", path, shown);
	BUFFER(syscall(SYS_setxattr, path, "user.edge", at, 8, 0), "setxattr(%s, %s)", path, shown);
	BUFFER(syscall(SYS_setxattr, path, "user.edge", at, 0, 0), "setxattr(%s, %s, 0)", path, shown);
	BUFFER(syscall(SYS_setxattr, path, "user.edge", at, 65537, 0), "setxattr(%s, %s, 65537)", path, shown);
	BUFFER(syscall(SYS_setxattr, path, at, "v", 1, 0), "setxattr(%s, name %s)", path, shown);
	BUFFER(syscall(SYS_removexattr, path, at), "removexattr(%s, name %s)", path, shown);
	BUFFER(syscall(SYS_utimensat, AT_FDCWD, path, at, 0), "utimensat(%s, %s)", path, shown);
	BUFFER(syscall(SYS_utimensat, AT_FDCWD, path, at, 1), "utimensat(%s, %s, 1)", path, shown);
	BUFFER(syscall(SYS_utime, path, at), "utime(%s, %s)", path, shown);
	BUFFER(syscall(SYS_utimes, path, at), "utimes(%s, %s)", path, shown);
	BUFFER(syscall(SYS_openat2, AT_FDCWD, path, at, 24), "openat2(%s, %s)", path, shown);
	BUFFER(syscall(SYS_openat2, AT_FDCWD, path, at, 23), "openat2(%s, %s, 23)", path, shown);
	BUFFER(syscall(SYS_openat2, AT_FDCWD, path, at, 25), "openat2(%s, %s, 25)", path, shown);
	BUFFER(syscall(SYS_openat2, AT_FDCWD, path, at, sysconf(_SC_PAGESIZE) + 1), "openat2(%s, %s, a page and one)",
		path, shown);
	BUFFER(syscall(SYS_rename, at, path), "rename(%s, %s)", shown, path);
	BUFFER(syscall(SYS_link, at, path), "link(%s, %s)", shown, path);
	BUFFER(syscall(SYS_symlink, at, path), "symlink(%s, %s)", shown, path);
	BUFFER(syscall(SYS_memfd_create, at, 0), "memfd_create(%s)", shown);
	BUFFER(syscall(SYS_memfd_create, at, ~0U), "memfd_create(%s, all)", shown);
#undef BUFFER
}

static void edge_buffers(struct edge *edge)
{
	static const char *const paths[] = { "file", "missing", "closed/file", "loop" };

	setxattr("file", "user.kept", "kept", 4, 0);
	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		edge_buffer(edge, "NULL", NULL, paths[i]);
		edge_buffer(edge, "1", (char *)1, paths[i]);
		edge_buffer(edge, "-8", (char *)-8L, paths[i]);
		edge_buffer(edge, "unreadable", edge->page + GUEST_PAGE, paths[i]);
		memset(edge->page, 'x', GUEST_PAGE);
		edge_buffer(edge, "over the end", edge->page + GUEST_PAGE - 3, paths[i]);
		memset(edge->page, 0, GUEST_PAGE);
		edge_buffer(edge, "at the end", edge->page + GUEST_PAGE - 8, paths[i]);
		edge_buffer(edge, "constant", edge->constant, paths[i]);
	}
}

/* Names of attributes: none, the longest, one byte more, none of a namespace, and values of all sizes. */
static void edge_attributes(struct edge *edge)
{
	static const size_t sizes[] = { 0, 1, 100, 4000, 65536, 65537 };
	static const char *const names[] = { "", "user.", "user", "trusted.x", "security.x", "system.x", "none.x",
		"user.edge", "system.posix_acl_access" };
	struct diff *diff = &edge->diff;
	static char value[1 << 17];

	for (size_t i = 0; i < DIFF_COUNT(names) + 3; i++) {
		char name[300] = "user.";
		const char *shown = i < DIFF_COUNT(names) ? names[i] : "long";

		if (i < DIFF_COUNT(names))
			snprintf(name, sizeof(name), "%s", names[i]);
		else
			memset(name + 5, 'x', 249 + i - DIFF_COUNT(names));
		DIFF(diff, syscall(SYS_getxattr, "file", name, value, 10), "getxattr(file, %s %zu)", shown, i);
		DIFF(diff, syscall(SYS_setxattr, "dir", name, "v", 1, 2), "setxattr(dir, %s %zu)", shown, i);
		DIFF(diff, syscall(SYS_lsetxattr, "link", name, "v", 1, 0), "lsetxattr(link, %s %zu)", shown, i);
		DIFF(diff, syscall(SYS_removexattr, "file", name), "removexattr(file, %s %zu)", shown, i);
		DIFF(diff, syscall(SYS_fgetxattr, EDGE_HOME, name, value, 10), "fgetxattr(cwd, %s %zu)", shown, i);
		DIFF(diff, syscall(SYS_fremovexattr, EDGE_HOME, name), "fremovexattr(cwd, %s %zu)", shown, i);
	}
	for (size_t i = 0; i < DIFF_COUNT(sizes); i++) {
		DIFF(diff, syscall(SYS_setxattr, "file", "user.edge", value, sizes[i], 0), "setxattr(file, %zu)",
			sizes[i]);
		DIFF(diff, syscall(SYS_getxattr, "file", "user.edge", value, sizes[i]), "getxattr(file, %zu)",
			sizes[i]);
		DIFF(diff, syscall(SYS_getxattr, "file", "user.edge", value, 0), "getxattr(file, 0) of %zu", sizes[i]);
		DIFF(diff, syscall(SYS_getxattr, "file", "user.edge", value, sizeof(value)), "getxattr(file, much)");
	}
	DIFF(diff, syscall(SYS_removexattr, "file", "user.edge"), "removexattr(file)");
}

int main(int argc, char **argv)
{
	static struct edge edge;

	edge.diff = diff_start(argc, argv);
	diff_make_tree();
	edge.page = mmap(NULL, 2 * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge.constant = mmap(NULL, GUEST_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(edge.page != MAP_FAILED && edge.constant != MAP_FAILED);
	CHECK(mprotect(edge.page + GUEST_PAGE, GUEST_PAGE, PROT_NONE) == 0);
	CHECK(dup2(open(".", O_RDONLY), EDGE_HOME) == EDGE_HOME && dup2(inotify_init(), EDGE_NOTIFY) == EDGE_NOTIFY);
	edge_pointers(&edge);
	edge_lengths(&edge);
	edge_directories(&edge);
	edge_gone_cwd(&edge);
	for (int shift = 0; shift < 64; shift++) {
		if (shift < 32)
			edge_flags(&edge, 1U << shift);
		edge_wide_flags(&edge, shift);
	}
	edge_buffers(&edge);
	edge_attributes(&edge);
	return 0;
}
