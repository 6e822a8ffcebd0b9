/*
 * Magic links lead to the caller's own objects: pipes, deleted files, memory, and
 * descriptors by /dev/fd, /dev/stdin and /proc/self/fd.
 */
#include "guest.h"

#include <sys/socket.h>

static void magic_name(char name[64], const char *folder, int fd)
{
	snprintf(name, 64, "%s/%d", folder, fd);
}

static void magic_check_pipe(void)
{
	char name[64], text[8];
	int ends[2];
	int fd;

	CHECK(pipe(ends) == 0);
	magic_name(name, "/dev/fd", ends[1]);
	CHECK((fd = open(name, O_WRONLY)) >= 0 && write(fd, "pipe", 4) == 4 && close(fd) == 0);
	CHECK(dup2(ends[0], 0) == 0 && (fd = open("/dev/stdin", O_RDONLY)) >= 0);
	CHECK(read(fd, text, sizeof(text)) == 4 && close(fd) == 0);
	magic_name(name, "/proc/self/fd", ends[0]);
	CHECK((fd = open(name, O_RDWR)) >= 0 && write(fd, "both", 4) == 4 && close(fd) == 0);
	CHECK(read(0, text, sizeof(text)) == 4 && close(ends[0]) == 0 && close(ends[1]) == 0);
	CHECK_ERR(ENOENT, open(name, O_RDONLY));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	magic_name(name, "/proc/self/fd", ends[0]);
	CHECK_ERR(ENXIO, open(name, O_RDWR));
	CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void magic_check_deleted(void)
{
	struct stat held, named;
	char name[64], text[64];
	int fd, again;

	guest_write("doomed", "still here");
	CHECK((fd = open("doomed", O_RDONLY)) >= 0 && unlink("doomed") == 0);
	magic_name(name, "/proc/self/fd", fd);
	CHECK((again = open(name, O_RDWR)) >= 0 && read(again, text, sizeof(text)) == 10 && close(again) == 0);
	CHECK(stat(name, &named) == 0 && fstat(fd, &held) == 0 && held.st_ino == named.st_ino);
	CHECK(lstat(name, &named) == 0 && S_ISLNK(named.st_mode));
	CHECK(truncate(name, 5) == 0 && fstat(fd, &held) == 0 && held.st_size == 5 && close(fd) == 0);
	CHECK((fd = memfd_create("magic", 0)) >= 0 && write(fd, "memory", 6) == 6);
	magic_name(name, "/proc/self/fd", fd);
	CHECK(guest_read(name, text, sizeof(text)) == 6 && close(fd) == 0);
}

static void magic_check_flags(void)
{
	struct stat status;
	char name[64], text[8];
	int fd = open("file", O_RDONLY);
	int error;
	int link;

	CHECK(fd >= 0);
	magic_name(name, "/proc/self/fd", fd);
	CHECK_ERR(ELOOP, open(name, O_RDONLY | O_NOFOLLOW));
	/* Under a stat rule a symlink cannot be held (doc/BOUNDARY.md). */
	link = open(name, O_PATH | O_NOFOLLOW);
	error = errno;
	CHECK(link >= 0 ? fstat(link, &status) == 0 && S_ISLNK(status.st_mode) && close(link) == 0
			: error == EOPNOTSUPP);
	CHECK((link = open(name, O_PATH)) >= 0 && fstat(link, &status) == 0 && S_ISREG(status.st_mode));
	CHECK(close(link) == 0 && (link = open(name, O_RDONLY)) >= 0 && read(link, text, 1) == 1);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0 && close(link) == 0);
	CHECK_ERR(EEXIST, open(name, O_WRONLY | O_CREAT | O_EXCL, 0600));
	CHECK((link = open(name, O_WRONLY | O_TRUNC)) >= 0 && fstat(fd, &status) == 0 && status.st_size == 0);
	CHECK(close(link) == 0 && close(fd) == 0);
	CHECK_ERR(ENOENT, open(name, O_RDONLY));
	CHECK_ERR(ENOENT, open("/dev/fd/98", O_RDONLY));
	CHECK_ERR(ENOENT, open("/proc/self/fd/x", O_RDONLY));
}

static void magic_check_directories(void)
{
	char name[64], text[16];
	int dir = open("dir", O_PATH | O_DIRECTORY);
	int fd;

	CHECK(dir >= 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d/inner", dir);
	CHECK(guest_read(name, text, sizeof(text)) == 5);
	snprintf(name, sizeof(name), "/dev/fd/%d/../file", dir);
	CHECK(guest_read(name, text, sizeof(text)) == 4);
	snprintf(name, sizeof(name), "/proc/self/fd/%d/made", dir);
	CHECK((fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0 && close(fd) == 0 &&
		access("dir/made", F_OK) == 0);
	magic_name(name, "/proc/self/fd", dir);
	CHECK(symlink(name, "to-dir") == 0 && guest_read("to-dir/inner", text, sizeof(text)) == 5 && close(dir) == 0);
	CHECK_ERR(ENOENT, open("to-dir/inner", O_RDONLY));
}

int main(void)
{
	guest_write("file", "text");
	CHECK(mkdir("dir", 0755) == 0);
	guest_write("dir/inner", "inner");
	magic_check_directories();
	magic_check_deleted();
	magic_check_pipe();
	magic_check_flags();
	return 0;
}
