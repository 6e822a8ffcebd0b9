/*
 * Files that come to be without open: mknod of a regular file, memfd_create, and
 * the node of a bound UNIX socket; with the caller's umask and the kernel's errno.
 */
#include "guest.h"

#include <sys/socket.h>
#include <sys/un.h>

static unsigned nodes_mode(const char *path)
{
	struct stat status;

	CHECK(lstat(path, &status) == 0 && status.st_uid == geteuid());
	return status.st_mode;
}

static void nodes_check_mknod(void)
{
	umask(027);
	CHECK(mknod("plain", S_IFREG | 0666, 0) == 0 && nodes_mode("plain") == (S_IFREG | 0640));
	CHECK(mknod("typeless", 0666, 0) == 0 && nodes_mode("typeless") == (S_IFREG | 0640));
	CHECK(syscall(SYS_mknodat, AT_FDCWD, "at", S_IFREG | 0600, 0) == 0 && nodes_mode("at") == (S_IFREG | 0600));
	CHECK_ERR(EEXIST, mknod("plain", S_IFREG | 0600, 0));
	CHECK_ERR(EEXIST, mknod("dangling", S_IFREG | 0600, 0));
	CHECK_ERR(ENOENT, mknod("no/where", S_IFREG | 0600, 0));
	CHECK_ERR(ENOENT, mknod("slash/", S_IFREG | 0600, 0));
	CHECK_ERR(EPERM, mknod("dir2", S_IFDIR | 0600, 0));
	CHECK_ERR(EINVAL, mknod("odd", S_IFLNK | 0600, 0));
	CHECK(mkfifo("fifo", 0666) == 0 && nodes_mode("fifo") == (S_IFIFO | 0640));
	CHECK(mknod("sock", S_IFSOCK | 0666, 0) == 0 && nodes_mode("sock") == (S_IFSOCK | 0640));
}

static void nodes_check_memfd(void)
{
	char name[300], link[64], text[64];
	int fd = memfd_create("scratch", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && write(fd, "text", 4) == 4);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	CHECK_ERR(EPERM, write(fd, "text", 4));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(readlink(link, text, sizeof(text)) == 24 && memcmp(text, "/memfd:scratch (deleted)", 24) == 0);
	CHECK(close(fd) == 0 && (fd = memfd_create("", 0)) >= 0 && fcntl(fd, F_GETFD) == 0 && close(fd) == 0);
	memset(name, 'm', sizeof(name));
	name[249] = '\0';
	CHECK((fd = memfd_create(name, 0)) >= 0 && close(fd) == 0);
	name[249] = 'm';
	name[250] = '\0';
	CHECK_ERR(EINVAL, memfd_create(name, 0));
	CHECK_ERR(EINVAL, memfd_create("odd", 0x1000));
}

static int nodes_bind(const char *path, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result, saved;

	memcpy(address.sun_path, path, length);
	result = bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	saved = errno;
	if (result == 0)
		return fd;
	close(fd);
	errno = saved;
	return -1;
}

static void nodes_check_bind(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "bound" };
	socklen_t length = sizeof(address);
	char longest[109];
	int server, client;

	CHECK((server = nodes_bind("bound", 6)) >= 0 && nodes_mode("bound") == (S_IFSOCK | 0750));
	CHECK(listen(server, 1) == 0 && (client = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	CHECK(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(getsockname(server, (struct sockaddr *)&address, &length) == 0);
	CHECK(length == offsetof(struct sockaddr_un, sun_path) + 6 && strcmp(address.sun_path, "bound") == 0);
	CHECK_ERR(EADDRINUSE, nodes_bind("bound", 6));
	CHECK_ERR(EADDRINUSE, nodes_bind("dangling", 9));
	CHECK_ERR(ENOENT, nodes_bind("no/where", 9));
	CHECK(close(client) == 0 && close(server) == 0 && nodes_mode("bound"));
	/* Another test may have an abstract name at the same time. */
	snprintf(longest + 1, sizeof(longest) - 1, "%d", (int)getpid());
	longest[0] = '\0';
	CHECK((server = nodes_bind(longest, 1 + strlen(longest + 1))) >= 0 && close(server) == 0);
	CHECK((server = nodes_bind("", 0)) >= 0 && close(server) == 0);
	memset(longest, 'l', sizeof(longest));
	CHECK((server = nodes_bind(longest, 108)) >= 0 && close(server) == 0);
	longest[108] = '\0';
	CHECK(nodes_mode(longest) == (S_IFSOCK | 0750));
}

static void nodes_check_bind_errors(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "unmade" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	CHECK_ERR(EINVAL, bind(fd, (struct sockaddr *)&address, 1));
	CHECK_ERR(EINVAL, bind(fd, (struct sockaddr *)&address, sizeof(address) + 1));
	CHECK_ERR(EFAULT, bind(fd, (struct sockaddr *)1, sizeof(address)));
	CHECK_ERR(EBADF, bind(99, (struct sockaddr *)&address, sizeof(address)));
	CHECK_ERR(ENOTSOCK, bind(1, (struct sockaddr *)&address, sizeof(address)));
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK_ERR(EINVAL, bind(fd, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "again" }, sizeof(address)));
	CHECK(close(fd) == 0);
}

int main(void)
{
	CHECK(symlink("nowhere", "dangling") == 0);
	nodes_check_mknod();
	nodes_check_memfd();
	nodes_check_bind();
	nodes_check_bind_errors();
	return 0;
}
