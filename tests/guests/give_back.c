/*
 * The kernel's surface that options give back, call by call. Without an argument all of it must be refused, each with
 * its errno; with one of the policy's commands what that gives back must get through: the arguments are such that the
 * kernel then finds another error, or does what changes nothing. Run under Kennel only.
 */
#include "guest.h"

#include <linux/kcmp.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#define NOBODY_THERE 0x3ffffff /* neither a process nor a user */
#define BAD_POINTER 1

#ifdef __LP64__
#define HIGH_BITS (1L << 40)
#else
#define HIGH_BITS 0
#endif

struct give_back_call {
	const char *name;
	const char *given_by; /* NULL: never refused */
	long nr;
	long args[6];
	int error;
	bool needs_root; /* others get the same errno from the kernel */
};

static const struct give_back_call calls[] = {
	{ "ptrace", "ptrace", SYS_ptrace, { PTRACE_SEIZE, NOBODY_THERE }, EPERM, false },
	{ "process_vm_readv", "ptrace", SYS_process_vm_readv, { NOBODY_THERE }, EPERM, false },
	{ "process_vm_writev", "ptrace", SYS_process_vm_writev, { NOBODY_THERE }, EPERM, false },
	{ "process_madvise", "ptrace", SYS_process_madvise, { -1, 0, 0, 20 }, EPERM, false },
	{ "kcmp", "ptrace", SYS_kcmp, { NOBODY_THERE, NOBODY_THERE, KCMP_VM }, EPERM, false },
	{ "move_pages", "ptrace", SYS_move_pages, { NOBODY_THERE }, EPERM, false },
	{ "move_pages of its own", NULL, SYS_move_pages, { 0 }, 0, false },
	{ "migrate_pages", "ptrace", SYS_migrate_pages, { NOBODY_THERE }, EPERM, false },
	{ "perf_event_open", "perf", SYS_perf_event_open, { BAD_POINTER }, EACCES, false },
	{ "keyctl", "keyring", SYS_keyctl, { 999 }, ENOSYS, false },
	{ "add_key", "keyring", SYS_add_key, { BAD_POINTER }, ENOSYS, false },
	{ "request_key", "keyring", SYS_request_key, { BAD_POINTER }, ENOSYS, false },
	{ "personality without random addresses", "personality", SYS_personality, { ADDR_NO_RANDOMIZE }, EPERM, false },
	{ "personality with the old layout", "personality", SYS_personality, { ADDR_COMPAT_LAYOUT }, EPERM, false },
	{ "personality of 3 GB", "personality", SYS_personality, { PER_LINUX32_3GB }, EPERM, false },
	{ "personality with a page at 0", "personality", SYS_personality, { MMAP_PAGE_ZERO }, EPERM, false },
	{ "personality of Solaris", "personality", SYS_personality, { PER_SOLARIS }, EPERM, false },
	{ "personality of 32 bits", NULL, SYS_personality, { PER_LINUX32 }, 0, false },
	{ "personality of an old version", NULL, SYS_personality, { PER_LINUX32 | UNAME26 }, 0, false },
	{ "personality of Linux", NULL, SYS_personality, { PER_LINUX }, 0, false },
	{ "personality asked for", NULL, SYS_personality, { 0xffffffff }, 0, false },
	{ "prctl of areas", "prctl", SYS_prctl, { PR_SET_MM, 99, 0, 0, 1 }, EPERM, false },
	{ "setpriority of a user", "nice", SYS_setpriority, { PRIO_USER, NOBODY_THERE, 19 }, EPERM, false },
	{ "setpriority of its own", NULL, SYS_setpriority, { PRIO_PROCESS, 0, 19 }, 0, false },
	{ "ioprio_set of a user", "nice", SYS_ioprio_set, { 3, NOBODY_THERE, 0x4000 }, EPERM, false },
	{ "reboot", "reboot", SYS_reboot, { 1, 2, 3 }, EPERM, true },
	{ "settimeofday", "time", SYS_settimeofday, { BAD_POINTER }, EPERM, false },
	{ "clock_settime", "time", SYS_clock_settime, { CLOCK_REALTIME, BAD_POINTER }, EPERM, false },
#ifdef __i386__
	{ "clock_settime64", "time", 404, { CLOCK_REALTIME, BAD_POINTER }, EPERM, false },
	{ "stime", "time", SYS_stime, { BAD_POINTER }, EPERM, true },
#endif
	{ "syslog", "syslog", SYS_syslog, { 99 }, EPERM, true },
	{ "iopl", "rawio", SYS_iopl, { 4 }, EPERM, false },
	{ "ioperm", "rawio", SYS_ioperm, { 0x10001, 1, 1 }, EPERM, false },
	{ "modify_ldt", "legacy", SYS_modify_ldt, { 0, 0, 0 }, ENOSYS, false },
	{ "ustat", "legacy", SYS_ustat, { 0, 0 }, ENOSYS, false },
	{ "userfaultfd of user code", "userfaultfd", SYS_userfaultfd, { 1 | O_CLOEXEC }, EPERM, false },
	{ "userfaultfd", "nothing", SYS_userfaultfd, { O_CLOEXEC }, EPERM, false },
	{ "ioctl TIOCSTI", "TIOCSTI", SYS_ioctl, { -1, TIOCSTI | HIGH_BITS }, EPERM, false },
	{ "ioctl TIOCLINUX", "TIOCLINUX", SYS_ioctl, { -1, TIOCLINUX | HIGH_BITS }, EPERM, false },
	{ "ioctl KDSKBENT", "KDSKBENT", SYS_ioctl, { -1, 0x4b47 | HIGH_BITS }, EPERM, false },
	{ "ioctl KDSKBSENT", "KDSKBSENT", SYS_ioctl, { -1, 0x4b49 | HIGH_BITS }, EPERM, false },
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static bool give_back_wrong(const struct give_back_call *call, bool given)
{
	const long *a = call->args;
	long result;

	/* Not on this machine: any answer but the call's own is right. */
	if (call->nr == CALL_NONE)
		return false;
	errno = 0;
	result = syscall(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	/* A kernel may be built without it. */
	if (!call->given_by && (result >= 0 || errno == ENOSYS))
		return false;
	if (call->given_by && given != (result == -1 && errno == call->error))
		return false;
	fprintf(stderr, "%s: result %ld, %s, expected %s%s\n", call->name, result, strerror(errno),
		given ? "anything but " : "", strerror(call->error));
	return true;
}

/* A page that the program serves holds nobody up but itself. */
static void give_back_fault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range.len = GUEST_PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = (int)syscall(SYS_userfaultfd, 1 | O_CLOEXEC);

	area.range.start = (uintptr_t)page;
	CHECK(page != MAP_FAILED && fd >= 0);
	CHECK(ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &area) == 0);
	CHECK_ERR(EFAULT, open(page, O_RDONLY));
	CHECK_ERR(EFAULT, mkdir(page, 0700));
	CHECK(close(fd) == 0);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	unsigned wrong = 0, found = 0;

	/* Nothing is tried where this harmless one gets through. */
	CHECK_ERR(ENOSYS, syscall(SYS_clone3, 0, 0));
	for (size_t i = 0; i < CALLS; i++) {
		bool given = calls[i].given_by && strcmp(calls[i].given_by, name) == 0;

		found += given;
		if (!given || !calls[i].needs_root || geteuid() == 0)
			wrong += give_back_wrong(&calls[i], given);
	}
	if (strcmp(name, "userfaultfd") == 0)
		give_back_fault();
	if (argc > 1 && !found)
		fprintf(stderr, "nothing is given back by %s\n", name);
	return wrong > 0 || (argc > 1 && !found);
}
