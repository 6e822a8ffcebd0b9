/*
 * Errors that come from where a file is and what the process may use: filesystems that are full or read-only,
 * files that are immutable or can only grow, programs that run, leases, nodes that nobody serves, other mounts, and
 * limits. Last the oldest and the newest forms of calls. The runner has made readonly, small and fixed; nothing is
 * undone, since every run begins with places that are alike.
 */
#include "diff.h"
#include "diff_tree.h"

#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static const char *const errnos_paths[] = { "readonly/file", "readonly/none", "readonly/dir", "readonly/dir/none",
	"readonly/fifo", "readonly/link", "readonly", "small/file", "small/none", "small/dir", "small/dir/none",
	"fixed/immutable", "fixed/append", "fixed/frozen", "fixed/frozen/file", "fixed/frozen/none", "fixed/growing",
	"fixed/growing/file", "fixed/growing/none", "/proc/self/exe", "/proc/self/none", "/proc/self/cwd/none", "fifo",
	"socket", "device", "file", "/dev/full" };

static void errnos_close(long fd)
{
	if (fd > STDERR_FILENO)
		close((int)fd);
}

#define OPEN(diff, call, ...) \
	do { \
		DIFF(diff, call, __VA_ARGS__); \
		errnos_close((diff)->result); \
	} while (0)

static void errnos_open(struct diff *diff, const char *p)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE, O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC,
		O_WRONLY | O_APPEND, O_WRONLY | O_APPEND | O_TRUNC, O_RDONLY | O_NOATIME, O_RDONLY | O_DIRECTORY,
		O_RDONLY | O_NOFOLLOW, O_RDONLY | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
		O_RDWR | O_TMPFILE, O_WRONLY | O_TMPFILE | O_EXCL, O_RDWR | O_DIRECT };

	for (size_t i = 0; i < DIFF_COUNT(flags); i++) {
		int flag = flags[i] | O_NONBLOCK;
		struct open_how how = { .flags = (unsigned)flag, .mode = flag & (O_CREAT | O_TMPFILE) ? 0640 : 0 };

		OPEN(diff, syscall(SYS_openat, AT_FDCWD, p, flag, 0640), "openat(%s, %x)", p, (unsigned)flag);
		OPEN(diff, syscall(SYS_openat2, AT_FDCWD, p, &how, sizeof(how)), "openat2(%s, %x)", p, (unsigned)flag);
	}
}

static void errnos_look(struct diff *diff, const char *p)
{
	struct stat status;
	struct statfs fs;
	char bytes[100];

	for (int mode = 0; mode < 8; mode++) {
		DIFF(diff, guest_access(p, mode), "access(%s, %d)", p, mode);
		DIFF(diff, syscall(SYS_faccessat2, AT_FDCWD, p, mode, AT_EACCESS), "faccessat2(%s, %d)", p, mode);
	}
	DIFF_BEGIN(diff, stat(p, &status), "stat(%s)", p);
	if (diff->result == 0 && p[0] != '/')
		diff_show_status(&status);
	putchar('\n');
	DIFF(diff, readlink(p, bytes, sizeof(bytes)) < 0 ? -1 : 0, "readlink(%s)", p);
	DIFF_BEGIN(diff, statfs(p, &fs), "statfs(%s)", p);
	printf(" type %lx\n", diff->result ? 0 : (unsigned long)fs.f_type);
	DIFF(diff, getxattr(p, "user.none", bytes, 1), "getxattr(%s)", p);
	DIFF(diff, listxattr(p, bytes, sizeof(bytes)), "listxattr(%s)", p);
}

static void errnos_change(struct diff *diff, const char *p)
{
	static const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } },
				     now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } },
				     omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	DIFF(diff, chmod(p, 0755), "chmod(%s)", p);
	DIFF(diff, syscall(SYS_fchmodat2, AT_FDCWD, p, 0755, AT_SYMLINK_NOFOLLOW), "fchmodat2(%s)", p);
	DIFF(diff, chown(p, (uid_t)-1, (gid_t)-1), "chown(%s, -1)", p);
	DIFF(diff, lchown(p, getuid(), getgid()), "lchown(%s)", p);
	DIFF(diff, utimensat(AT_FDCWD, p, times, 0), "utimensat(%s, times)", p);
	DIFF(diff, utimensat(AT_FDCWD, p, now, 0), "utimensat(%s, now)", p);
	DIFF(diff, utimensat(AT_FDCWD, p, NULL, 0), "utimensat(%s, NULL)", p);
	DIFF(diff, utimensat(AT_FDCWD, p, omit, AT_SYMLINK_NOFOLLOW), "utimensat(%s, omit)", p);
	DIFF(diff, setxattr(p, "user.edge", "v", 1, 0), "setxattr(%s)", p);
	DIFF(diff, removexattr(p, "user.edge"), "removexattr(%s)", p);
	DIFF(diff, truncate(p, 3), "truncate(%s, 3)", p);
	DIFF(diff, truncate(p, 100000), "truncate(%s, 100000)", p);
	DIFF(diff, truncate(p, 0), "truncate(%s, 0)", p);
}

static void errnos_name(struct diff *diff, const char *p)
{
	DIFF(diff, mkdir(p, 0755), "mkdir(%s)", p);
	DIFF(diff, symlink("target", p), "symlink(%s)", p);
	DIFF(diff, mknod(p, S_IFREG | 0644, 0), "mknod(%s, file)", p);
	DIFF(diff, mknod(p, S_IFIFO | 0644, 0), "mknod(%s, fifo)", p);
	DIFF(diff, link("file", p), "link(file, %s)", p);
	DIFF(diff, link(p, "linked"), "link(%s, linked)", p);
	DIFF(diff, linkat(AT_FDCWD, p, AT_FDCWD, "small/linked", AT_SYMLINK_FOLLOW), "linkat(%s, small/linked)", p);
	DIFF(diff, rename("file", p), "rename(file, %s)", p);
	for (unsigned flags = 0; flags < 4; flags++) {
		DIFF(diff, renameat2(AT_FDCWD, "twin", AT_FDCWD, p, flags), "renameat2(twin, %s, %x)", p, flags);
		DIFF(diff, renameat2(AT_FDCWD, p, AT_FDCWD, "readonly/none", flags), "renameat2(%s, readonly/none, %x)",
			p, flags);
		DIFF(diff, renameat2(AT_FDCWD, p, AT_FDCWD, "fixed/frozen/new", flags),
			"renameat2(%s, fixed/frozen/new, %x)", p, flags);
		DIFF(diff, renameat2(AT_FDCWD, p, AT_FDCWD, "small/moved", flags), "renameat2(%s, small/moved, %x)", p,
			flags);
	}
	DIFF(diff, rmdir(p), "rmdir(%s)", p);
	DIFF(diff, unlink(p), "unlink(%s)", p);
	diff_make_tree();
}

static void errnos_descriptor(struct diff *diff, const char *p, int fd)
{
	long flags = 0;

	DIFF(diff, ftruncate(fd, 5), "ftruncate(%s)", p);
	DIFF(diff, fallocate(fd, 0, 0, 1 << 20), "fallocate(%s)", p);
	DIFF(diff, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), "fallocate(%s, punch)", p);
	DIFF(diff, fchmod(fd, 0755), "fchmod(%s)", p);
	DIFF(diff, fchown(fd, (uid_t)-1, (gid_t)-1), "fchown(%s)", p);
	DIFF(diff, futimens(fd, NULL), "futimens(%s)", p);
	DIFF(diff, fsetxattr(fd, "user.edge", "v", 1, 0), "fsetxattr(%s)", p);
	DIFF(diff, fremovexattr(fd, "user.edge"), "fremovexattr(%s)", p);
	DIFF(diff, fcntl(fd, F_SETFL, 0), "fcntl(%s, F_SETFL, 0)", p);
	DIFF(diff, fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), "fcntl(%s, F_SETFL, append)", p);
	DIFF(diff, fcntl(fd, F_SETFL, O_NOATIME), "fcntl(%s, F_SETFL, noatime)", p);
	DIFF(diff, ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? -1 : 0, "ioctl(%s, FS_IOC_GETFLAGS)", p);
	DIFF(diff, ioctl(fd, FIGETBSZ, NULL), "ioctl(%s, FIGETBSZ, NULL)", p);
	DIFF(diff, ioctl(fd, 0x1234, &flags), "ioctl(%s, 1234)", p);
	DIFF(diff, lseek(fd, 0, 9), "lseek(%s, 9)", p);
}

static void errnos_descriptors(struct diff *diff, const char *p)
{
	int reader = open(p, O_RDONLY | O_NONBLOCK), writer = open(p, O_WRONLY | O_NONBLOCK | O_APPEND);

	if (p[0] != '/') {
		errnos_descriptor(diff, p, reader);
		errnos_descriptor(diff, p, writer);
	}
	errnos_close(reader);
	errnos_close(writer);
}

/* Open files: no number is left, so nothing may be made either. */
static void errnos_files(struct diff *diff)
{
	static const char *const paths[] = { "file", "missing", "fresh", "dir", "closed/file", "loop", "", "fifo" };
	struct rlimit old, none = { 3, 3 };
	struct stat status;

	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	none.rlim_max = old.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		const char *p = paths[i];

		OPEN(diff, open(p, O_RDONLY | O_NONBLOCK), "no number: open(%s)", p);
		OPEN(diff, open(p, O_RDWR | O_CREAT | O_TRUNC, 0600), "no number: open(%s, create)", p);
		OPEN(diff, open(p, O_RDWR | O_TMPFILE, 0600), "no number: open(%s, temporary)", p);
		OPEN(diff, open(p, O_CREAT | O_DIRECTORY, 0600), "no number: open(%s, invalid)", p);
		OPEN(diff, creat(p, 0600), "no number: creat(%s)", p);
		DIFF_BEGIN(diff, stat(p, &status), "no number: stat(%s)", p);
		printf(" size %lld\n", diff->result ? -1LL : (long long)status.st_size);
		DIFF(diff, truncate(p, 4), "no number: truncate(%s)", p);
		DIFF(diff, chmod(p, 0644), "no number: chmod(%s)", p);
	}
	OPEN(diff, memfd_create("x", 0), "no number: memfd_create");
	OPEN(diff, memfd_create("x", 0x4000), "no number: memfd_create(invalid)");
	OPEN(diff, inotify_init1(0), "no number: inotify_init1");
	OPEN(diff, guest_open(NULL, O_RDONLY, 0), "no number: open(NULL)");
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void errnos_sizes(struct diff *diff)
{
	static const long long sizes[] = { 0, 99, 100, 101, 1 << 20, INT64_MAX, -1 };
	struct rlimit old, small = { 100, 100 };
	int fd = open("file", O_RDWR);

	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	small.rlim_max = old.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (size_t i = 0; i < DIFF_COUNT(sizes); i++) {
		DIFF(diff, truncate("file", sizes[i]), "file limit: truncate(%lld)", sizes[i]);
		DIFF(diff, truncate("missing", sizes[i]), "file limit: truncate(missing, %lld)", sizes[i]);
		DIFF(diff, truncate("dir", sizes[i]), "file limit: truncate(dir, %lld)", sizes[i]);
		DIFF(diff, ftruncate(fd, sizes[i]), "file limit: ftruncate(%lld)", sizes[i]);
		DIFF(diff, fallocate(fd, 0, 0, sizes[i]), "file limit: fallocate(0, %lld)", sizes[i]);
		DIFF(diff, fallocate(fd, 0, sizes[i], 10), "file limit: fallocate(%lld, 10)", sizes[i]);
	}
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
	errnos_close(fd);
}

/* Who must not wait is told so; a reader is no matter. */
static void errnos_leases(struct diff *diff)
{
	static const int leases[] = { F_RDLCK, F_WRLCK };
	static const int flags[] = { O_WRONLY, O_RDWR, O_RDONLY, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT };

	CHECK(signal(SIGIO, SIG_IGN) != SIG_ERR);
	for (size_t i = 0; i < DIFF_COUNT(leases) * DIFF_COUNT(flags); i++) {
		int lease = leases[i % 2], flag = flags[i / 2] | O_NONBLOCK;
		int fd = open("file", O_RDONLY);

		DIFF(diff, fcntl(fd, F_SETLEASE, lease), "lease(%d)", lease);
		if (diff->result == 0)
			OPEN(diff, open("file", flag, 0600), "open of a lease(%d, %x)", lease, (unsigned)flag);
		fcntl(fd, F_SETLEASE, F_UNLCK);
		errnos_close(fd);
	}
}

/* Calls of before there were large files and many users. */
#if CALL_PAIRS
static long errnos_truncate64(long number, long file, long low, long high)
{
#ifdef __i386__
	return syscall(number, file, low, high);
#else
	return syscall(number, file, 0L, low, high); /* pairs begin at an even register */
#endif
}

static void errnos_old(struct diff *diff, const char *p)
{
	static struct statfs64 fs;
	static char area[512];
	int fd = open(p, O_RDWR);

	DIFF(diff, syscall(SYS_chown, p, 0xffff, 0xffff), "chown16(%s, -1)", p);
	DIFF(diff, syscall(SYS_lchown, p, 65534, 65534), "lchown16(%s)", p);
	DIFF(diff, syscall(SYS_fchown, fd, 0xffff, 0xffff), "fchown16(%s)", p);
	DIFF(diff, syscall(SYS_chown32, p, -1, -1), "chown32(%s)", p);
	DIFF(diff, syscall(SYS_fchown32, fd, -1, -1), "fchown32(%s)", p);
	DIFF(diff, syscall(SYS_oldstat, p, area), "oldstat(%s)", p);
	DIFF(diff, syscall(SYS_oldlstat, p, area), "oldlstat(%s)", p);
	DIFF(diff, syscall(SYS_oldfstat, fd, area), "oldfstat(%s)", p);
	DIFF(diff, syscall(SYS_stat, p, area), "stat(%s)", p);
	DIFF(diff, syscall(SYS_fstat64, fd, area), "fstat64(%s)", p);
	DIFF(diff, syscall(SYS_statfs, p, area), "statfs(%s)", p);
	for (size_t size = sizeof(fs) - 4; size <= sizeof(fs) + 4; size++) {
		DIFF(diff, syscall(SYS_statfs64, p, size, &fs), "statfs64(%s, %zu)", p, size);
		DIFF(diff, syscall(SYS_fstatfs64, fd, size, &fs), "fstatfs64(%s, %zu)", p, size);
	}
	DIFF(diff, errnos_truncate64(SYS_truncate64, (long)(uintptr_t)p, 5, 1), "truncate64(%s)", p);
	DIFF(diff, syscall(SYS_oldstat, p, area), "oldstat(large %s)", p);
	DIFF(diff, syscall(SYS_stat, p, area), "stat(large %s)", p);
	OPEN(diff, guest_open(p, O_RDONLY & ~O_LARGEFILE, 0), "open(large %s)", p);
	DIFF(diff, errnos_truncate64(SYS_truncate64, (long)(uintptr_t)p, 5, -1), "truncate64(%s, negative)", p);
	DIFF(diff, errnos_truncate64(SYS_ftruncate64, fd, 5, 0), "ftruncate64(%s)", p);
	DIFF(diff, syscall(SYS_truncate, p, -1), "truncate(%s, -1)", p);
	DIFF(diff, syscall(SYS_utimensat_time64, AT_FDCWD, p, NULL, 0), "utimensat_time64(%s)", p);
	DIFF(diff, syscall(SYS_utimensat_time64, AT_FDCWD, p, area, 1), "utimensat_time64(%s, 1)", p);
	errnos_close(fd);
}
#else
static void errnos_old(struct diff *diff, const char *p)
{
	DIFF(diff, syscall(SYS_chown, p, -1, -1), "chown(%s)", p);
}
#endif

static void errnos_others(struct diff *diff, const char *p)
{
	static const struct timeval times[2] = { { 1, 2 }, { 3, 4 } }, odd[2] = { { 1, 1000000 }, { 3, -1 } };

	DIFF(diff, syscall(SYS_futimesat, AT_FDCWD, p, times), "futimesat(%s)", p);
	DIFF(diff, syscall(SYS_futimesat, AT_FDCWD, p, NULL), "futimesat(%s, NULL)", p);
	DIFF(diff, syscall(SYS_futimesat, AT_FDCWD, p, odd), "futimesat(%s, odd)", p);
	DIFF(diff, syscall(SYS_futimesat, 99, p, times), "futimesat(99, %s)", p);
	DIFF(diff, syscall(SYS_futimesat, AT_FDCWD, p, 8), "futimesat(%s, 8)", p);
	DIFF(diff, syscall(SYS_utimes, p, odd), "utimes(%s, odd)", p);
	DIFF(diff, lremovexattr(p, "user.none"), "lremovexattr(%s)", p);
	DIFF(diff, lsetxattr(p, "user.edge", "v", 1, 3), "lsetxattr(%s, 3)", p);
	errnos_old(diff, p);
}

int main(int argc, char **argv)
{
	static const char *const others[] = { "file", "link", "dir", "missing", "closed/file", "foreign/file", "" };
	struct diff diff = diff_start(argc, argv);

	static char buffer[1 << 16];

	/* None of it is written while files are limited. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	diff_make_tree();
	(void)!mknod("device", S_IFCHR | 0666, makedev(60, 60));
	errnos_files(&diff);
	errnos_sizes(&diff);
	errnos_leases(&diff);
	for (size_t i = 0; i < DIFF_COUNT(errnos_paths); i++) {
		const char *p = errnos_paths[i];

		errnos_look(&diff, p);
		errnos_open(&diff, p);
		if (strcmp(p, "/dev/full") == 0)
			continue;
		errnos_descriptors(&diff, p);
		errnos_change(&diff, p);
		errnos_name(&diff, p);
	}
	for (size_t i = 0; i < DIFF_COUNT(others); i++)
		errnos_others(&diff, others[i]);
	fflush(stdout);
	return 0;
}
