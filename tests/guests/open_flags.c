/*
 * What each flag of the open family does to the file and the descriptor that comes
 * back. The errno of every combination is compared by the diff_* guests.
 */
#include "guest.h"
#include "guest_o_path.h"

#include <linux/openat2.h>

static long open_raw2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };

	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static off_t open_size(const char *path)
{
	struct stat status;

	CHECK(stat(path, &status) == 0);
	return status.st_size;
}

static void open_check_descriptor(void)
{
	int low = open("file", O_RDONLY);
	int fd = open("file", O_RDONLY | O_CLOEXEC);

	CHECK(low == 3 && fd == 4);
	CHECK(fcntl(low, F_GETFD) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK((fcntl(low, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND)) == O_RDONLY);
	CHECK(close(low) == 0);
	CHECK(open("file", O_WRONLY | O_APPEND | O_NONBLOCK) == 3);
	CHECK((fcntl(3, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND)) == (O_WRONLY | O_APPEND | O_NONBLOCK));
	CHECK(write(3, "tail", 4) == 4 && lseek(3, 0, SEEK_CUR) == 8 && open_size("file") == 8);
	CHECK_ERR(EBADF, read(3, &low, 1));
	CHECK(close(3) == 0 && close(4) == 0);
	CHECK(open("file", O_RDWR) == 3 && lseek(3, 0, SEEK_CUR) == 0 && close(3) == 0);
}

static void open_check_create(void)
{
	struct stat status;
	char text[8];
	int fd;

	CHECK(umask(022) || true);
	CHECK((fd = open("new", O_RDWR | O_CREAT | O_EXCL, 04766)) == 3);
	CHECK(fstat(fd, &status) == 0 && (status.st_mode & 07777) == 04744 && status.st_uid == geteuid());
	CHECK(write(fd, "kept", 4) == 4 && close(fd) == 0);
	CHECK_ERR(EEXIST, open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK((fd = open("new", O_RDONLY | O_CREAT, 0600)) == 3 && close(fd) == 0 && open_size("new") == 4);
	CHECK((fd = open("locked", O_WRONLY | O_CREAT | O_EXCL, 0)) == 3 && write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK((fd = guest_creat("new", 0600)) == 3 && close(fd) == 0 && open_size("new") == 0);
	CHECK((fd = open_raw2(AT_FDCWD, "made2", O_WRONLY | O_CREAT, 0666, 0)) == 3 && close(fd) == 0);
	CHECK(stat("made2", &status) == 0 && (status.st_mode & 07777) == 0644);
	CHECK(symlink("behind", "dangling") == 0);
	CHECK_ERR(EEXIST, open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0600));
	CHECK_ERR(ELOOP, open("dangling", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
	CHECK((fd = open("dangling", O_WRONLY | O_CREAT, 0600)) == 3 && close(fd) == 0 && open_size("behind") == 0);
	CHECK(guest_read("file", text, sizeof(text)) > 0);
}

static void open_check_truncate(void)
{
	int fd;

	guest_write("long", "0123456789");
	CHECK((fd = open("long", O_RDONLY | O_TRUNC)) == 3 && close(fd) == 0 && open_size("long") == 0);
	guest_write("long", "0123456789");
	CHECK_ERR(EEXIST, open("long", O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0600));
	CHECK(open_size("long") == 10);
	CHECK((fd = open("long", O_PATH | O_TRUNC)) == 3 && close(fd) == 0 && open_size("long") == 10);
	CHECK((fd = open("long", O_ACCMODE | O_TRUNC)) == 3 && close(fd) == 0 && open_size("long") == 0);
}

static void open_check_unnamed(void)
{
	struct stat status;
	char name[64];
	int fd = open(".", O_TMPFILE | O_RDWR, 0640);

	if (fd < 0 && errno == EOPNOTSUPP)
		return;
	CHECK(fd == 3 && fstat(fd, &status) == 0 && status.st_nlink == 0 && (status.st_mode & 07777) == 0640);
	CHECK(write(fd, "hidden", 6) == 6);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, name, AT_FDCWD, "shown", AT_SYMLINK_FOLLOW) == 0 && open_size("shown") == 6);
	CHECK(close(fd) == 0);
	CHECK_ERR(EINVAL, open(".", O_TMPFILE | O_RDONLY, 0600));
}

static void open_check_path_only(void)
{
	struct stat status;
	int fd = open("link", O_PATH | O_NOFOLLOW);

	CHECK(fd == 4 && (fcntl(fd, F_GETFL) & O_PATH) && fstat(fd, &status) == 0 && S_ISLNK(status.st_mode));
	CHECK_ERR(EBADF, read(fd, &status, 1));
	CHECK(close(fd) == 0);
}

/* What is given instead of O_PATH under walk and stat rules, and what is not. */
static void open_check_readable(void)
{
	int fd = open("file", O_PATH);
	char byte;

	CHECK(fd == 4 && (fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH)) == O_RDONLY && read(fd, &byte, 1) == 1);
	CHECK_ERR(EBADF, write(fd, &byte, 1));
	CHECK(close(fd) == 0);
	CHECK_ERR(EOPNOTSUPP, open("link", O_PATH | O_NOFOLLOW));
	CHECK_ERR(EACCES, open("/dev/null", O_PATH));
	CHECK(mkfifo("path-fifo", 0600) == 0);
	CHECK_ERR(EACCES, open("path-fifo", O_PATH));
}

static void open_check_held(void)
{
	struct stat held, named;
	int dir = open("dir", O_PATH | O_DIRECTORY);
	int fd;

	CHECK(dir == 3);
	guest_write("dir/inner", "inner");
	CHECK((fd = openat(dir, "inner", O_RDONLY)) == 4 && fstat(fd, &held) == 0 && close(fd) == 0);
	CHECK((fd = open_raw2(dir, "../dir/./inner", O_PATH, 0, 0)) == 4 && fstat(fd, &named) == 0 && close(fd) == 0);
	CHECK(held.st_ino == named.st_ino && held.st_dev == named.st_dev);
	if (guest_has_o_path())
		open_check_path_only();
	else
		open_check_readable();
	CHECK((fd = openat(dir, "", O_RDONLY)) == -1 && errno == ENOENT);
	CHECK((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY)) == 4 && close(fd) == 0 && close(dir) == 0);
}

static void open_check_resolve(void)
{
	int dir = open("dir", O_RDONLY | O_DIRECTORY);
	int fd;

	CHECK(dir == 3 && symlink("../file", "dir/up") == 0 && symlink("inner", "dir/near") == 0);
	CHECK_ERR(EXDEV, open_raw2(dir, "../file", O_RDONLY, 0, RESOLVE_BENEATH));
	CHECK_ERR(EXDEV, open_raw2(dir, "/file", O_RDONLY, 0, RESOLVE_BENEATH));
	CHECK_ERR(EXDEV, open_raw2(dir, "up", O_RDONLY, 0, RESOLVE_BENEATH));
	CHECK_ERR(ELOOP, open_raw2(dir, "near", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	CHECK_ERR(ELOOP, open_raw2(dir, "/proc/self/fd/3", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
	CHECK_ERR(EXDEV, open_raw2(AT_FDCWD, "/proc/self/status", O_RDONLY, 0, RESOLVE_NO_XDEV));
	CHECK_ERR(ENOENT, open_raw2(dir, "/file", O_RDONLY, 0, RESOLVE_IN_ROOT));
	CHECK_ERR(EINVAL, open_raw2(dir, "inner", O_RDONLY, 0, 1ULL << 40));
	CHECK((fd = open_raw2(dir, "/../inner", O_RDONLY, 0, RESOLVE_IN_ROOT)) == 4 && close(fd) == 0);
	CHECK((fd = open_raw2(dir, "near", O_RDONLY, 0, RESOLVE_BENEATH)) == 4 && close(fd) == 0 && close(dir) == 0);
}

int main(void)
{
	umask(022);
	guest_write("file", "head");
	CHECK(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0);
	open_check_descriptor();
	open_check_create();
	open_check_truncate();
	open_check_unnamed();
	open_check_held();
	open_check_resolve();
	return 0;
}
