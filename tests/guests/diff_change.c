/*
 * The calls that change one name: truncate, mknod, mkdir, rmdir, unlink, symlink, bind,
 * chmod, chown, utimensat, xattr writes, on every kind of name, and the calls on descriptors.
 */
#include "diff.h"
#include "diff_tree.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <sys/sysmacros.h>

static const char *const change_paths[] = {
	"missing",
	"missing/",
	"missing/below",
	"file",
	"file/",
	"file/below",
	"shut",
	"dir",
	"dir/",
	"dir/.",
	"dir/..",
	"dir/sub",
	"dir/sub/",
	"link",
	"link/",
	"dirlink",
	"dirlink/",
	"dirlink/made",
	"dangling",
	"dangling/",
	"loop",
	"loop/made",
	"fifo",
	"socket",
	"closed",
	"closed/file",
	"closed/made",
	"foreign/file",
	"foreign/made",
	"foreign/sticky/file",
	"foreign/sticky/made",
	"",
	".",
	"..",
	"./",
	"/",
	"/proc/self/made",
	"/proc/made",
	"/dev/null/made",
	"chain/40",
	"chain/41",
	"odd\nname",
	"made (deleted)",
	"-rf",
	"*",
};

static void change_clean(const char *path)
{
	static const char *const kept[] = { ".", "..", "./", "/", "dir/.", "dir/..", "" };

	for (size_t i = 0; i < DIFF_COUNT(kept); i++)
		if (strcmp(path, kept[i]) == 0)
			return;
	if (path[0] == '/')
		return;
	unlink(path);
	rmdir(path);
	unlink("missing");
	rmdir("missing");
	unlink("nowhere");
	rmdir("nowhere");
	chmod("closed", 0755);
	unlink("closed/made");
	rmdir("closed/made");
	unlink("dir/made");
	chmod("dir", 0755);
	chmod("file", 0644);
	removexattr("file", "user.test");
	diff_make_tree();
}

static void change_show(struct diff *diff, const char *path)
{
	struct stat status;

	if (diff->result == 0 && path[0] != '/' && lstat(path, &status) == 0)
		diff_show_status(&status);
	putchar('\n');
}

#define CHANGE(diff, path, call, ...) \
	do { \
		DIFF_BEGIN(diff, call, __VA_ARGS__); \
		change_show(diff, path); \
		change_clean(path); \
	} while (0)

static int change_bind(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int result, saved;

	memcpy(address.sun_path, path, strlen(path));
	result = bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1));
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static void change_make(struct diff *diff, const char *path)
{
	CHANGE(diff, path, mkdir(path, 0751), "mkdir(\"%s\")", path);
	CHANGE(diff, path, symlink("target", path), "symlink(\"%s\")", path);
	CHANGE(diff, path, guest_mknod(path, S_IFREG | 0644, 0), "mknod(\"%s\", regular)", path);
	CHANGE(diff, path, guest_mknod(path, 0666, 0), "mknod(\"%s\", 0)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFIFO | 0666, 0), "mknod(\"%s\", fifo)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFSOCK | 0666, 0), "mknod(\"%s\", socket)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFCHR | 0666, makedev(1, 3)), "mknod(\"%s\", null)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFCHR, 0), "mknod(\"%s\", whiteout)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFBLK | 0666, makedev(7, 250)), "mknod(\"%s\", block)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFDIR | 0666, 0), "mknod(\"%s\", directory)", path);
	CHANGE(diff, path, guest_mknod(path, S_IFLNK | 0666, 0), "mknod(\"%s\", link)", path);
	CHANGE(diff, path, syscall(SYS_mknodat, 99, path, S_IFREG | 0644, 0), "mknodat(99, \"%s\")", path);
	CHANGE(diff, path, change_bind(path), "bind(\"%s\")", path);
}

static void change_remove(struct diff *diff, const char *path)
{
	if (path[0] == '/')
		return;
	CHANGE(diff, path, unlink(path), "unlink(\"%s\")", path);
	CHANGE(diff, path, rmdir(path), "rmdir(\"%s\")", path);
	CHANGE(diff, path, unlinkat(AT_FDCWD, path, 0x10000), "unlinkat(\"%s\", bad flag)", path);
}

static void change_resize(struct diff *diff, const char *path)
{
	CHANGE(diff, path, truncate(path, 3), "truncate(\"%s\", 3)", path);
	CHANGE(diff, path, truncate(path, 5000000000LL), "truncate(\"%s\", 5000000000)", path);
	CHANGE(diff, path, truncate(path, -1), "truncate(\"%s\", -1)", path);
	CHANGE(diff, path, truncate(path, INT64_MAX), "truncate(\"%s\", maximum)", path);
}

static void change_attributes(struct diff *diff, const char *path)
{
	static const struct timespec times[2] = { { 1000, 0 }, { 2000, 5 } }, odd[2] = { { 0, UTIME_OMIT }, { 0, -7 } };

	if (path[0] == '/' || strcmp(path, "..") == 0 || strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
		return;
	CHANGE(diff, path, chmod(path, 0640), "chmod(\"%s\")", path);
	CHANGE(diff, path, fchmodat(AT_FDCWD, path, 07777, 0), "fchmodat(\"%s\")", path);
	CHANGE(diff, path, lchown(path, 65534, 65534), "lchown(\"%s\")", path);
	CHANGE(diff, path, chown(path, (uid_t)-1, (gid_t)-1), "chown(\"%s\", -1)", path);
	CHANGE(diff, path, utimensat(AT_FDCWD, path, times, 0), "utimensat(\"%s\")", path);
	CHANGE(diff, path, utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), "utimensat(\"%s\", nofollow)", path);
	CHANGE(diff, path, utimensat(AT_FDCWD, path, odd, 0), "utimensat(\"%s\", odd)", path);
	CHANGE(diff, path, setxattr(path, "user.test", "v", 1, 0), "setxattr(\"%s\")", path);
	CHANGE(diff, path, setxattr(path, "user.test", "v", 1, 2), "setxattr(\"%s\", replace)", path);
	CHANGE(diff, path, removexattr(path, "user.none"), "removexattr(\"%s\")", path);
}

static void change_descriptor(struct diff *diff, const char *what, int fd)
{
	DIFF(diff, ftruncate(fd, 4), "ftruncate(%s, 4)", what);
	DIFF(diff, ftruncate(fd, -4), "ftruncate(%s, -4)", what);
	DIFF(diff, ftruncate(fd, 4294967299LL), "ftruncate(%s, 4294967299)", what);
	DIFF(diff, fallocate(fd, 0, 0, 100), "fallocate(%s, 0, 0, 100)", what);
	DIFF(diff, fallocate(fd, 1, 4294967296LL, 10), "fallocate(%s, 1, 4294967296, 10)", what);
	DIFF(diff, fallocate(fd, 3, 0, 50), "fallocate(%s, 3, 0, 50)", what);
	DIFF(diff, fallocate(fd, 2, 0, 50), "fallocate(%s, 2, 0, 50)", what);
	DIFF(diff, fallocate(fd, 0x80, 0, 50), "fallocate(%s, 0x80, 0, 50)", what);
	DIFF(diff, fallocate(fd, 0, -1, 50), "fallocate(%s, 0, -1, 50)", what);
	DIFF(diff, fallocate(fd, 0, 0, 0), "fallocate(%s, 0, 0, 0)", what);
	/* A mode that does no harm where the object is a device of the machine. */
	DIFF(diff, fchmod(fd, 0666), "fchmod(%s)", what);
	DIFF(diff, fchown(fd, (uid_t)-1, (gid_t)-1), "fchown(%s)", what);
	DIFF(diff, futimens(fd, NULL), "futimens(%s)", what);
	DIFF(diff, fsetxattr(fd, "user.x", "v", 1, 0), "fsetxattr(%s)", what);
	DIFF(diff, fremovexattr(fd, "user.x"), "fremovexattr(%s)", what);
	if (fd >= 0)
		close(fd);
}

static void change_descriptors(struct diff *diff)
{
	int ends[2] = { -1, -1 };

	change_descriptor(diff, "read-only", open("file", O_RDONLY));
	change_descriptor(diff, "write-only", open("file", O_WRONLY));
	change_descriptor(diff, "both", open("file", O_RDWR | O_APPEND));
	change_descriptor(diff, "mode 3", open("file", O_ACCMODE));
	if (diff->with_path)
		change_descriptor(diff, "path", open("file", O_PATH));
	change_descriptor(diff, "directory", open("dir", O_RDONLY));
	change_descriptor(diff, "null", open("/dev/null", O_RDWR));
	change_descriptor(diff, "memory", memfd_create("x", MFD_ALLOW_SEALING));
	change_descriptor(diff, "none", 98);
	(void)!pipe(ends);
	change_descriptor(diff, "pipe", ends[1]);
}

static void change_memfds(struct diff *diff)
{
	static const unsigned flags[] = { 0, 1, 2, 3, 4, 8, 16, 24, 0x100, 0x80000000u };
	char name[256];

	for (size_t i = 0; i < DIFF_COUNT(flags); i++) {
		DIFF_BEGIN(diff, memfd_create("m", flags[i]), "memfd_create(m, %x)", flags[i]);
		if (diff->result >= 0) {
			printf(" fd flags %x seals %x", (unsigned)fcntl((int)diff->result, F_GETFD),
				(unsigned)fcntl((int)diff->result, F_GET_SEALS));
			close((int)diff->result);
		}
		putchar('\n');
	}
	for (size_t length = 247; length < 252; length++) {
		memset(name, 'm', sizeof(name));
		name[length] = '\0';
		DIFF(diff, memfd_create(name, 0), "memfd_create of %zu", length);
		if (diff->result >= 0)
			close((int)diff->result);
	}
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	diff_make_tree();
	for (size_t i = 0; i < DIFF_COUNT(change_paths); i++) {
		change_make(&diff, change_paths[i]);
		change_remove(&diff, change_paths[i]);
		change_resize(&diff, change_paths[i]);
		change_attributes(&diff, change_paths[i]);
	}
	change_descriptors(&diff);
	change_memfds(&diff);
	return 0;
}
