/*
 * Calls on names that are longer than the kernel tells: relative strings of almost PATH_MAX bytes, so that with
 * the working directory before them they are longer than that. With dots and symlinks on the way, too.
 */
#include "diff.h"

#include <sys/statfs.h>
#include <sys/syscall.h>
#include <utime.h>

#define DEEP_PART 200

struct deep {
	struct diff diff;
	char way[PATH_MAX]; /* "ddd.../ddd.../", with room for a last name */
	char name[2 * PATH_MAX], other[2 * PATH_MAX];
};

/* The line tells the short name only. */
#define DEEP(deep, call, ...) DIFF(&(deep)->diff, call, __VA_ARGS__)

static const char *deep_put(const struct deep *deep, char name[2 * PATH_MAX], const char *prefix, const char *base)
{
	snprintf(name, 2 * PATH_MAX, "%s%s%s", prefix, deep->way, base);
	return name;
}

static void deep_make(struct deep *deep)
{
	size_t length = 0;

	while (length + DEEP_PART + 20 < PATH_MAX) {
		memset(deep->way + length, 'd', DEEP_PART);
		deep->way[length + DEEP_PART] = '\0';
		DEEP(deep, mkdir(deep->way, 0755), "mkdir at %zu", length);
		length += DEEP_PART;
		strcpy(deep->way + length++, "/");
	}
	(void)!symlink("d", "short");
	/* The last name ends where a string must. */
	for (size_t more = PATH_MAX - 3 - length; more <= PATH_MAX - length; more++) {
		char last[PATH_MAX] = "";

		memset(last, 'l', more);
		deep_put(deep, deep->name, "", last);
		DEEP(deep, open(deep->name, O_CREAT | O_RDWR | O_EXCL, 0600), "creat of %zu bytes", strlen(deep->name));
		DEEP(deep, unlink(deep->name), "unlink of %zu bytes", strlen(deep->name));
	}
}

static void deep_look(struct deep *deep, const char *prefix, const char *base)
{
	const char *name = deep_put(deep, deep->name, prefix, base);
	struct statfs system;
	struct stat status;
	char text[100] = "";

	DIFF_BEGIN(&deep->diff, lstat(name, &status), "lstat(%s:%s)", prefix, base);
	if (deep->diff.result == 0)
		diff_show_status(&status);
	putchar('\n');
	DEEP(deep, stat(name, &status), "stat(%s:%s)", prefix, base);
	DEEP(deep, access(name, X_OK), "access(%s:%s)", prefix, base);
	DEEP(deep, statfs(name, &system), "statfs(%s:%s)", prefix, base);
	DEEP(deep, readlink(name, text, sizeof(text) - 1), "readlink(%s:%s) %s", prefix, base, text);
	DEEP(deep, close(open(name, O_RDONLY | O_NONBLOCK)), "open(%s:%s)", prefix, base);
	DEEP(deep, close(open(name, O_RDWR | O_NONBLOCK | O_CREAT, 0600)), "creat(%s:%s)", prefix, base);
}

static void deep_change(struct deep *deep, const char *prefix, const char *base)
{
	const char *name = deep_put(deep, deep->name, prefix, base);
	const char *other = deep_put(deep, deep->other, prefix, "o");

	DEEP(deep, chmod(name, 0750), "chmod(%s:%s)", prefix, base);
	DEEP(deep, chown(name, getuid(), getgid()), "chown(%s:%s)", prefix, base);
	DEEP(deep, lchown(name, getuid(), getgid()), "lchown(%s:%s)", prefix, base);
	DEEP(deep, truncate(name, 7), "truncate(%s:%s)", prefix, base);
	DEEP(deep, utime(name, NULL), "utime(%s:%s)", prefix, base);
	DEEP(deep, mkdir(name, 0755), "mkdir(%s:%s)", prefix, base);
	DEEP(deep, mkfifo(name, 0755), "mkfifo(%s:%s)", prefix, base);
	DEEP(deep, symlink("x", name), "symlink(%s:%s)", prefix, base);
	DEEP(deep, link(name, other), "link(%s:%s)", prefix, base);
	DEEP(deep, unlink(other), "unlink(%s:%s)", prefix, base);
	DEEP(deep, rename(name, other), "rename(%s:%s)", prefix, base);
	DEEP(deep, syscall(SYS_renameat2, AT_FDCWD, other, AT_FDCWD, name, 1), "renameat2(%s:%s)", prefix, base);
	DEEP(deep, unlink(name), "unlink(%s:%s)", prefix, base);
	DEEP(deep, rmdir(name), "rmdir(%s:%s)", prefix, base);
}

/* Descriptors of such objects, and what is below them. */
static void deep_hold(struct deep *deep)
{
	int dir = open(deep->way, O_RDONLY | O_DIRECTORY);
	int file = open(deep_put(deep, deep->name, "", "held"), O_CREAT | O_RDWR | O_EXCL, 0600);
	struct stat status;

	DEEP(deep, fstat(dir, &status), "fstat(dir)");
	DEEP(deep, fstat(file, &status), "fstat(file)");
	DEEP(deep, fchmod(file, 0640), "fchmod(file)");
	DEEP(deep, ftruncate(file, 10), "ftruncate(file)");
	DEEP(deep, futimens(file, NULL), "futimens(file)");
	DEEP(deep, mkdirat(dir, "below", 0755), "mkdirat(dir)");
	DEEP(deep, close(openat(dir, "below/file", O_CREAT | O_WRONLY, 0644)), "openat(dir)");
	DEEP(deep, fstatat(dir, "below/../below/./file", &status, 0), "fstatat(dir)");
	DEEP(deep, unlinkat(dir, "below/file", 0), "unlinkat(dir)");
	DEEP(deep, unlinkat(dir, "below", AT_REMOVEDIR), "unlinkat(dir, AT_REMOVEDIR)");
	DEEP(deep, unlinkat(dir, "held", 0), "unlinkat(dir)");
	close(dir);
	close(file);
}

static void deep_go(struct deep *deep)
{
	snprintf(deep->name, sizeof(deep->name), "%.*s", DEEP_PART, deep->way);
	DEEP(deep, chdir(deep->name), "chdir");
	DEEP(deep, mkdir(deep_put(deep, deep->name, "../", "up"), 0755), "mkdir(../:up)");
	DEEP(deep, rmdir(deep_put(deep, deep->name, "../", "up")), "rmdir(../:up)");
}

int main(int argc, char **argv)
{
	static const char *const prefixes[] = { "", "./", "../here/", "short/../" };
	static const char *const names[] = { "file", "link", "fifo", "dir", "dir/", "dir/..", "no", "no/", "file/",
		"." };
	struct deep deep = { .diff = diff_start(argc, argv) };

	DEEP(&deep, mkdir("here", 0755), "mkdir");
	DEEP(&deep, chdir("here"), "chdir");
	(void)!mkdir("d", 0755);
	deep_make(&deep);
	for (size_t i = 0; i < DIFF_COUNT(prefixes); i++)
		for (size_t j = 0; j < DIFF_COUNT(names); j++) {
			guest_write(deep_put(&deep, deep.name, "", "file"), "deep");
			(void)!symlink("file", deep_put(&deep, deep.name, "", "link"));
			(void)!mkfifo(deep_put(&deep, deep.name, "", "fifo"), 0600);
			(void)!mkdir(deep_put(&deep, deep.name, "", "dir"), 0755);
			deep_look(&deep, prefixes[i], names[j]);
			deep_change(&deep, prefixes[i], names[j]);
		}
	deep_hold(&deep);
	deep_go(&deep);
	return 0;
}
