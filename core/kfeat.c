/*
 * Start-up probes. Each uses the feature once on ourselves; none costs more than a call or two.
 */
#include "core/kfeat.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/landlock.h"
#include "core/util.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif

#define KFEAT_LACKS(what) "this kernel, or a filter around Kennel, lacks " what ", which Kennel needs"

/* For what cannot be tried, because without it the trial would never end. */
static bool kfeat_release(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned long has_major, has_minor;
	char *dot;

	if (uname(&name) < 0)
		return false;
	has_major = strtoul(name.release, &dot, 10);
	if (*dot != '.')
		return false;
	has_minor = strtoul(dot + 1, NULL, 10);
	return has_major > major || (has_major == major && has_minor >= minor);
}

static bool kfeat_has_pidfd_thread(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);

	return fd >= 0 && close(fd) == 0;
}

/* Where the kernel reads the string first, it says EFAULT; of a negative descriptor 6.12 reads it, too. */
static bool kfeat_has_null_path(void)
{
	return syscall(SYS_statx, INT_MAX, NULL, AT_EMPTY_PATH, 0, NULL) < 0 && errno == EBADF;
}

void kfeat_probe(struct kfeat *features)
{
	*features = (struct kfeat){
		.pidfd_thread = kfeat_has_pidfd_thread(),
		.null_path = kfeat_has_null_path(),
		.landlock_abi = landlock_abi(),
	};
	/* Asked of the listener itself when there is one (core/notify.c). */
	features->sync_wake_up = true;
	features->recv_ends = kfeat_release(6, 11);
	features->get_syscall_info = true;
	features->set_syscall_info = true; /* the first use tells (core/ptrace.c) */
	features->entry_result = true;
	features->split_opens = true;
}

bool kfeat_disable(struct kfeat *features, const char *name)
{
	if (str_equal(name, "sync-wake-up"))
		features->sync_wake_up = false;
	else if (str_equal(name, "recv-ends"))
		features->recv_ends = false;
	else if (str_equal(name, "pidfd-thread"))
		features->pidfd_thread = false;
	else if (str_equal(name, "get-syscall-info"))
		features->get_syscall_info = false;
	else if (str_equal(name, "set-syscall-info"))
		features->set_syscall_info = false;
	else if (str_equal(name, "entry-result"))
		features->entry_result = false;
	else if (str_equal(name, "null-path"))
		features->null_path = false;
	else if (str_equal(name, "landlock"))
		features->landlock_abi = 0;
	else if (str_equal(name, "split-opens"))
		features->split_opens = false;
	else if (str_equal(name, "landlock-scope"))
		features->landlock_abi = features->landlock_abi > 5 ? 5 : features->landlock_abi;
	else
		return false;
	return true;
}

/* Calls that do nothing but fail this way, or succeed, where the kernel has them. */
static const struct kfeat_need {
	long nr;
	long args[4];
	int error;
	const char *missing;
} kfeat_needs[] = {
	/* Of what is needed the newest. A NULL program makes a kernel that knows the flag say EFAULT. */
	{ SYS_seccomp,
		{ SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			0 },
		EFAULT,
		"this kernel lacks seccomp user notification with WAIT_KILLABLE_RECV (Linux 5.19 or later with "
		"CONFIG_SECCOMP_FILTER is needed)" },
	{ SYS_pidfd_open, { 0, 0 }, EINVAL, KFEAT_LACKS("pidfd_open (Linux 5.3)") },
	{ SYS_pidfd_getfd, { -1, 0, 0 }, EBADF, KFEAT_LACKS("pidfd_getfd (Linux 5.6)") },
	{ SYS_openat2, { -1, 0, 0, 0 }, EINVAL, KFEAT_LACKS("openat2 (Linux 5.6)") },
	{ SYS_process_vm_readv, { 0, 0, 0, 0 }, 0, KFEAT_LACKS("process_vm_readv (CONFIG_CROSS_MEMORY_ATTACH)") },
	{ SYS_memfd_create, { 0, 0 }, EFAULT, KFEAT_LACKS("memfd_create (CONFIG_MEMFD_CREATE)") },
};

/* Tells whose descriptors a thread has where no pidfd of the thread does. */
static const struct kfeat_need kfeat_compares = { SYS_kcmp, { 0, 0, -1 }, ESRCH,
	KFEAT_LACKS("kcmp (CONFIG_KCMP) and, instead, PIDFD_THREAD (Linux 6.9)") };

static bool kfeat_has(const struct kfeat_need *need)
{
	const long *args = need->args;

	return syscall(need->nr, args[0], args[1], args[2], args[3], 0, 0) >= 0 || errno == need->error;
}

/* Another procfs than that of our own processes tells nothing about them. */
static bool kfeat_has_proc(void)
{
	char name[32];
	struct statfs fs;
	ssize_t length = readlink("/proc/self", name, sizeof(name) - 1);

	if (length < 0 || statfs("/proc/self/fd", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	name[length] = '\0';
	return strtol(name, NULL, 10) == getpid();
}

const char *kfeat_missing(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(kfeat_needs); i++)
		if (!kfeat_has(&kfeat_needs[i]))
			return kfeat_needs[i].missing;
	if (!kfeat_has_pidfd_thread() && !kfeat_has(&kfeat_compares))
		return kfeat_compares.missing;
	if (!kfeat_has_proc())
		return "there is no /proc of these processes, which Kennel needs";
	return NULL;
}

int kfeat_setting(const char *name)
{
	AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
	char digit;

	return fd < 0 || read(fd, &digit, 1) != 1 ? -1 : digit - '0';
}
