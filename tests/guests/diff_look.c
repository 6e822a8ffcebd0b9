/*
 * The calls that look: stat, access, readlink, statfs and xattr reads, on every path
 * worth naming and relative to every kind of descriptor.
 */
#include "diff.h"
#include "diff_tree.h"

#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define LOOK_LONG 5

struct look {
	struct diff diff;
};

static const char *const look_paths[] = {
	"file",
	"shut",
	"program",
	"dir",
	"link",
	"dirlink",
	"dangling",
	"loop",
	"fifo",
	"socket",
	"closed",
	"closed/file",
	"closed/missing",
	"foreign",
	"foreign/file",
	"foreign/closed/x",
	"foreign/link",
	"missing",
	"missing/below",
	"file/below",
	"link/below",
	"dangling/below",
	"file/",
	"link/",
	"dir/",
	"dirlink/",
	"slashlink",
	"slashlink/",
	"missing/",
	"dangling/",
	"loop/",
	"fifo/",
	"dir/.",
	"dir/./",
	"dir/..",
	"dir/../",
	"dirlink/..",
	"dir/sub/../file",
	"dir/up",
	"dir/up/",
	"dir/up/file",
	"dir/up/dir/up/file",
	"dir//file",
	"//file",
	"./file",
	"./././dir/./file",
	"file/.",
	"file/..",
	"link/..",
	"missing/..",
	"closed/..",
	"",
	".",
	"..",
	"./",
	"../",
	"/",
	"//",
	"/.",
	"/..",
	"chain/0",
	"chain/1",
	"chain/39",
	"chain/40",
	"chain/41",
	"chain/42",
	"/dev/null",
	"/dev/stdin/x",
	"/etc/shadow",
	"/root/x",
	"/proc",
	"/proc/self/",
	"/proc/self/status",
	"/proc/self/missing",
	"/proc/self/exe/x",
	"/proc/1",
	"/proc/0",
	"/proc/self/fd",
	"/proc/sys/kernel/ostype",
	" ",
	"-",
	"*",
	"%s%n",
	"\\",
	"\x1b[1m",
	"\xff\xfe",
	"file\n",
	"dir/\x01",
};

static void look_status(struct look *look, const char *path, const char *shown)
{
	struct diff *diff = &look->diff;
	struct stat status;
	struct statx full;

	DIFF_BEGIN(diff, stat(path, &status), "stat(\"%s\")", shown);
	if (diff->result == 0 && path[0] != '/')
		diff_show_status(&status);
	putchar('\n');
	DIFF_BEGIN(diff, lstat(path, &status), "lstat(\"%s\")", shown);
	if (diff->result == 0 && path[0] != '/')
		diff_show_status(&status);
	putchar('\n');
	DIFF(diff, syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_ALL, &full), "statx(\"%s\", nofollow)",
		shown);
	DIFF(diff, syscall(SYS_statx, AT_FDCWD, path, AT_EMPTY_PATH, STATX_TYPE, &full), "statx(\"%s\", empty)", shown);
	DIFF(diff, syscall(SYS_statx, AT_FDCWD, path, 0x10000, STATX_TYPE, &full), "statx(\"%s\", bad flags)", shown);
	DIFF(diff, syscall(SYS_statx, AT_FDCWD, path, 0x6000, STATX_TYPE, &full), "statx(\"%s\", both syncs)", shown);
}

static void look_access(struct look *look, const char *path, const char *shown)
{
	static const int modes[] = { F_OK, R_OK, W_OK, X_OK, R_OK | W_OK | X_OK, 8, -1 };
	static const int flags[] = { 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x400 };
	struct diff *diff = &look->diff;

	for (size_t i = 0; i < DIFF_COUNT(modes); i++) {
		/* Whoever asks for its own may do more than the mode says: we ask for another. */
		if (strcmp(path, "/proc/self/fd") == 0 && modes[i] > 0 && (modes[i] & W_OK))
			continue;
		DIFF(diff, guest_access(path, modes[i]), "access(\"%s\", %d)", shown, modes[i]);
	}
	for (size_t i = 0; i < DIFF_COUNT(flags); i++)
		DIFF(diff, syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, flags[i]), "faccessat2(\"%s\", %x)", shown,
			(unsigned)flags[i]);
}

static void look_others(struct look *look, const char *path, const char *shown)
{
	struct diff *diff = &look->diff;
	char text[PATH_MAX] = "";
	struct statfs fs;

	DIFF_BEGIN(diff, guest_readlink(path, text, sizeof(text)), "readlink(\"%s\")", shown);
	printf(" %.*s\n", diff->result > 0 && strncmp(path, "/proc/self", 10) ? (int)diff->result : 0, text);
	DIFF(diff, guest_readlink(path, text, 3), "readlink(\"%s\", 3)", shown);
	DIFF(diff, guest_readlink(path, text, 0), "readlink(\"%s\", 0)", shown);
	DIFF(diff, guest_readlink(path, text, -1), "readlink(\"%s\", -1)", shown);
	DIFF_BEGIN(diff, statfs(path, &fs), "statfs(\"%s\")", shown);
	printf(" %lx %ld\n", diff->result ? 0UL : (unsigned long)fs.f_type, diff->result ? 0 : (long)fs.f_namelen);
	DIFF(diff, getxattr(path, "user.none", text, 10), "getxattr(\"%s\")", shown);
	DIFF(diff, lgetxattr(path, "user.none", text, 10), "lgetxattr(\"%s\")", shown);
	DIFF(diff, getxattr(path, "trusted.none", text, 10), "getxattr(\"%s\", trusted)", shown);
	DIFF(diff, listxattr(path, text, sizeof(text)), "listxattr(\"%s\")", shown);
	DIFF(diff, llistxattr(path, NULL, 0), "llistxattr(\"%s\")", shown);
}

/* A path of this length that leads to "file" by many slashes and dots. */
static char *look_long_path(char *buffer, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		memcpy(buffer + i, "./", 2);
	if (length % 2)
		buffer[length - 5] = '/';
	memcpy(buffer + length - 4, "file", 5);
	if (length % 2 == 0)
		return buffer;
	memcpy(buffer + length - 5, "/file", 6);
	return buffer;
}

static void look_long(struct look *look)
{
	static const size_t lengths[LOOK_LONG] = { 4094, 4095, 4096, 4097, 6000 };
	char name[300], shown[32];

	for (size_t i = 0; i < LOOK_LONG; i++) {
		char *path = calloc(1, 8192);

		snprintf(shown, sizeof(shown), "length %zu", lengths[i]);
		look_long_path(path, lengths[i]);
		look_status(look, path, shown);
		look_access(look, path, shown);
		look_others(look, path, shown);
		free(path);
	}
	for (size_t length = 254; length < 258; length++) {
		memset(name, 'n', sizeof(name));
		name[length] = '\0';
		snprintf(shown, sizeof(shown), "name of %zu", length);
		look_status(look, name, shown);
		look_others(look, name, shown);
	}
}

static void look_open(struct diff *diff, const char *what, int dirfd, const char *path, int flags)
{
	DIFF(diff, syscall(SYS_openat, dirfd, path, flags), "openat(%s, \"%s\", %x)", what, path, (unsigned)flags);
	if (diff->result >= 0)
		close((int)diff->result);
}

static void look_relative(struct look *look, const char *what, int dirfd)
{
	static const char *const paths[] = { "", ".", "..", "file", "sub", "missing", "../file", "up/file", "/dev/null",
		"../closed/x" };
	static const int flags[] = { 0, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, 0x1 };
	struct diff *diff = &look->diff;
	struct stat status;
	struct statx full;
	char text[64];

	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		for (size_t j = 0; j < DIFF_COUNT(flags); j++) {
			DIFF_BEGIN(diff, fstatat(dirfd, paths[i], &status, flags[j]), "fstatat(%s, \"%s\", %x)", what,
				paths[i], (unsigned)flags[j]);
			if (diff->result == 0 && paths[i][0] != '/')
				diff_show_status(&status);
			putchar('\n');
			DIFF(diff, syscall(SYS_statx, dirfd, paths[i], flags[j], STATX_TYPE, &full),
				"statx(%s, \"%s\", %x)", what, paths[i], (unsigned)flags[j]);
			DIFF(diff, syscall(SYS_faccessat2, dirfd, paths[i], F_OK, flags[j]),
				"faccessat2(%s, \"%s\", %x)", what, paths[i], (unsigned)flags[j]);
		}
		DIFF(diff, syscall(SYS_faccessat, dirfd, paths[i], R_OK), "faccessat(%s, \"%s\")", what, paths[i]);
		DIFF(diff, syscall(SYS_readlinkat, dirfd, paths[i], text, sizeof(text)), "readlinkat(%s, \"%s\")", what,
			paths[i]);
		if (diff->with_path)
			look_open(diff, what, dirfd, paths[i], O_PATH | O_CLOEXEC);
		look_open(diff, what, dirfd, paths[i], O_RDONLY);
	}
	DIFF(diff, fstat(dirfd, &status), "fstat(%s)", what);
	DIFF(diff, fstatfs(dirfd, &(struct statfs){ 0 }), "fstatfs(%s)", what);
	/* AT_FDCWD, which is no descriptor, was EBADF before Linux 6.13 and is the cwd since. */
	if (dirfd != AT_FDCWD) {
		DIFF(diff, fgetxattr(dirfd, "user.none", text, 10), "fgetxattr(%s)", what);
		DIFF(diff, flistxattr(dirfd, text, 10), "flistxattr(%s)", what);
	}
	DIFF(diff, syscall(SYS_statx, dirfd, NULL, AT_EMPTY_PATH, STATX_TYPE, &full), "statx(%s, NULL, empty)", what);
	DIFF(diff, syscall(SYS_statx, dirfd, NULL, 0, STATX_TYPE, &full), "statx(%s, NULL, 0)", what);
	DIFF(diff, syscall(SYS_faccessat2, dirfd, NULL, F_OK, AT_EMPTY_PATH), "faccessat2(%s, NULL)", what);
}

static void look_paths_only(struct look *look)
{
	look_relative(look, "dir by O_PATH", open("dir", O_PATH));
	look_relative(look, "file by O_PATH", open("file", O_PATH));
	look_relative(look, "link by O_PATH", open("link", O_PATH | O_NOFOLLOW));
	look_relative(look, "dangling by O_PATH", open("dangling", O_PATH | O_NOFOLLOW));
	look_relative(look, "fifo by O_PATH", open("fifo", O_PATH));
}

static void look_descriptors(struct look *look)
{
	int ends[2], pair[2], doomed;

	look_relative(look, "cwd", AT_FDCWD);
	look_relative(look, "-1", -1);
	look_relative(look, "99", 99);
	look_relative(look, "dir", open("dir", O_RDONLY | O_DIRECTORY));
	look_relative(look, "file", open("file", O_RDONLY));
	if (look->diff.with_path)
		look_paths_only(look);
	look_relative(look, "/proc/self", open("/proc/self", O_RDONLY | O_DIRECTORY));
	look_relative(look, "/dev/null", open("/dev/null", O_RDWR));
	mkdir("doomed", 0755);
	doomed = open("doomed", O_RDONLY | O_DIRECTORY);
	rmdir("doomed");
	look_relative(look, "deleted", doomed);
	if (pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		look_relative(look, "pipe", ends[0]);
		look_relative(look, "socket", pair[0]);
	}
	look_relative(look, "memory", memfd_create("look", 0));
	mkdir("lost", 0755);
	if (chdir("lost") == 0 && rmdir("../lost") == 0)
		look_relative(look, "cwd deleted", AT_FDCWD);
}

int main(int argc, char **argv)
{
	struct look look = { .diff = diff_start(argc, argv) };

	diff_make_tree();
	for (size_t i = 0; i < DIFF_COUNT(look_paths); i++) {
		look_status(&look, look_paths[i], look_paths[i]);
		look_access(&look, look_paths[i], look_paths[i]);
		look_others(&look, look_paths[i], look_paths[i]);
	}
	look_long(&look);
	look_descriptors(&look);
	return 0;
}
