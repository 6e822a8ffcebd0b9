/*
 * The cheapest ptrace supervisor with the duties of a real one, for comparison only: runs a command,
 * stops it at execve, chdir and executable file mappings, holds what each names, and compares
 * afterwards, with no policy. NOT a sandbox: a mapping is held and not compared, a script is killed
 * (its interpreter is what runs), /proc/self means this program, only the native ABI is known.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "core/cleanup.h"

#define TRACE_OPTIONS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
		PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD)
#define TRACE_MANY 256

#ifdef SYS_mmap2 /* 32 bits */
#define TRACE_MMAP SYS_mmap2
#else
#define TRACE_MMAP SYS_mmap
#endif

/* An int argument is the low half of its 64 bits. */
#define ARG_LOW(index) (offsetof(struct seccomp_data, args[index]) + (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define STOP_AT(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET, SECCOMP_RET_TRACE)

/* What a thread's call named, from its entry to its exit stop or exec event; tid 0: free. */
struct held {
	pid_t tid;
	int fd;
};

struct trace {
	pid_t child;
	size_t used;
	struct held held[TRACE_MANY];
	char path[4096 + 256];
};

static int trace_read_path(struct trace *trace, pid_t tid, uint64_t address)
{
	for (size_t done = 0; done < 4096;) {
		size_t chunk = 256 - (address + done) % 256;
		struct iovec local = { trace->path + done, chunk };
		struct iovec remote = { (void *)(unsigned long)(address + done), chunk };

		if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)chunk)
			return -EFAULT;
		if (memchr(trace->path + done, 0, chunk))
			return 0;
		done += chunk;
	}
	return -ENAMETOOLONG;
}

static int trace_open_link(pid_t tid, int fd)
{
	char link[64];

	snprintf(link, sizeof(link), fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", tid, fd);
	return open(link, O_PATH | O_CLOEXEC);
}

static int trace_open_path(struct trace *trace, pid_t tid, int dirfd, uint64_t address, int flags)
{
	AUTO_CLOSE int dir = -1;

	if (trace_read_path(trace, tid, address) < 0)
		return -1;
	if (trace->path[0] != '/')
		dir = trace_open_link(tid, dirfd);
	if (trace->path[0] == 0)
		return take_fd(&dir);
	return openat(dir, trace->path, O_PATH | O_CLOEXEC | flags);
}

/* Takes the descriptor; one that is left over from an exec that failed is closed here. */
static void trace_hold(struct trace *trace, pid_t tid, int fd)
{
	struct held *slot = NULL;

	for (size_t i = 0; i < trace->used; i++) {
		if (trace->held[i].tid == tid) {
			slot = &trace->held[i];
			close(slot->fd);
			break;
		}
		if (trace->held[i].tid == 0)
			slot = &trace->held[i];
	}
	if (!slot && trace->used < TRACE_MANY)
		slot = &trace->held[trace->used++];
	if (slot)
		*slot = (struct held){ tid, fd };
	else
		close(fd);
}

static int trace_take(struct trace *trace, pid_t tid)
{
	for (size_t i = 0; i < trace->used; i++)
		if (trace->held[i].tid == tid) {
			trace->held[i].tid = 0;
			return trace->held[i].fd;
		}
	return -1;
}

static bool trace_same(pid_t tid, int fd, const char *what)
{
	struct statx ours, theirs;
	char link[64];

	snprintf(link, sizeof(link), "/proc/%d/%s", tid, what);
	return fd >= 0 && !statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &ours) &&
	       !statx(AT_FDCWD, link, 0, STATX_INO | STATX_MNT_ID, &theirs) && ours.stx_ino == theirs.stx_ino &&
	       ours.stx_mnt_id == theirs.stx_mnt_id && ours.stx_dev_major == theirs.stx_dev_major &&
	       ours.stx_dev_minor == theirs.stx_dev_minor;
}

static void trace_kill(pid_t tid, const char *why)
{
	dprintf(2, "trace_reference: %d: %s\n", tid, why);
	kill(tid, SIGKILL);
}

/* Returns how to go on: to the exit stop for what is looked at there. */
static int trace_enter(struct trace *trace, pid_t tid)
{
	struct __ptrace_syscall_info info;
	const uint64_t *arg = info.seccomp.args;
	int fd = -1, nr;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return PTRACE_CONT;
	nr = (int)info.seccomp.nr;
	if (nr == SYS_execve)
		fd = trace_open_path(trace, tid, AT_FDCWD, arg[0], 0);
	else if (nr == SYS_execveat)
		fd = trace_open_path(trace, tid, (int)arg[0], arg[1], 0);
	else if (nr == SYS_chdir)
		fd = trace_open_path(trace, tid, AT_FDCWD, arg[0], O_DIRECTORY);
	else
		fd = trace_open_link(tid, (int)arg[nr == SYS_fchdir ? 0 : 4]);
	if (fd < 0)
		return PTRACE_CONT;
	trace_hold(trace, tid, fd);
	return nr == SYS_execve || nr == SYS_execveat ? PTRACE_CONT : PTRACE_SYSCALL;
}

/* The number of a call is not told at its exit stop; a directory is held for chdir only, a file for mmap only. */
static void trace_leave(struct trace *trace, pid_t tid)
{
	AUTO_CLOSE int fd = trace_take(trace, tid);
	struct __ptrace_syscall_info info;
	struct statx held;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 || info.exit.is_error)
		return;
	if (!statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &held) && S_ISDIR(held.stx_mode) && !trace_same(tid, fd, "cwd"))
		trace_kill(tid, "not the directory that was checked");
}

/* A thread that is not the leader took its number: what it held is under its own. */
static void trace_execed(struct trace *trace, pid_t tid)
{
	unsigned long former = 0;

	ptrace(PTRACE_GETEVENTMSG, tid, 0, &former);
	AUTO_CLOSE int fd = trace_take(trace, (pid_t)former);
	if (!trace_same(tid, fd, "exe"))
		trace_kill(tid, "not the program that was checked");
}

static void trace_stopped(struct trace *trace, pid_t tid, int status)
{
	int how = PTRACE_CONT, signal = 0;

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		how = trace_enter(trace, tid);
	else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
		trace_execed(trace, tid);
	else if (status >> 16 == PTRACE_EVENT_STOP)
		how = WSTOPSIG(status) == SIGTRAP ? PTRACE_CONT : PTRACE_LISTEN;
	else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		trace_leave(trace, tid);
	else if (status >> 16 == 0)
		signal = WSTOPSIG(status);
	ptrace(how, tid, 0, signal);
}

static int trace_filter(void)
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		STOP_AT(SYS_execve),
		STOP_AT(SYS_execveat),
		STOP_AT(SYS_chdir),
		STOP_AT(SYS_fchdir),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRACE_MMAP, 0, 5),
		LOAD(ARG_LOW(2)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 3),
		LOAD(ARG_LOW(3)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0),
		BPF_STMT(BPF_RET, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* In the child: the command starts only after the parent has seized it. */
static int trace_exec(char **argv, int parent)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (read(parent, &byte, 1) != 1 || trace_filter() < 0)
		return 125;
	execvp(argv[0], argv);
	return errno == ENOENT ? 127 : 126;
}

static int trace_run(struct trace *trace)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			trace_stopped(trace, tid, status);
		else if (tid == trace->child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return 125;
}

int main(int argc, char **argv)
{
	static struct trace trace;
	int pair[2];

	if (argc < 2)
		return dprintf(2, "usage: trace_reference COMMAND...\n"), 125;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || (trace.child = fork()) < 0)
		return 125;
	if (trace.child == 0)
		_exit(trace_exec(argv + 1, pair[1]));
	close(pair[1]);
	if (ptrace(PTRACE_SEIZE, trace.child, 0, TRACE_OPTIONS) || write(pair[0], "", 1) != 1)
		return 125;
	return trace_run(&trace);
}
