/*
 * The kernel surface that is refused while any category is on: mounts, namespaces,
 * tracing, other processes' memory, io_uring, modules, unknown numbers. Run under
 * Kennel only; with the argument "native" it proves that root may do some of it.
 */
#include "guest.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>

#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack CALL_NEW(453)
#endif

struct surface_call {
	const char *name;
	long nr;
	long args[6];
	int error; /* 0: EPERM or ENOSYS, either makes libc and tools fall back */
};

#define EITHER 0

/* struct xfs_fsop_handlereq holds pointers. */
#define SURFACE_XFS_OPEN _IOWR('X', 107, char[sizeof(void *) == 8 ? 0x38 : 0x1c])

static const struct surface_call surface_calls[] = {
	{ "mount", SYS_mount, { (long)"none", (long)"/mnt", (long)"tmpfs" }, EPERM },
	{ "umount2", SYS_umount2, { (long)"/proc" }, EPERM },
	{ "chroot", SYS_chroot, { (long)"." }, EPERM },
	{ "pivot_root", SYS_pivot_root, { (long)".", (long)"." }, EPERM },
	{ "setns", SYS_setns, { 0, 0 }, EPERM },
	{ "unshare of everything", SYS_unshare, { CLONE_NEWNS | CLONE_NEWPID }, EPERM },
	{ "unshare of users", SYS_unshare, { CLONE_NEWUSER }, EPERM },
	{ "unshare of files and users", SYS_unshare, { CLONE_FILES | CLONE_FS | CLONE_NEWUSER }, EPERM },
	{ "unshare of time", SYS_unshare, { CLONE_NEWTIME }, EPERM },
	{ "clone new users", SYS_clone, { CALL_CLONE(CLONE_NEWUSER | SIGCHLD) }, EPERM },
	{ "clone new mounts", SYS_clone, { CALL_CLONE(CLONE_NEWNS | SIGCHLD) }, EPERM },
	{ "clone new processes", SYS_clone, { CALL_CLONE(CLONE_NEWPID | SIGCHLD) }, EPERM },
	{ "clone new net", SYS_clone, { CALL_CLONE(CLONE_NEWNET | SIGCHLD) }, EPERM },
	{ "clone new ipc", SYS_clone, { CALL_CLONE(CLONE_NEWIPC | SIGCHLD) }, EPERM },
	{ "clone new names", SYS_clone, { CALL_CLONE(CLONE_NEWUTS | SIGCHLD) }, EPERM },
	{ "clone new cgroup", SYS_clone, { CALL_CLONE(CLONE_NEWCGROUP | SIGCHLD) }, EPERM },
	{ "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, EPERM },
	{ "process_vm_readv", SYS_process_vm_readv, { 1 }, EPERM },
	{ "process_vm_writev", SYS_process_vm_writev, { 1 }, EPERM },
	{ "pidfd_getfd", SYS_pidfd_getfd, { 0, 0, 0 }, EPERM },
	{ "bpf", SYS_bpf, { 0, 0, 0 }, EPERM },
	{ "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 }, EPERM },
	{ "init_module", SYS_init_module, { 0, 0, 0 }, EPERM },
	{ "finit_module", SYS_finit_module, { 0, 0, 0 }, EPERM },
	{ "delete_module", SYS_delete_module, { (long)"kennel", 0 }, EPERM },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, 0 }, ENOSYS },
	{ "io_uring_enter", SYS_io_uring_enter, { 0 }, ENOSYS },
	{ "io_uring_register", SYS_io_uring_register, { 0 }, ENOSYS },
	{ "open_tree", SYS_open_tree, { AT_FDCWD, (long)".", 1 }, EITHER },
	{ "move_mount", SYS_move_mount, { AT_FDCWD, (long)".", AT_FDCWD, (long)"." }, EITHER },
	{ "fsopen", SYS_fsopen, { (long)"tmpfs" }, EITHER },
	{ "fsconfig", SYS_fsconfig, { 0 }, EITHER },
	{ "fsmount", SYS_fsmount, { 0 }, EITHER },
	{ "fspick", SYS_fspick, { AT_FDCWD, (long)"." }, EITHER },
	{ "mount_setattr", SYS_mount_setattr, { AT_FDCWD, (long)"." }, EITHER },
	{ "open_tree_attr", SYS_open_tree_attr, { AT_FDCWD, (long)".", 1 }, EITHER },
	{ "open_by_handle_at", SYS_open_by_handle_at, { AT_FDCWD, (long)"", 0 }, EITHER },
	{ "fanotify_init with descriptors", SYS_fanotify_init, { 0, 0 }, EPERM },
	{ "fanotify_init that is asked", SYS_fanotify_init, { 0x204, 0 }, EPERM },
	{ "fanotify_init that is asked first", SYS_fanotify_init, { 0x608, 0 }, EPERM },
	{ "fanotify_init with pidfds", SYS_fanotify_init, { 0x280, 0 }, EPERM },
	{ "fanotify_init of mounts", SYS_fanotify_init, { 0x4200, 0 }, EPERM },
	{ "fanotify_mark of a mount", SYS_fanotify_mark, { -1, 0x11, 0x20, AT_FDCWD, (long)"." }, EPERM },
	{ "fanotify_mark of a filesystem", SYS_fanotify_mark, { -1, 0x101, 0x20, AT_FDCWD, (long)"." }, EPERM },
	{ "userfaultfd", SYS_userfaultfd, { 1 }, EPERM },
	{ "ioctl new userfaultfd", SYS_ioctl, { -1, _IO(0xaa, 0) }, EPERM },
	{ "ioctl open by handle", SYS_ioctl, { -1, (long)SURFACE_XFS_OPEN }, EPERM },
	{ "landlock_create_ruleset", SYS_landlock_create_ruleset, { 0, 0, 1 }, ENOSYS },
	{ "number 600", CALL_NEW(600), { 0 }, ENOSYS },
	{ "number 900", CALL_NEW(900), { 0 }, ENOSYS },
	{ "number 0x7fff", CALL_NONE, { 0 }, ENOSYS },
#ifndef __arm__ /* keeps those to itself: SIGILL */
	{ "number 0x3fffffff", 0x3fffffff, { 0 }, ENOSYS },
#endif
};

static int surface_try(const struct surface_call *call)
{
	const long *a = call->args;
	long result;

	errno = 0;
	result = syscall(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result == 0 && call->nr == SYS_clone)
		_exit(0);
	if (result == -1 && (errno == call->error || (call->error == EITHER && (errno == EPERM || errno == ENOSYS))))
		return 0;
	fprintf(stderr, "%s: result %ld, %s, expected %s\n", call->name, result, strerror(errno),
		strerror(call->error));
	return 1;
}

/* Numbers above every table, and the negative one, never reach a handler. */
static int surface_odd_numbers(void)
{
	int wrong = 0;

	for (long nr = 480; nr < 512; nr++)
		wrong += !(syscall(CALL_NEW(nr), 0, 0, 0) == -1 && errno == ENOSYS);
#ifndef __arm__
	wrong += !(syscall(-1, 0, 0, 0) == -1 && errno == ENOSYS);
#endif
	if (wrong)
		fprintf(stderr, "%d unknown numbers are not ENOSYS\n", wrong);
	return wrong;
}

static int surface_native(void)
{
	if (geteuid() != 0)
		guest_skip("needs root");
	CHECK(syscall(SYS_fanotify_init, 0, 0) >= 0 || errno == ENOSYS);
	CHECK(syscall(SYS_userfaultfd, O_CLOEXEC | 1) >= 0 || errno == ENOSYS);
	CHECK(mknod("device", S_IFCHR, 0) == 0 && unlink("device") == 0);
	CHECK_ERR(EBADF, syscall(SYS_ioctl, -1, _IO(0xaa, 0)));
	CHECK(chroot(".") == 0 && unshare(CLONE_NEWNS) == 0);
	CHECK(syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0 || errno == ENOSYS || errno == EOPNOTSUPP);
	return 0;
}

/* EACCES where rules of mkbdev and mkcdev refuse it, EPERM where none allows it. */
static int surface_devices(void)
{
	int wrong = 0;

	wrong += guest_mknod("device", S_IFBLK | 0600, 0x100) == 0 || (errno != EPERM && errno != EACCES);
	wrong += guest_mknod("device", S_IFCHR, 0) == 0 || (errno != EPERM && errno != EACCES);
	wrong += syscall(SYS_mknodat, AT_FDCWD, "device", S_IFCHR | 0600, 0x103) == 0 ||
		 (errno != EPERM && errno != EACCES);
	wrong += access("device", F_OK) == 0;
	if (wrong)
		fprintf(stderr, "%d ways to make a device node\n", wrong);
	return wrong;
}

int main(int argc, char **argv)
{
	int wrong = 0;

	if (argc > 1 && strcmp(argv[1], "native") == 0)
		return surface_native();
	/* nothing with an effect is tried where this harmless one gets through */
	CHECK_ERR(ENOSYS, syscall(SYS_clone3, 0, 0));
	for (size_t i = 0; i < sizeof(surface_calls) / sizeof(surface_calls[0]); i++)
		wrong += surface_try(&surface_calls[i]);
	wrong += surface_odd_numbers();
	wrong += surface_devices();
	return wrong > 0;
}
