/*
 * The cheapest possible interceptor, for comparison only: runs a command and answers the open and
 * stat families of the native ABI for it, mkdir, rmdir, unlink, getdents64, connect and sendto, with no policy. NOT a
 * sandbox: ids are not checked again, the umask is its own, and what means the caller's own objects
 * (paths below /proc and /dev) or cannot be injected (O_PATH) is continued.
 */
#include "bench/numbers.h"

#include <ev.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "core/cleanup.h"

/* From Linux 6.6, later than the headers of Debian 12; an older kernel refuses the request. */
#define NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define NOTIF_SYNC_WAKE_UP 1UL
/* What openat ignores and openat2 refuses is dropped. */
#define OPEN_FLAGS 027777703U
#define FILTER_FLAGS (SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif
#define CALLS (sizeof(reference_calls) / sizeof(reference_calls[0]))

struct reference_call {
	int nr;
	char family; /* o, s, m: open, stat, make; l: list; c: connect; d: datagram */
	bool at;     /* the path comes second */
};

static const struct reference_call reference_calls[] = {
	{ SYS_openat, 'o', true },
	{ SYS_newfstatat, 's', true },
	{ SYS_mkdirat, 'm', true },
	{ SYS_unlinkat, 'm', true },
	{ SYS_getdents64, 'l', false },
	{ SYS_connect, 'c', false },
	{ SYS_sendto, 'd', false },
#ifdef SYS_open /* younger architectures know only the calls with a directory */
	{ SYS_open, 'o', false },
	{ SYS_stat, 's', false },
	{ SYS_lstat, 's', false },
	{ SYS_mkdir, 'm', false },
	{ SYS_rmdir, 'm', false },
	{ SYS_unlink, 'm', false },
#endif
};

/* Those that are not always there, by number. */
#ifdef SYS_open
enum { NR_LSTAT = SYS_lstat, NR_MKDIR = SYS_mkdir, NR_RMDIR = SYS_rmdir };
#else
enum { NR_LSTAT = -2, NR_MKDIR = -3, NR_RMDIR = -4 };
#endif

struct reference {
	ev_io notify_watcher, child_watcher;
	char path[4096 + 256];
	char entries[32768];
};

/* Chunks never cross a page, so that a string which ends on the last readable page is read. */
static int reference_read_path(struct reference *ref, pid_t tid, __u64 address)
{
	for (size_t done = 0; done < 4096;) {
		size_t chunk = 256 - (address + done) % 256;
		struct iovec local = { ref->path + done, chunk };
		struct iovec remote = { (void *)(unsigned long)(address + done), chunk };

		if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)chunk)
			return -EFAULT;
		if (memchr(ref->path + done, 0, chunk))
			return 0;
		done += chunk;
	}
	return -ENAMETOOLONG;
}

/* A directory that cannot be had is -1, with which the call itself fails with EBADF. */
static int reference_dir(const struct reference *ref, pid_t tid, int dirfd)
{
	char link[64];

	if (ref->path[0] == '/')
		return AT_FDCWD;
	snprintf(link, sizeof(link), dirfd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", tid, dirfd);
	return open(link, O_PATH | O_CLOEXEC);
}

/* arg is path, flags, mode here; path, buffer below. 0: answered together with the descriptor. */
static int reference_open(struct reference *ref, __u64 id, int dir, const __u64 *arg)
{
	__u32 flags = (__u32)arg[1] & OPEN_FLAGS;
	bool creates = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
	struct open_how how = { flags, creates ? arg[2] & 07777 : 0, 0 };
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, dir, ref->path, &how, sizeof(how));
	struct seccomp_notif_addfd addfd = { id, SECCOMP_ADDFD_FLAG_SEND, (__u32)fd, 0, flags & O_CLOEXEC };

	if (fd < 0)
		return -errno;
	return ioctl(ref->notify_watcher.fd, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) < 0 ? -errno : 0;
}

static int reference_stat(struct reference *ref, pid_t tid, int dir, const __u64 *arg, int flags)
{
	struct stat result;
	struct iovec local = { &result, sizeof(result) };
	struct iovec remote = { (void *)(unsigned long)arg[1], sizeof(result) };

	if (fstatat(dir, ref->path, &result, flags) < 0)
		return -errno;
	return process_vm_writev(tid, &local, 1, &remote, 1, 0) == sizeof(result) ? 0 : -EFAULT;
}

static int reference_make(const struct reference *ref, int nr, int dir, const __u64 *arg)
{
	int flags = nr == NR_RMDIR ? AT_REMOVEDIR : nr == SYS_unlinkat ? (int)arg[1] : 0;
	int result = nr == NR_MKDIR || nr == SYS_mkdirat ? mkdirat(dir, ref->path, (mode_t)arg[1])
							 : unlinkat(dir, ref->path, flags);

	return result < 0 ? -errno : 0;
}

/* The caller's offset moves along: it is the same open file. The bytes, or -errno. */
static int reference_list(struct reference *ref, pid_t tid, const __u64 *arg)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)arg[0], 0);
	size_t size = arg[2] < sizeof(ref->entries) ? arg[2] : sizeof(ref->entries);
	long got = syscall(SYS_getdents64, fd, ref->entries, size);
	struct iovec local = { ref->entries, (size_t)got };
	struct iovec remote = { (void *)(unsigned long)arg[1], (size_t)got };

	if (got <= 0)
		return got < 0 ? -errno : 0;
	return process_vm_writev(tid, &local, 1, &remote, 1, 0) == got ? (int)got : -EFAULT;
}

/* Address, payload, and the call on the caller's socket: what it returns, or -errno. */
static int reference_network(struct reference *ref, pid_t tid, const struct reference_call *call, const __u64 *arg)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)arg[0], 0);
	bool sends = call->family == 'd';
	size_t length = sends ? arg[5] : arg[2], size = sends ? arg[2] : 0;
	struct sockaddr_storage address;
	struct iovec local[2] = { { &address, length }, { ref->entries, size } };
	struct iovec remote[2] = { { (void *)(unsigned long)(sends ? arg[4] : arg[1]), length },
		{ (void *)(unsigned long)arg[1], size } };
	long result;

	if (fd < 0 || length > sizeof(address) || size > sizeof(ref->entries))
		return -EINVAL;
	if (process_vm_readv(tid, local, 1 + sends, remote, 1 + sends, 0) != (ssize_t)(length + size))
		return -EFAULT;
	result = sends ? sendto(fd, ref->entries, size, (int)arg[3] | MSG_DONTWAIT, (struct sockaddr *)&address,
				 (socklen_t)length)
		       : connect(fd, (struct sockaddr *)&address, (socklen_t)length);
	return result < 0 ? -errno : (int)result;
}

static int reference_do(struct reference *ref, const struct seccomp_notif *req, const struct reference_call *call)
{
	const __u64 *arg = req->data.args + call->at;
	AUTO_CLOSE int dir = reference_dir(ref, (pid_t)req->pid, call->at ? (int)req->data.args[0] : AT_FDCWD);
	int flags = call->nr == SYS_newfstatat ? (int)arg[2] : call->nr == NR_LSTAT ? AT_SYMLINK_NOFOLLOW : 0;

	if (call->family == 'o')
		return reference_open(ref, req->id, dir, arg);
	if (call->family == 's')
		return reference_stat(ref, (pid_t)req->pid, dir, arg, flags);
	return reference_make(ref, call->nr, dir, arg);
}

static bool reference_answer(struct reference *ref, const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	const struct reference_call *call = reference_calls;
	bool theirs;

	while (call->nr != req->data.nr)
		call++;
	if (call->family == 'l') {
		resp->val = reference_list(ref, (pid_t)req->pid, req->data.args);
		resp->error = resp->val < 0 ? (__s32)resp->val : 0;
		return true;
	}
	if (call->family == 'c' || call->family == 'd') {
		resp->val = reference_network(ref, (pid_t)req->pid, call, req->data.args);
		resp->error = resp->val < 0 ? (__s32)resp->val : 0;
		return true;
	}
	resp->error = reference_read_path(ref, (pid_t)req->pid, req->data.args[call->at]);
	theirs = !strncmp(ref->path, "/proc/", 6) || !strncmp(ref->path, "/dev/", 5) ||
		 (call->family == 'o' && req->data.args[1 + call->at] & O_PATH);
	resp->flags = !resp->error && theirs ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	if (resp->error || resp->flags)
		return true;
	resp->error = reference_do(ref, req, call);
	return call->family != 'o' || resp->error;
}

static void reference_cb(struct ev_loop *loop, ev_io *watcher, int revents __attribute__((unused)))
{
	struct reference *ref = ev_userdata(loop);
	struct seccomp_notif req = { 0 };
	struct seccomp_notif_resp resp = { 0 };

	if (watcher == &ref->child_watcher)
		ev_break(loop, EVBREAK_ALL);
	else if (!ioctl(watcher->fd, SECCOMP_IOCTL_NOTIF_RECV, &req)) {
		resp.id = req.id;
		if (reference_answer(ref, &req, &resp))
			ioctl(watcher->fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

/* Only the number is compared: those of another ABI come out wrong, but none is measured. */
static int reference_filter(char family)
{
	struct sock_filter code[2 + 2 * CALLS] = { BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { 1, code };

	for (size_t i = 0; i < CALLS; i++) {
		if (family != 'a' && family != reference_calls[i].family)
			continue;
		code[program.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)reference_calls[i].nr, 0, 1);
		code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_USER_NOTIF);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, FILTER_FLAGS, &program);
}

/* In the child: the command starts only after the parent has taken its copy of the listener. */
static int reference_exec(char **argv, char family, int parent)
{
	int listener = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (family != 'n' && (listener = reference_filter(family)) < 0)
		return 125;
	if (write(parent, &listener, sizeof(listener)) < 0 || read(parent, &family, 1) != 1)
		return 125;
	execvp(argv[0], argv);
	return errno == ENOENT ? 127 : 126;
}

static int reference_run(struct reference *ref, pid_t child, int pair)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0), theirs, listener, status;

	if (!loop || pidfd < 0 || read(pair, &theirs, sizeof(theirs)) != sizeof(theirs))
		return 125;
	ev_set_userdata(loop, ref);
	ev_io_init(&ref->child_watcher, reference_cb, pidfd, EV_READ);
	ev_io_start(loop, &ref->child_watcher);
	if (theirs >= 0) {
		listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
		ioctl(listener, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
		ev_io_init(&ref->notify_watcher, reference_cb, listener, EV_READ);
		ev_io_start(loop, &ref->notify_watcher);
	}
	if (write(pair, "", 1) == 1)
		ev_run(loop, 0);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static struct reference ref;
	int pair[2], child;

	if (argc < 3 || !strchr("nosmla", argv[1][0]))
		return dprintf(2, "usage: reference none|open|stat|make|list|all COMMAND...\n"), 125;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || (child = fork()) < 0)
		return 125;
	if (child == 0)
		_exit(reference_exec(argv + 2, argv[1][0], pair[1]));
	close(pair[1]);
	return reference_run(&ref, child, pair[0]);
}
