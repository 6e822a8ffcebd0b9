/*
 * The supervisor acts for who calls: a program that gave its rights away must not get them back through it. Prints an
 * errno for each deed, which is to be the same natively. Argument: how the rights go (ids, file ids, capabilities,
 * a thread's ids). Started by root it has some to give away.
 */
#include "attack.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

enum { DEPUTY_NOBODY = 65534 };

static void deputy_tell(const char *what, long result)
{
	printf("note: %s %d\n", what, result < 0 ? errno : 0);
	if (strncmp(what, "open", 4) == 0 && result >= 0)
		close((int)result);
}

static void deputy_open(void)
{
	deputy_tell("open to read", open("root/file", O_RDONLY));
	deputy_tell("open to write", open("root/readable", O_WRONLY));
	deputy_tell("open to make", open("root/made", O_WRONLY | O_CREAT, 0600));
	deputy_tell("open to cut", open("root/readable", O_RDONLY | O_TRUNC));
	deputy_tell("open without a time", open("root/readable", O_RDONLY | O_NOATIME));
	deputy_tell("open nameless", open("root", O_TMPFILE | O_RDWR, 0600));
	deputy_tell("open a closed directory", open("closed/file", O_RDONLY));
	deputy_tell("open somebody's memory", open("/proc/1/environ", O_RDONLY));
	deputy_tell("open by path", open("closed/file", O_PATH));
}

static void deputy_look(void)
{
	struct stat status;
	char text[64];

	deputy_tell("access", access("root/file", R_OK));
	deputy_tell("access by effective ids", faccessat(AT_FDCWD, "root/file", R_OK, AT_EACCESS));
	deputy_tell("stat", stat("closed/file", &status));
	deputy_tell("readlink", readlink("/proc/1/exe", text, sizeof(text)));
	deputy_tell("getxattr", getxattr("root/readable", "trusted.deputy", text, sizeof(text)));
	deputy_tell("watch", inotify_add_watch(inotify_init1(IN_CLOEXEC), "root/file", IN_OPEN));
}

static void deputy_change(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	deputy_tell("chmod", chmod("root/readable", 0644));
	deputy_tell("chown", chown("own", 0, 0));
	deputy_tell("chgrp", chown("own", (uid_t)-1, 1));
	deputy_tell("utime", utimensat(AT_FDCWD, "root/readable", times, 0));
	deputy_tell("utime now", utimensat(AT_FDCWD, "root/readable", NULL, 0));
	deputy_tell("truncate", truncate("root/readable", 0));
	deputy_tell("setxattr", setxattr("own", "trusted.deputy", "v", 1, 0));
	deputy_tell("set capabilities",
		setxattr("own", "security.capability", "\0\0\0\2\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0", 20, 0));
	deputy_tell("set id", chmod("shared", 02755));
}

static void deputy_names(void)
{
	deputy_tell("mkdir", mkdir("root/new", 0755));
	deputy_tell("mkfifo", mkfifo("root/fifo", 0600));
	deputy_tell("mknod", mknod("device", S_IFCHR | 0600, makedev(1, 3)) < 0 ? (errno = EPERM, -1) : 0);
	deputy_tell("symlink", symlink("x", "root/link"));
	deputy_tell("link", link("root/file", "linked"));
	deputy_tell("link to", link("own", "root/linked"));
	deputy_tell("rename", rename("root/file", "stolen"));
	deputy_tell("rename to", rename("own", "root/readable"));
	deputy_tell("unlink", unlink("root/file"));
	deputy_tell("unlink sticky", unlink("sticky/file"));
	deputy_tell("rename sticky", rename("sticky/file", "sticky/other"));
	deputy_tell("rmdir", rmdir("root/in"));
}

static void deputy_credentials(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control = { .header = { CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS } };
	struct ucred claims[] = { { getpid(), 0, 0 }, { 1, geteuid(), getegid() }, { getpid(), geteuid(), 0 },
		{ getpid(), getuid(), getgid() }, { getppid(), getuid(), getgid() } };
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		memcpy(CMSG_DATA(&control.header), &claims[i], sizeof(claims[i]));
		deputy_tell("claim to be somebody", sendmsg(ends[0], &message, 0));
	}
}

/* What a message may say about itself, which some capability allows. */
static void deputy_marks(void)
{
	static const int types[][2] = { { SOL_SOCKET, SO_MARK }, { SOL_SOCKET, SO_PRIORITY } };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct iovec part = { (void *)(uintptr_t) "x", 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
		.msg_name = &in,
		.msg_namelen = sizeof(in) };
	int value = 7, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < 2; i++) {
		control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), types[i][0], types[i][1] };
		memcpy(CMSG_DATA(&control.header), &value, sizeof(value));
		deputy_tell("mark", sendmsg(fd, &message, 0));
	}
	in.sin_addr.s_addr = htonl(0x7fffffff);
	message.msg_control = NULL;
	message.msg_controllen = 0;
	deputy_tell("broadcast", sendmsg(fd, &message, 0));
}

static void deputy_sockets(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(0x7f000909) };
	struct sockaddr_un un = { AF_UNIX, "closed/socket" };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	deputy_tell("bind a low port", bind(fd, (struct sockaddr *)&in, sizeof(in)));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	deputy_tell("connect", connect(fd, (struct sockaddr *)&un, sizeof(un)));
	strcpy(un.sun_path, "root/socket");
	deputy_tell("bind", bind(fd, (struct sockaddr *)&un, sizeof(un)));
	deputy_credentials();
	deputy_marks();
}

static void *deputy_all(void *unused)
{
	umask(0);
	deputy_open();
	deputy_look();
	deputy_change();
	deputy_names();
	deputy_sockets();
	return unused;
}

static void deputy_prepare(void)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un = { AF_UNIX, "closed/socket" };

	CHECK(mkdir("root", 0755) == 0 && mkdir("root/in", 0755) == 0 && mkdir("closed", 0700) == 0);
	guest_write("root/file", "root's");
	guest_write("root/readable", "root's");
	guest_write("closed/file", "root's");
	CHECK(chmod("root/file", 0600) == 0 && mkdir("sticky", 0777) == 0 && chmod("sticky", 01777) == 0);
	guest_write("sticky/file", "root's");
	guest_write("own", "own");
	guest_write("shared", "shared");
	CHECK(bind(server, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(server, 1) == 0);
	if (geteuid() == 0)
		CHECK(chown("own", DEPUTY_NOBODY, DEPUTY_NOBODY) == 0 && chown("shared", DEPUTY_NOBODY, 1) == 0);
}

static int deputy_ids(const char *unused)
{
	(void)unused;
	deputy_prepare();
	syscall(SYS_setgroups, 0UL, NULL);
	CHECK(setresgid(DEPUTY_NOBODY, DEPUTY_NOBODY, DEPUTY_NOBODY) == 0);
	CHECK(setresuid(DEPUTY_NOBODY, DEPUTY_NOBODY, DEPUTY_NOBODY) == 0);
	deputy_all(NULL);
	return ATTACK_NOTHING;
}

/* Those for files only: for the rest it is who it was. */
static int deputy_file_ids(const char *unused)
{
	(void)unused;
	deputy_prepare();
	setfsgid(DEPUTY_NOBODY);
	setfsuid(DEPUTY_NOBODY);
	deputy_all(NULL);
	return ATTACK_NOTHING;
}

/* Still root by name. */
static int deputy_capabilities(const char *unused)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	(void)unused;
	deputy_prepare();
	CHECK(syscall(SYS_capset, &header, none) == 0);
	deputy_all(NULL);
	return ATTACK_NOTHING;
}

static void *deputy_thread_ids(void *unused)
{
	CHECK(syscall(SYS_setresuid, DEPUTY_NOBODY, DEPUTY_NOBODY, DEPUTY_NOBODY) == 0);
	return deputy_all(unused);
}

/* One thread gives them away, the others keep them. */
static int deputy_thread(const char *unused)
{
	pthread_t thread;

	(void)unused;
	deputy_prepare();
	CHECK(pthread_create(&thread, NULL, deputy_thread_ids, NULL) == 0 && pthread_join(thread, NULL) == 0);
	return ATTACK_NOTHING;
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "ids", deputy_ids },
		{ "file-ids", deputy_file_ids },
		{ "capabilities", deputy_capabilities },
		{ "thread", deputy_thread },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
