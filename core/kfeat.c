/*
 * Start-up probes. Each uses the feature once on ourselves; none costs more than a call or two.
 */
#include "core/kfeat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/landlock.h"
#include "core/util.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif

/* For what cannot be tried, because without it the trial would never end. */
static bool kfeat_release(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned has_major, has_minor;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &has_major, &has_minor) != 2)
		return false;
	return has_major > major || (has_major == major && has_minor >= minor);
}

void kfeat_probe(struct kfeat *features)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);

	*features = (struct kfeat){ .pidfd_thread = fd >= 0, .landlock_abi = landlock_abi() };
	/* Asked of the listener itself when there is one (core/notify.c). */
	features->sync_wake_up = true;
	features->recv_ends = kfeat_release(6, 11);
	features->get_syscall_info = true;
	features->set_syscall_info = true; /* the first use tells (core/ptrace.c) */
	features->entry_result = true;
	features->split_opens = true;
	if (fd >= 0)
		close(fd);
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

/* WAIT_KILLABLE_RECV came with 5.19. A NULL program makes a kernel that knows the flag say EFAULT. */
static bool kfeat_wait_killable(void)
{
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, NULL);

	return result < 0 && errno == EFAULT;
}

const char *kfeat_missing(void)
{
	if (!kfeat_wait_killable())
		return "this kernel lacks seccomp user notification with WAIT_KILLABLE_RECV (Linux 5.19 or later is "
		       "needed)";
	return NULL;
}
