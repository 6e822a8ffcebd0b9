/*
 * The cheapest possible interceptor, for comparison only: runs a command and answers the open and
 * stat families of the native ABI for it, with no policy. NOT a sandbox: ids are not checked again,
 * the umask is its own, and what means the caller's own objects (paths below /proc and /dev) or
 * cannot be injected (O_PATH) is continued.
 */
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
#define NOTIFY(nr, wanted) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (wanted) ? (nr) : -1U, 0, 1), BPF_STMT(BPF_RET, SECCOMP_RET_USER_NOTIF)

#ifndef SYS_open /* younger architectures know only the calls with a directory */
#define SYS_open -2
#define SYS_stat -3
#define SYS_lstat -4
#endif

struct reference {
	ev_io notify_watcher, child_watcher;
	char path[4096 + 256];
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

static bool reference_answer(struct reference *ref, const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	int nr = req->data.nr;
	bool opens = nr == SYS_openat || nr == SYS_open, at = nr == SYS_openat || nr == SYS_newfstatat, theirs;
	const __u64 *arg = req->data.args + at;
	int flags = at ? (int)arg[2] : nr == SYS_lstat ? AT_SYMLINK_NOFOLLOW : 0;
	AUTO_CLOSE int dir = -1;

	resp->error = reference_read_path(ref, (pid_t)req->pid, arg[0]);
	theirs = !strncmp(ref->path, "/proc/", 6) || !strncmp(ref->path, "/dev/", 5) || (opens && arg[1] & O_PATH);
	resp->flags = !resp->error && theirs ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	if (resp->error || resp->flags)
		return true;
	dir = reference_dir(ref, (pid_t)req->pid, at ? (int)req->data.args[0] : AT_FDCWD);
	resp->error =
		opens ? reference_open(ref, req->id, dir, arg) : reference_stat(ref, (pid_t)req->pid, dir, arg, flags);
	return !opens || resp->error;
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
static int reference_filter(bool opens, bool stats)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		NOTIFY(SYS_openat, opens),
		NOTIFY(SYS_open, opens),
		NOTIFY(SYS_newfstatat, stats),
		NOTIFY(SYS_stat, stats),
		NOTIFY(SYS_lstat, stats),
		BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, FILTER_FLAGS, &program);
}

/* In the child: the command starts only after the parent has taken its copy of the listener. */
static int reference_exec(char **argv, char families, int parent)
{
	int listener = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (families != 'n' && (listener = reference_filter(families != 's', families != 'o')) < 0)
		return 125;
	if (write(parent, &listener, sizeof(listener)) < 0 || read(parent, &families, 1) != 1)
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

	if (argc < 3 || !strchr("nosa", argv[1][0]))
		return dprintf(2, "usage: reference none|open|stat|all COMMAND...\n"), 125;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || (child = fork()) < 0)
		return 125;
	if (child == 0)
		_exit(reference_exec(argv + 2, argv[1][0], pair[1]));
	close(pair[1]);
	return reference_run(&ref, child, pair[0]);
}
