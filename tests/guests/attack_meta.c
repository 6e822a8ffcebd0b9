/*
 * Attacks on what describes a file, and on what the kernel tells or writes for somebody: attributes of a refused file,
 * whether a hidden one is there. Which one is the first argument.
 */
#include "attack.h"

#include <dirent.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

enum { META_QUESTIONS = 23 };

static int meta_modes(const char *path)
{
	int result = attack_result(chmod(path, 0755));

	result = attack_either(result, attack_result(chown(path, getuid(), getgid())));
	result = attack_either(result, attack_result(fchmodat(AT_FDCWD, path, 0711, 0)));
	result = attack_either(result, attack_result(fchownat(AT_FDCWD, path, getuid(), getgid(), 0)));
	result = attack_either(result, attack_result(utimensat(AT_FDCWD, path, NULL, 0)));
	result = attack_either(result, attack_result(truncate(path, 1)));
	result = attack_either(result, attack_result(setxattr(path, "user.attack", "v", 1, 0)));
	return attack_either(result, attack_result(removexattr(path, "user.secret")));
}

/* By its name, by a symlink, and by a descriptor that was opened for reading where that is allowed. */
static int meta_change(const char *unused)
{
	int result = meta_modes("evil/file"), fd = open("evil/file", O_RDONLY | O_CLOEXEC);
	char name[64];

	(void)unused;
	CHECK(symlink("evil/file", "link") == 0);
	result = attack_either(result, meta_modes("link"));
	if (fd < 0)
		return result;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	result = attack_either(result, meta_modes(name));
	result = attack_either(result, attack_result(fchmod(fd, 0700)));
	result = attack_either(result, attack_result(fchown(fd, getuid(), getgid())));
	result = attack_either(result, attack_result(futimens(fd, NULL)));
	return attack_either(result, attack_result(fsetxattr(fd, "user.attack", "v", 1, 0)));
}

/* Itself a symlink: not what it leads to, and not a new one. */
static int meta_change_link(const char *unused)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	int result = attack_result(lchown("evil/link", getuid(), getgid()));

	(void)unused;
	result = attack_either(result, attack_result(utimensat(AT_FDCWD, "evil/link", times, AT_SYMLINK_NOFOLLOW)));
	return attack_either(result, attack_result(unlink("evil/link")));
}

/* An errno, or none, for each way to ask about a name. */
static void meta_ask(const char *path, int answers[META_QUESTIONS])
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char buffer[512];
	struct stat status;
	struct statfs statistics;
	int at = 0;

	answers[at++] = attack_result(stat(path, &status));
	answers[at++] = attack_result(lstat(path, &status));
	answers[at++] = attack_result(access(path, F_OK));
	answers[at++] = attack_result(readlink(path, buffer, sizeof(buffer)));
	answers[at++] = attack_result(statfs(path, &statistics));
	answers[at++] = attack_result(getxattr(path, "user.secret", buffer, sizeof(buffer)));
	answers[at++] = attack_result(open(path, O_RDONLY | O_CLOEXEC));
	answers[at++] = attack_result(open(path, O_PATH | O_CLOEXEC));
	answers[at++] = attack_result(inotify_add_watch(inotify_init1(IN_CLOEXEC), path, IN_OPEN));
	answers[at++] = attack_result(truncate(path, 0));
	answers[at++] = attack_result(chmod(path, 0600));
	answers[at++] = attack_result(rename(path, "good/got"));
	answers[at++] = attack_result(rename("good/file", path));
	answers[at++] = attack_result(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	answers[at++] = attack_result(mkdir(path, 0700));
	answers[at++] = attack_result(symlink("x", path));
	answers[at++] = attack_result(link("good/file", path));
	answers[at++] = attack_result(mkfifo(path, 0600));
	strcpy(un.sun_path, path);
	answers[at++] = attack_result(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof(un)));
	answers[at++] = attack_result(syscall(SYS_execve, path, NULL, NULL));
	answers[at++] = attack_result(chdir(path));
	answers[at++] = attack_result(rmdir(path));
	answers[at++] = attack_result(unlink(path));
}

/* Whether it is there: any answer that differs from that about a name that nobody has. */
static int meta_oracle(const char *unused)
{
	int there[META_QUESTIONS], none[META_QUESTIONS];

	(void)unused;
	meta_ask("evil/file", there);
	meta_ask("evil/none", none);
	for (int i = 0; i < META_QUESTIONS; i++)
		if (there[i] != none[i]) {
			fprintf(stderr, "question %d: %d and %d\n", i, there[i], none[i]);
			return ATTACK_WORKS;
		}
	return none[0];
}

/* A hidden name in the listing of what is above it. */
static int meta_listing(const char *unused)
{
	DIR *folder = opendir(".");
	struct dirent *entry;
	int result = ATTACK_NOTHING;

	(void)unused;
	if (!folder)
		return errno;
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, "evil") == 0)
			result = ATTACK_WORKS;
	closedir(folder);
	return result;
}

/* It makes itself known when it is used by others. */
static int meta_watch(const char *unused)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), result;
	char events[4096];

	(void)unused;
	result = attack_result(inotify_add_watch(fd, "evil", IN_ALL_EVENTS));
	if (result != ATTACK_WORKS)
		return result;
	attack_open("evil/file", O_RDONLY);
	return read(fd, events, sizeof(events)) > 0 ? ATTACK_WORKS : ATTACK_NOTHING;
}

/* What gives a file rights of its own. */
static int meta_rights(const char *unused)
{
	static const unsigned char capabilities[20] = { 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff };
	int result = attack_result(setxattr("good/file", "security.capability", capabilities, sizeof(capabilities), 0));

	(void)unused;
	result = attack_either(result, attack_result(setxattr("good/file", "user.mark", "v", 1, 0)));
	return attack_either(result, attack_result(setxattr("good/file", "trusted.mark", "v", 1, 0)));
}

/* Flags of a file, by a descriptor for reading. */
static int meta_flags(const char *unused)
{
	int fd = open("good/fixed", O_RDONLY | O_CLOEXEC), result, flags = 0;

	(void)unused;
	if (fd < 0)
		return errno;
	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	flags |= 0x40; /* not in dumps: every user may say so of his own */
	result = attack_result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	return result;
}

/* The old way to watch a directory sends signals. */
static int meta_notify(const char *unused)
{
	int fd = open("evil", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)unused;
	return fd < 0 ? errno : attack_result(fcntl(fd, F_NOTIFY, DN_ACCESS));
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "change", meta_change },
		{ "change-link", meta_change_link },
		{ "oracle", meta_oracle },
		{ "listing", meta_listing },
		{ "watch", meta_watch },
		{ "rights", meta_rights },
		{ "flags", meta_flags },
		{ "notify", meta_notify },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
