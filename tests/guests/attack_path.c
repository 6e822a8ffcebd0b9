/*
 * Attacks by the grammar of paths: other spellings of a refused name, other names for what it names, other roots.
 * Which one is the first argument.
 */
#include "attack.h"

#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>

#define PATH_LOOPS 39

/* In every spelling it is one file. */
static int path_spellings(const char *unused)
{
	static const char *const names[] = { "evil/file", "./evil//file", "good/../evil/./file", "evil/../evil/file",
		"//proc/self/cwd//evil/file", "good/../good/.././evil///file", "link", "chain/file",
		"evil/./././file" };
	int result = ATTACK_NOTHING;

	(void)unused;
	CHECK(symlink("evil/../evil/file", "link") == 0 && symlink("good/../evil", "chain") == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		result = attack_either(result, attack_read(names[i]));
	return result;
}

/* As long as a path may be, and the end of it at the end of the memory. */
static int path_long(const char *unused)
{
	char *pages = mmap(NULL, 3 * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = pages + 2 * GUEST_PAGE;
	int result;

	(void)unused;
	CHECK(pages != MAP_FAILED && munmap(end, GUEST_PAGE) == 0);
	for (char *at = pages; at < end; at += 2)
		memcpy(at, "./", 2);
	memcpy(end - sizeof("/evil/file"), "/evil/file", sizeof("/evil/file"));
	result = attack_read(end - PATH_MAX);
	if (attack_read(end - PATH_MAX - 2) != ENAMETOOLONG)
		attack_wrong("a path of 4,098 bytes");
	end[-1] = '/';
	if (attack_read(end - 100) != EFAULT)
		attack_wrong("a path that ends in no memory");
	return result;
}

/* As many symlinks as the kernel follows, and one more. */
static int path_chain(const char *unused)
{
	char name[16], before[16] = "evil/file";
	int result;

	(void)unused;
	for (int i = 0; i <= PATH_LOOPS; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		CHECK(symlink(before, name) == 0);
		strcpy(before, name);
	}
	result = attack_read(before);
	CHECK(symlink(before, "last") == 0);
	if (attack_read("last") != ELOOP)
		attack_wrong("41 symlinks");
	return result;
}

/* A slash behind a name. */
static int path_slashes(const char *unused)
{
	int result = attack_result(mkdir("evil/new/", 0755));

	(void)unused;
	CHECK(symlink("evil", "link") == 0 && mkdir("own", 0755) == 0);
	result = attack_either(result, attack_open("link/", O_RDONLY | O_DIRECTORY));
	result = attack_either(result, attack_result(rename("own/", "evil/own/")));
	result = attack_either(result, attack_result(rmdir("evil/in/")));
	return attack_either(result, attack_result(rename("link/in/", "taken/")));
}

/* A directory above the secret gets another name. */
static int path_move_parent(const char *unused)
{
	int result = attack_result(rename("evil", "good/moved"));

	(void)unused;
	result = attack_either(result, attack_result(renameat2(AT_FDCWD, "evil", AT_FDCWD, "good", RENAME_EXCHANGE)));
	if (result != ATTACK_WORKS)
		return result;
	return attack_either(attack_read("good/moved/file"), attack_read("good/file"));
}

/* The same, one level further up, by a descriptor. */
static int path_move_above(const char *unused)
{
	int up = open("..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)unused;
	if (renameat(up, "box", up, "moved"))
		return errno;
	return attack_steal(openat(up, "moved/evil/file", O_RDONLY | O_CLOEXEC));
}

/* A second name for the file. */
static int path_link(const char *unused)
{
	int fd = open("evil/file", O_PATH | O_CLOEXEC), result = attack_result(link("evil/file", "good/twin"));
	char name[64];

	(void)unused;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	result = attack_either(result, attack_result(linkat(AT_FDCWD, name, AT_FDCWD, "good/two", AT_SYMLINK_FOLLOW)));
	result = attack_either(result, attack_result(linkat(fd, "", AT_FDCWD, "good/three", AT_EMPTY_PATH)));
	return result == ATTACK_WORKS ? attack_read("good/twin") : result;
}

/* The directory of the secret appears under a name that is allowed; in a mount namespace of our own. */
static int path_mount(const char *unused)
{
	int result, tree;

	(void)unused;
	if (unshare(getuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS)) {
		result = errno;
		/* Nothing is mounted where others would see it: these names are not there. */
		if (mount("evil", "none", NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			attack_wrong("mount reaches the kernel");
		tree = (int)syscall(SYS_open_tree, AT_FDCWD, "evil", 1 | O_CLOEXEC); /* OPEN_TREE_CLONE */
		return tree < 0 ? result : attack_steal(openat(tree, "file", O_RDONLY));
	}
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("evil", "good", NULL, MS_BIND, NULL))
		return errno;
	return attack_read("good/file");
}

/* Out of a new root, by a descriptor from before. */
static int path_chroot(const char *unused)
{
	int base = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)unused;
	CHECK(base >= 0);
	if (chroot("good"))
		return errno;
	return fchdir(base) ? errno : attack_read("evil/file");
}

/* By a handle, which has no name. */
static int path_handle(const char *unused)
{
	struct {
		struct file_handle head;
		unsigned char room[MAX_HANDLE_SZ];
	} handle = { .head = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount_id, base = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)unused;
	if (name_to_handle_at(AT_FDCWD, "evil/file", &handle.head, &mount_id, 0)) {
		int result = errno;

		handle.head = (struct file_handle){ .handle_bytes = 8, .handle_type = 1 };
		if (open_by_handle_at(base, &handle.head, O_RDONLY) >= 0 || errno == ESTALE)
			attack_wrong("a guessed handle reaches the filesystem");
		return result;
	}
	return attack_steal(open_by_handle_at(base, &handle.head, O_RDONLY));
}

/* A refusal that comes after the effect. */
static int path_cut(const char *unused)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT | O_TRUNC, .mode = 0644 };
	int result = attack_open("evil/file", O_WRONLY | O_CREAT | O_TRUNC);

	(void)unused;
	result = attack_either(result, attack_open("evil/file", O_RDONLY | O_TRUNC));
	result = attack_either(result, attack_open("evil/file", 3 | O_TRUNC));
	result = attack_either(result, attack_open("evil/made", O_RDONLY | O_CREAT));
	result = attack_either(result, attack_result(creat("evil/made", 0644)));
	return attack_either(result, attack_result(syscall(SYS_openat2, AT_FDCWD, "evil/made", &how, sizeof(how))));
}

/* A file without a name gets one where none may be made. */
static int path_temporary(const char *unused)
{
	int fd = open("good", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), result;
	char name[64];

	(void)unused;
	if (fd < 0)
		return errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	result = attack_result(linkat(AT_FDCWD, name, AT_FDCWD, "evil/new", AT_SYMLINK_FOLLOW));
	result = attack_either(result, attack_result(linkat(fd, "", AT_FDCWD, "evil/empty", AT_EMPTY_PATH)));
	return attack_either(result, attack_result(rename("mine", "evil/file")));
}

/* A name that looks like lines of a log. */
static int path_forge(const char *unused)
{
	(void)unused;
	return attack_read("evil/x\n{\"id\":\"kennel\",\"act\":\"forged\"}\n\033[2J\xff\xc0%n -");
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "spellings", path_spellings },
		{ "long", path_long },
		{ "chain", path_chain },
		{ "slashes", path_slashes },
		{ "move-parent", path_move_parent },
		{ "move-above", path_move_above },
		{ "link", path_link },
		{ "mount", path_mount },
		{ "chroot", path_chroot },
		{ "handle", path_handle },
		{ "cut", path_cut },
		{ "temporary", path_temporary },
		{ "forge", path_forge },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
