/*
 * All calls of the stat family must tell the same story about the same object, by
 * name, by link and by descriptor, and AT_EMPTY_PATH must not hide a name.
 */
#include "guest.h"
#include "guest_o_path.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>

static void stat_check_same(const struct stat *a, const struct stat *b)
{
	CHECK(a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode);
	CHECK(a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid);
	CHECK(a->st_size == b->st_size && a->st_blksize == b->st_blksize && a->st_rdev == b->st_rdev);
	CHECK(a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec);
}

static void stat_check_statx(const char *path, const struct stat *known)
{
	struct statx full;

	CHECK(syscall(SYS_statx, AT_FDCWD, path, 0, STATX_ALL, &full) == 0);
	CHECK(full.stx_ino == known->st_ino && full.stx_mode == known->st_mode);
	CHECK(makedev(full.stx_dev_major, full.stx_dev_minor) == known->st_dev);
	CHECK(full.stx_size == (uint64_t)known->st_size && full.stx_nlink == known->st_nlink);
	CHECK((full.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK_ERR(EINVAL, syscall(SYS_statx, AT_FDCWD, path, 0x80000000u, STATX_ALL, &full));
	CHECK_ERR(
		EINVAL, syscall(SYS_statx, AT_FDCWD, path, AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &full));
	CHECK_ERR(EINVAL, syscall(SYS_statx, AT_FDCWD, path, 0, 0x80000000u, &full));
}

static void stat_check_object(const char *path)
{
	struct stat by_name, by_fd, by_empty, by_at;
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && stat(path, &by_name) == 0);
	CHECK(fstat(fd, &by_fd) == 0);
	CHECK(fstatat(fd, "", &by_empty, AT_EMPTY_PATH) == 0);
	CHECK(fstatat(AT_FDCWD, path, &by_at, AT_NO_AUTOMOUNT) == 0);
	stat_check_same(&by_name, &by_fd);
	stat_check_same(&by_name, &by_empty);
	stat_check_same(&by_name, &by_at);
	stat_check_statx(path, &by_name);
	CHECK(close(fd) == 0);
}

static void stat_check_links(void)
{
	struct stat target, link, held;
	char text[64];
	int fd;

	CHECK(stat("link", &target) == 0 && lstat("link", &link) == 0);
	CHECK(S_ISREG(target.st_mode) && S_ISLNK(link.st_mode) && link.st_size == 4);
	CHECK(readlink("link", text, sizeof(text)) == 4 && memcmp(text, "file", 4) == 0);
	CHECK(readlink("link", text, 2) == 2);
	CHECK_ERR(EINVAL, readlink("file", text, sizeof(text)));
	CHECK_ERR(EINVAL, readlink("link", text, 0));
	if (guest_has_o_path()) {
		CHECK((fd = open("link", O_PATH | O_NOFOLLOW)) >= 0);
		CHECK(readlinkat(fd, "", text, sizeof(text)) == 4);
		CHECK(fstatat(fd, "", &held, AT_EMPTY_PATH) == 0 && held.st_ino == link.st_ino && close(fd) == 0);
	} else {
		CHECK_ERR(EOPNOTSUPP, open("link", O_PATH | O_NOFOLLOW));
	}
	CHECK(fstatat(AT_FDCWD, "link", &held, AT_SYMLINK_NOFOLLOW) == 0 && held.st_ino == link.st_ino);
}

/* The flag AT_EMPTY_PATH together with a name: the name counts. */
static void stat_check_empty(void)
{
	struct stat named, other;
	int fd = open("dir", O_RDONLY | O_DIRECTORY);

	CHECK(fd >= 0 && stat("file", &named) == 0);
	CHECK(fstatat(fd, "../file", &other, AT_EMPTY_PATH) == 0);
	stat_check_same(&named, &other);
	CHECK_ERR(ENOENT, fstatat(fd, "", &other, 0));
	CHECK_ERR(EBADF, fstatat(99, "", &other, AT_EMPTY_PATH));
	CHECK_ERR(EBADF, fstatat(99, "file", &other, 0));
	CHECK(fstatat(AT_FDCWD, "", &other, AT_EMPTY_PATH) == 0 && S_ISDIR(other.st_mode));
	CHECK(close(fd) == 0 && (fd = open("file", O_RDONLY)) >= 0);
	CHECK_ERR(ENOTDIR, fstatat(fd, "x", &other, 0));
	CHECK(close(fd) == 0);
}

static void stat_check_access(void)
{
	CHECK(chmod("file", 0400) == 0 && access("file", R_OK) == 0);
	CHECK_ERR(EACCES, access("file", X_OK));
	CHECK_ERR(EINVAL, access("file", 8));
	CHECK_ERR(ENOENT, access("missing", F_OK));
	CHECK(faccessat(AT_FDCWD, "file", R_OK, 0) == 0);
	if (syscall(SYS_faccessat2, AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		CHECK(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS) == 0);
		CHECK_ERR(EINVAL, syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, 1));
		CHECK(syscall(SYS_faccessat2, 0, "", F_OK, AT_EMPTY_PATH) == 0);
	}
	CHECK(chmod("file", 0644) == 0);
}

static void stat_check_statfs(void)
{
	struct statfs by_name, by_fd;
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	CHECK(fd >= 0 && statfs(".", &by_name) == 0 && fstatfs(fd, &by_fd) == 0 && close(fd) == 0);
	CHECK(by_name.f_type == by_fd.f_type && by_name.f_bsize == by_fd.f_bsize);
	CHECK(by_name.f_blocks == by_fd.f_blocks && by_name.f_namelen == 255);
	CHECK_ERR(ENOENT, statfs("missing", &by_name));
	CHECK_ERR(EBADF, fstatfs(99, &by_name));
	CHECK(statfs("/proc", &by_name) == 0 && by_name.f_type == 0x9fa0);
}

/* Objects without a name: pipes, sockets, memory. */
static void stat_check_unnamed(void)
{
	struct stat status;
	int ends[2];

	CHECK(pipe(ends) == 0 && fstat(ends[0], &status) == 0 && S_ISFIFO(status.st_mode));
	CHECK(fstatat(ends[0], "", &status, AT_EMPTY_PATH) == 0 && S_ISFIFO(status.st_mode));
	CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
	CHECK((ends[0] = memfd_create("stat", 0)) >= 0 && ftruncate(ends[0], 12345) == 0);
	CHECK(fstat(ends[0], &status) == 0 && status.st_size == 12345 && close(ends[0]) == 0);
	CHECK_ERR(EBADF, fstat(ends[0], &status));
}

int main(void)
{
	guest_write("file", "some text");
	CHECK(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0 && link("file", "twin") == 0);
	stat_check_object("file");
	stat_check_object("twin");
	stat_check_object("dir");
	stat_check_object("/dev/null");
	stat_check_object("/proc/self/status");
	stat_check_links();
	stat_check_empty();
	stat_check_access();
	stat_check_statfs();
	stat_check_unnamed();
	return 0;
}
