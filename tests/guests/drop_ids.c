/*
 * As root inside: the rights of a call are the caller's at that moment, also after it
 * gave up ids, groups or capabilities, and also when only one thread did.
 */
#include "guest.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>

#define NOBODY 65534

static void ids_check_open(const char *who)
{
	struct stat status;
	int fd;

	CHECK_ERR(EACCES, open("secret", O_RDONLY));
	CHECK_ERR(EACCES, open("closed/inner", O_RDONLY));
	CHECK_ERR(EACCES, stat("closed/inner", &status));
	CHECK_ERR(EACCES, truncate("secret", 0));
	CHECK_ERR(EACCES, open("rootdir/new", O_WRONLY | O_CREAT, 0600));
	CHECK((fd = open(who, O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0 && fstat(fd, &status) == 0 && close(fd) == 0);
	CHECK(status.st_uid == NOBODY);
}

static void ids_drop_all(void)
{
	CHECK(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	ids_check_open("open/by-nobody");
	CHECK_ERR(EACCES, access("secret", R_OK));
	CHECK_ERR(EPERM, setresuid(0, 0, 0));
	CHECK_ERR(EACCES, mknod("rootdir/node", S_IFREG | 0600, 0));
}

/* The raw call changes this thread only. */
static int ids_thread(void *unused)
{
	(void)unused;
	CHECK(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0);
	ids_check_open("open/by-thread");
	return 0;
}

static void ids_check_thread(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t cleared = 1;

	CHECK(clone(ids_thread, stack + sizeof(stack),
		      CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_FS | CLONE_CHILD_CLEARTID |
			      CLONE_PARENT_SETTID,
		      NULL, &cleared, NULL, &cleared) > 0);
	while (__atomic_load_n(&cleared, __ATOMIC_ACQUIRE))
		guest_sleep_ms(1);
	CHECK(close(open("secret", O_RDONLY)) == 0);
}

static void ids_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	CHECK(syscall(SYS_capset, &header, none) == 0);
	CHECK_ERR(EACCES, open("unreadable", O_RDONLY));
	CHECK_ERR(EACCES, open("closed-to-all/inner", O_RDONLY));
	CHECK(close(open("secret", O_RDONLY)) == 0);
}

/* A supplementary group that only the caller has opens the file, and its loss closes it. */
static void ids_drop_groups(void)
{
	gid_t group = 4242;

	CHECK(setgroups(1, &group) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(close(open("for-group", O_RDONLY)) == 0);
	CHECK_ERR(EACCES, open("for-group", O_RDWR));
}

/* access() asks with the real ids, faccessat2(AT_EACCESS) and open with the effective ones. */
static void ids_check_real(void)
{
	CHECK(setresuid(NOBODY, 0, 0) == 0);
	CHECK_ERR(EACCES, access("secret", R_OK));
	CHECK(syscall(SYS_faccessat2, AT_FDCWD, "secret", R_OK, AT_EACCESS) == 0);
	CHECK(close(open("secret", O_RDONLY)) == 0);
	CHECK(setresuid(0, NOBODY, 0) == 0);
	CHECK(access("secret", R_OK) == 0);
	CHECK_ERR(EACCES, open("secret", O_RDONLY));
	CHECK(syscall(SYS_setfsuid, 0) == NOBODY);
	CHECK(close(open("secret", O_RDONLY)) == 0);
}

static void ids_run(void (*part)(void))
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		part();
		_exit(0);
	}
	CHECK(guest_wait(child) == 0);
}

int main(void)
{
	if (geteuid() != 0)
		guest_skip("needs root");
	umask(0);
	guest_write("secret", "secret");
	guest_write("unreadable", "unreadable");
	guest_write("for-group", "group");
	CHECK(chmod("secret", 0600) == 0 && chmod("unreadable", 0) == 0);
	CHECK(chown("for-group", 0, 4242) == 0 && chmod("for-group", 0640) == 0);
	CHECK(mkdir("closed", 0700) == 0 && mkdir("open", 0777) == 0 && mkdir("rootdir", 0755) == 0);
	CHECK(mkdir("closed-to-all", 0755) == 0);
	guest_write("closed/inner", "inner");
	guest_write("closed-to-all/inner", "inner");
	CHECK(chmod("closed-to-all", 0) == 0 && chmod(".", 0755) == 0);
	ids_run(ids_drop_all);
	ids_run(ids_check_thread);
	ids_run(ids_drop_capabilities);
	ids_run(ids_drop_groups);
	ids_run(ids_check_real);
	CHECK(close(open("unreadable", O_RDONLY)) == 0);
	return 0;
}
