/*
 * Calls of many handlers, in the folder "free", where they work unless the supervisor fails, and in "prot", where
 * none may ever work: "ALLOWED name" is the end of the world, "failed name errno" is not. Each call has a process
 * of its own. As root everything comes once more after a change of ids, with a file that only root may
 * read. Argument: the port of 127.0.0.1 that is refused.
 */
#include "guest.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define MEET_NOBODY 65534
#define MEET_SECONDS 10

struct meet_row {
	const char *name;
	long (*call)(const char *folder);
};

static int meet_port;

/* "FOLDER/NAME", in one of a few buffers. */
static const char *meet_at(const char *folder, const char *name)
{
	static char buffers[4][128];
	static unsigned next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/%s", folder, name);
	return buffer;
}

/* What could be read is shown: the secret is known by its text. */
static long meet_show(int fd)
{
	char text[64] = "";

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) > 0)
		printf("read %s\n", text);
	close(fd);
	return 0;
}

static long meet_opened(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static long meet_through_proc(const char *folder)
{
	char name[64];
	int fd = open(meet_at(folder, "file"), O_PATH);

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : meet_show(open(name, O_RDONLY));
}

static long meet_beneath(const char *folder)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_RDONLY, 0, 0x08 };
	int fd = open(".", O_PATH | O_DIRECTORY);

	return meet_show((int)syscall(SYS_openat2, fd, meet_at(folder, "file"), &how, sizeof(how)));
}

/* The whole list: its entries are judged one by one. */
static long meet_list(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	if (!directory)
		return -1;
	errno = 0;
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, "unlisted") == 0)
			puts("ALLOWED unlisted");
	closedir(directory);
	return errno ? -1 : 0;
}

static long meet_exec(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, "run", "ran", NULL);
		_exit(errno ? 9 : 8);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static long meet_map(const char *folder)
{
	int fd = open(meet_at(folder, "lib"), O_RDONLY);
	void *area = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return fd < 0 || area == MAP_FAILED ? -1 : 0;
}

static long meet_protect(const char *folder)
{
	int fd = open(meet_at(folder, "lib"), O_RDONLY);
	void *area = mmap(NULL, GUEST_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	return fd < 0 || area == MAP_FAILED ? -1 : mprotect(area, GUEST_PAGE, PROT_READ | PROT_EXEC);
}

static struct sockaddr_un meet_address(const char *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", meet_at(folder, name));
	return address;
}

static long meet_bind(const char *folder)
{
	struct sockaddr_un address = meet_address(folder, "new");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 || bind(fd, (void *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0 ? -1 : 0;
}

static long meet_connect(const char *folder)
{
	struct sockaddr_un address = meet_address(folder, "socket");

	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof(address));
}

/* Refused is the port that somebody listens on. */
static long meet_internet(const char *folder)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (strcmp(folder, "prot") == 0)
		address.sin_port = htons((uint16_t)meet_port);
	else if (bind(listener, (void *)&address, size) < 0 || listen(listener, 1) < 0 ||
		 getsockname(listener, (void *)&address, &size) < 0)
		return -1;
	return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof(address));
}

static long meet_send(const char *folder)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct iovec data = { "x", 1 };
	struct msghdr message = {
		.msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &data, .msg_iovlen = 1
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_port = htons((uint16_t)(strcmp(folder, "prot") == 0 ? meet_port : 9));
	return sendto(fd, "x", 1, 0, (void *)&address, sizeof(address)) < 0 && sendmsg(fd, &message, 0) < 0 ? -1 : 0;
}

/* The reader waits, for which the supervisor has a worker. */
static long meet_fifo(const char *folder)
{
	const char *name = meet_at(folder, "fifo");
	pid_t pid = fork();
	int fd, status;

	if (pid == 0)
		_exit(open(name, O_RDONLY) < 0);
	guest_sleep_ms(15);
	fd = open(name, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return fd < 0 || status ? -1 : 0;
}

static long meet_handle(const char *folder)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return inotify_add_watch(fd, folder, IN_CREATE);
}

static long meet_attribute(const char *folder)
{
	char value[8];

	return getxattr(meet_at(folder, "file"), "user.old", value, sizeof(value)) < 0 ? -1 : 0;
}

static long meet_attributes(const char *folder)
{
	char names[256];

	return listxattr(meet_at(folder, "file"), names, sizeof(names)) < 0 ? -1 : 0;
}

static long meet_times(const char *folder)
{
	return utimensat(AT_FDCWD, meet_at(folder, "file"), NULL, 0);
}

#define ROW(function, expression) \
	static long function(const char *d) \
	{ \
		return (expression); \
	}
#define FILE_OF(d) meet_at(d, "file")
#define NEW_OF(d) meet_at(d, "new")

ROW(meet_read, meet_show(open(FILE_OF(d), O_RDONLY)))
ROW(meet_read_slowly, meet_show(open(strcmp(d, "prot") == 0 ? "free/.././prot/file" : "prot/.././free/file", O_RDONLY)))
ROW(meet_read_link, meet_show(open(meet_at(d, "link"), O_RDONLY)))
ROW(meet_read_outer, meet_show(open(strcmp(d, "prot") == 0 ? "free/across" : "free/link", O_RDONLY)))
ROW(meet_write, meet_opened(open(FILE_OF(d), O_WRONLY | O_APPEND)))
ROW(meet_truncating, meet_opened(open(FILE_OF(d), O_WRONLY | O_TRUNC)))
ROW(meet_create, meet_opened(open(NEW_OF(d), O_WRONLY | O_CREAT | O_EXCL, 0600)))
ROW(meet_temporary, meet_opened(open(d, O_WRONLY | O_TMPFILE, 0600)))
ROW(meet_access, access(strcmp(d, "prot") == 0 ? "ghost/file" : FILE_OF(d), R_OK) < 0 ? -1 : 0)
ROW(meet_fs, statfs(strcmp(d, "prot") == 0 ? "ghost/file" : FILE_OF(d), &(struct statfs){ 0 }))
ROW(meet_truncate, truncate(FILE_OF(d), 1))
ROW(meet_unlink, unlink(FILE_OF(d)))
ROW(meet_rmdir, rmdir(meet_at(d, "empty")))
ROW(meet_mkdir, mkdir(NEW_OF(d), 0700))
ROW(meet_symlink, symlink("x", NEW_OF(d)))
ROW(meet_rename, rename(FILE_OF(d), NEW_OF(d)))
ROW(meet_rename_in, rename("loose", NEW_OF(d)))
ROW(meet_rename_out, rename(FILE_OF(d), "taken"))
ROW(meet_link, link(FILE_OF(d), "taken"))
ROW(meet_link_in, link("loose", NEW_OF(d)))
ROW(meet_node, mkfifo(NEW_OF(d), 0600))
ROW(meet_chmod, chmod(FILE_OF(d), 0640))
ROW(meet_chown, chown(FILE_OF(d), geteuid(), getegid()))
ROW(meet_setxattr, setxattr(FILE_OF(d), "user.new", "v", 1, 0))
ROW(meet_removexattr, removexattr(FILE_OF(d), "user.old"))
ROW(meet_chdir, chdir(d))
ROW(meet_fchdir, fchdir(open(d, O_PATH | O_DIRECTORY)))
ROW(meet_run, meet_exec(meet_at(d, "run")))
ROW(meet_run_script, meet_exec(meet_at(d, "script")))
ROW(meet_stat, stat(strcmp(d, "prot") == 0 ? "ghost/file" : FILE_OF(d), &(struct stat){ 0 }))
ROW(meet_lstat, lstat(strcmp(d, "prot") == 0 ? "ghost" : meet_at(d, "link"), &(struct stat){ 0 }))
ROW(meet_readlink,
	readlink(strcmp(d, "prot") == 0 ? "ghost/link" : meet_at(d, "link"), (char[64]){ 0 }, 64) < 0 ? -1 : 0)
ROW(meet_ghost, meet_show(open(strcmp(d, "prot") == 0 ? "ghost/file" : FILE_OF(d), O_RDONLY)))

#define SAYS(function) \
	{ \
#function, function \
	}
static const struct meet_row meet_rows[] = { SAYS(meet_read), SAYS(meet_read_slowly), SAYS(meet_read_link),
	SAYS(meet_read_outer), SAYS(meet_through_proc), SAYS(meet_beneath), SAYS(meet_list), SAYS(meet_ghost),
	SAYS(meet_stat), SAYS(meet_lstat), SAYS(meet_readlink), SAYS(meet_access), SAYS(meet_fs), SAYS(meet_attribute),
	SAYS(meet_attributes), SAYS(meet_handle), SAYS(meet_write), SAYS(meet_create), SAYS(meet_temporary),
	SAYS(meet_mkdir), SAYS(meet_rmdir), SAYS(meet_symlink), SAYS(meet_node), SAYS(meet_link), SAYS(meet_link_in),
	SAYS(meet_rename), SAYS(meet_rename_in), SAYS(meet_rename_out), SAYS(meet_chmod), SAYS(meet_chown),
	SAYS(meet_times), SAYS(meet_setxattr), SAYS(meet_removexattr), SAYS(meet_truncate), SAYS(meet_truncating),
	SAYS(meet_bind), SAYS(meet_connect), SAYS(meet_internet), SAYS(meet_send), SAYS(meet_fifo), SAYS(meet_chdir),
	SAYS(meet_fchdir), SAYS(meet_run), SAYS(meet_run_script), SAYS(meet_map), SAYS(meet_protect),
	SAYS(meet_unlink) };

/* What the calls before have left is taken away; that may fail, too. */
static void meet_prepare(void)
{
	static const char *const leftovers[] = { "free/new", "taken", "loose" };
	int fd;

	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++)
		if (unlink(leftovers[i]) < 0 && errno == EISDIR)
			rmdir(leftovers[i]);
	mkdir("free/empty", 0777);
	for (unsigned i = 0; i < 2; i++) {
		fd = open(i ? "loose" : "free/file", O_WRONLY | O_CREAT, 0666);
		if (fd >= 0 && write(fd, "plain", 5) == 5)
			close(fd);
	}
	setxattr("free/file", "user.old", "v", 1, 0);
}

/* In a process of its own: a call that hangs is ended by its alarm. */
static void meet_call(const struct meet_row *row, const char *folder)
{
	int status = 0;
	bool refused = strcmp(folder, "prot") == 0;
	pid_t pid = fork();
	long result;

	if (pid == 0) {
		alarm(MEET_SECONDS);
		errno = 0;
		result = row->call(folder);
		if (refused && result >= 0)
			printf("ALLOWED %s\n", row->name);
		if (!refused && result < 0)
			printf("failed %s %s\n", row->name, strerrorname_np(errno));
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || WIFSIGNALED(status))
		printf("%s %s %s %d\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "HANGS" : "died",
			row->name, folder, WTERMSIG(status));
	fflush(stdout);
}

static void meet_all(void)
{
	for (size_t i = 0; i < sizeof(meet_rows) / sizeof(meet_rows[0]); i++) {
		meet_prepare();
		meet_call(&meet_rows[i], "free");
		meet_call(&meet_rows[i], "prot");
	}
}

/* The same as somebody else, whom the file system refuses what root may. */
static void meet_as_other(void)
{
	if (syscall(SYS_setgroups, 0, NULL) < 0 || setresgid(MEET_NOBODY, MEET_NOBODY, MEET_NOBODY) < 0 ||
		setresuid(MEET_NOBODY, MEET_NOBODY, MEET_NOBODY) < 0) {
		printf("failed ids %s\n", strerrorname_np(errno));
		return;
	}
	if (meet_show(open("private", O_RDONLY)) >= 0 || unlink("mine/file") == 0 || access("private", R_OK) == 0)
		puts("ALLOWED other");
	meet_all();
}

int main(int argc, char **argv)
{
	pid_t pid;

	CHECK(argc > 1);
	if (strcmp(argv[argc - 1], "ran") == 0)
		return 0;
	meet_port = atoi(argv[1]);
	puts("begin");
	fflush(stdout);
	meet_all();
	if (geteuid() == 0) {
		pid = fork();
		if (pid == 0) {
			meet_as_other();
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	puts("end");
	return 0;
}
