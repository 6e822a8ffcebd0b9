/*
 * What is created has the caller's umask, owner and group, the set-group-ID rule of
 * its directory included; and the umask of one thread is not that of another.
 */
#include "guest.h"

#include <sched.h>

static unsigned umask_made(const char *path, unsigned mode)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);

	CHECK(fd >= 0 && fstat(fd, &status) == 0 && close(fd) == 0 && unlink(path) == 0);
	return status.st_mode & 07777;
}

/* A thread of the same process whose cwd and umask are its own. */
static int umask_thread(void *unused)
{
	(void)unused;
	umask(0777);
	CHECK(chdir("dir") == 0);
	CHECK(umask_made("of-thread", 0666) == 0);
	return 0;
}

static void umask_check_thread(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t cleared = 1;
	pid_t tid = clone(umask_thread, stack + sizeof(stack),
		CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
		NULL, &cleared, NULL, &cleared);

	CHECK(tid > 0);
	while (__atomic_load_n(&cleared, __ATOMIC_ACQUIRE))
		guest_sleep_ms(1);
	CHECK(umask_made("of-leader", 0666) == 0644);
}

static void umask_check_group(void)
{
	struct stat status;

	if (geteuid() != 0)
		return;
	CHECK(mkdir("shared", 0777) == 0 && chown("shared", 0, 4242) == 0 && chmod("shared", 02777) == 0);
	CHECK(close(open("shared/file", O_WRONLY | O_CREAT, 0600)) == 0);
	CHECK(stat("shared/file", &status) == 0 && status.st_gid == 4242 && status.st_uid == 0);
	CHECK(mkdir("shared/below", 0755) == 0 && stat("shared/below", &status) == 0 && (status.st_mode & 02000));
}

int main(void)
{
	CHECK(mkdir("dir", 0777) == 0);
	umask(0);
	CHECK(umask_made("all", 07777) == 07777);
	umask(077);
	CHECK(umask_made("mine", 0666) == 0600);
	umask(0277);
	CHECK(umask_made("none", 0777) == 0500);
	umask(022);
	umask_check_thread();
	umask_check_group();
	return 0;
}
