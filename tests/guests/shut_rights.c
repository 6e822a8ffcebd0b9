/*
 * Every way to write to a file, or to look at one, that a rule closes. The tests deny
 * write and truncate for plain, and stat for hidden; with the argument "native" the same
 * calls must work. A descriptor for reading is no way around.
 */
#include "guest.h"

#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static bool shut_native;

static void shut_try(int line, const char *what, long result, int expected)
{
	int error = errno;

	if (shut_native ? result == -1 && error != EOPNOTSUPP && error != ENOTTY && error != ENODATA
			: result != -1 || error != expected)
		guest_fail(__FILE__, line, what, error);
	if (result > 2)
		close((int)result);
}

#define SHUT(error, call) shut_try(__LINE__, #call, (errno = 0, (long)(call)), error)

static void shut_opens(void)
{
	struct open_how how = { .flags = O_RDWR };

	SHUT(EACCES, open("plain", O_WRONLY));
	SHUT(EACCES, open("plain", O_RDWR));
	SHUT(EACCES, open("plain", O_ACCMODE));
	SHUT(EACCES, open("plain", O_ACCMODE | O_TRUNC));
	SHUT(EACCES, open("plain", O_RDONLY | O_TRUNC));
	SHUT(EACCES, open("plain", O_WRONLY | O_APPEND));
	SHUT(EACCES, open("plain", O_WRONLY | O_CREAT, 0600));
	SHUT(EACCES, guest_creat("plain", 0600));
	SHUT(EACCES, syscall(SYS_openat2, AT_FDCWD, "plain", &how, sizeof(how)));
	SHUT(EACCES, truncate("plain", 3));
}

static void shut_names(void)
{
	SHUT(EACCES, chmod("plain", 0644));
	SHUT(EACCES, syscall(SYS_fchmodat, AT_FDCWD, "plain", 0644));
	SHUT(EACCES, chown("plain", (uid_t)-1, getegid()));
	SHUT(EACCES, lchown("plain", (uid_t)-1, getegid()));
	SHUT(EACCES, utimensat(AT_FDCWD, "plain", NULL, 0));
	SHUT(EACCES, setxattr("plain", "user.x", "v", 1, 0));
	SHUT(EACCES, removexattr("plain", "user.x"));
}

static void shut_descriptor(void)
{
	int fd = open("plain", O_RDONLY);
	int held = open("plain", O_PATH);
	char name[64];
	int flags = 0;

	CHECK(fd == 3 && held == 4);
	SHUT(EACCES, fchmod(fd, 0644));
	SHUT(EACCES, fchown(fd, (uid_t)-1, getegid()));
	SHUT(EACCES, futimens(fd, NULL));
	SHUT(EACCES, fsetxattr(fd, "user.x", "v", 1, 0));
	SHUT(EACCES, fremovexattr(fd, "user.x"));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && geteuid() == 0)
		SHUT(EPERM, ioctl(fd, FS_IOC_SETFLAGS, &flags)); /* refused in the kernel */
	SHUT(EACCES, utimensat(fd, "", NULL, AT_EMPTY_PATH));
	if (syscall(SYS_fchmodat2, AT_FDCWD, ".", 0755, 0) == 0)
		SHUT(EACCES, syscall(SYS_fchmodat2, held, "", 0644, AT_EMPTY_PATH));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", held);
	SHUT(EACCES, open(name, O_RDWR));
	SHUT(EACCES, open(name, O_WRONLY | O_TRUNC));
	SHUT(EACCES, chmod(name, 0644));
	SHUT(EACCES, truncate(name, 2));
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	SHUT(EACCES, open(name, O_WRONLY));
	CHECK(close(fd) == 0 && close(held) == 0);
}

static const char *shut_absolute(const char *name, char buffer[PATH_MAX])
{
	char cwd[PATH_MAX / 2];

	CHECK(getcwd(cwd, sizeof(cwd)));
	snprintf(buffer, PATH_MAX, "%s/%s", cwd, name);
	return buffer;
}

/* The flag AT_EMPTY_PATH must not carry a name past the rule. */
static void shut_looks(void)
{
	struct stat status;
	struct statx full;
	struct statfs fs;
	char path[PATH_MAX];
	int fd = open("hidden", O_RDONLY);

	SHUT(ENOENT, stat("hidden", &status));
	SHUT(ENOENT, lstat("hidden", &status));
	SHUT(ENOENT, stat("alias", &status));
	SHUT(ENOENT, fstatat(0, shut_absolute("hidden", path), &status, AT_EMPTY_PATH));
	SHUT(ENOENT, fstatat(AT_FDCWD, "hidden", &status, AT_EMPTY_PATH));
	SHUT(ENOENT, syscall(SYS_statx, AT_FDCWD, "hidden", AT_EMPTY_PATH, STATX_ALL, &full));
	SHUT(ENOENT, access("hidden", F_OK));
	SHUT(ENOENT, syscall(SYS_faccessat2, AT_FDCWD, "hidden", R_OK, AT_EACCESS));
	SHUT(ENOENT, statfs("hidden", &fs));
	CHECK(fd >= 0);
	SHUT(ENOENT, fstat(fd, &status));
	SHUT(ENOENT, fstatat(fd, "", &status, AT_EMPTY_PATH));
	SHUT(ENOENT, fstatfs(fd, &fs));
	CHECK(close(fd) == 0 && lstat("alias", &status) == 0 && stat("plain", &status) == 0);
}

int main(int argc, char **argv)
{
	struct stat status;

	shut_native = argc > 1 && strcmp(argv[1], "native") == 0;
	CHECK(open("/dev/null", O_RDONLY) == 3 && close(3) == 0);
	shut_names();
	shut_descriptor();
	shut_opens();
	shut_looks();
	CHECK(shut_native ||
		(stat("plain", &status) == 0 && status.st_size == 10 && status.st_mode == (S_IFREG | 0666)));
	return 0;
}
