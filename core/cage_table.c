/*
 * Every row was there because something of ours makes the call: handlers, the loop, libc where it allocates, prints
 * or aborts. A call that no plan needs is in no cage under that plan. Data only.
 */
#include "core/cage_table.h"

#include <asm/termbits.h> /* powerpc counts its bytes in the number of TCGETS */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <linux/types.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ioctl_number.h"
#include "core/plan.h"
#include "core/reason.h"
#include "core/util.h"

/* Younger than some headers, or private to libc. */
enum {
	CAGE_PR_SET_VMA = 0x53564d41,
	CAGE_PROCMAP_QUERY = IOCTL_MADE(0xc0686611), /* 6.11 */
	CAGE_PTRACE_SET_SYSCALL = 23,                /* arm's way to give a call another number */
	CAGE_PTRACE_GET_INFO = 0x420e,
	CAGE_PTRACE_SET_INFO = 0x4212,
	CAGE_F_ADD_SEALS = 1033,
};

#define INT_BITS UINT32_MAX

#define BITS(arg_, mask_, value_, text_) \
	{ \
		.operand = CAGE_BITS, .arg = (arg_), .mask = (mask_), .value = (uint32_t)(value_), \
		.text = REASON(text_) \
	}
#define IS(arg_, value_) BITS(arg_, INT_BITS, value_, #value_)
#define HAS(arg_, bits) BITS(arg_, bits, bits, #bits)
#define LACKS(arg_, bits) BITS(arg_, bits, 0, #bits)
#define HOLDS(arg_, operand_) \
	{ \
		.operand = (operand_), .arg = (arg_) \
	}
#define COOKIES HOLDS(4, CAGE_COOKIE), HOLDS(5, CAGE_COOKIE)

#define CONDITIONS(...) ((const struct cage_condition[]){ __VA_ARGS__ })
#define ROW(group_, needs_, name, ...) \
	{ \
		.sysno = SC_##name, .group = (group_), .needs = (needs_), .conditions = CONDITIONS(__VA_ARGS__), \
		.condition_count = sizeof(CONDITIONS(__VA_ARGS__)) / sizeof(struct cage_condition) \
	}
#define UNUSED(name) \
	{ \
		.sysno = SC_##name, .group = CAGE_UNUSED, .error = ENOSYS \
	}
#define MEMORY(name, ...) ROW(CAGE_MEMORY, 0, name, __VA_ARGS__)
#define LIBC(name, ...) ROW(CAGE_LIBC, 0, name, __VA_ARGS__)
#define LOOP(name, ...) ROW(CAGE_LOOP, 0, name, __VA_ARGS__)
#define LOG(name, ...) ROW(CAGE_LOG, 0, name, __VA_ARGS__)
#define CHANNEL(name, ...) ROW(CAGE_CHANNELS, 0, name, __VA_ARGS__)
#define ANSWER(request) \
	ROW(CAGE_ANSWERS, CAGE_NEED_CALLS, ioctl, BITS(1, INT_BITS, request, #request), HOLDS(0, CAGE_LISTENER))
#define CALLER(name, ...) ROW(CAGE_CALLERS, CAGE_NEED_CALLS, name, __VA_ARGS__)
#define REACH(name, ...) ROW(CAGE_REACH, CAGE_NEED_CALLS, name, __VA_ARGS__)
#define PATH(name, ...) ROW(CAGE_PATHS, 0, name, __VA_ARGS__)
#define CALLS_PATH(name, ...) ROW(CAGE_PATHS, CAGE_NEED_CALLS, name, __VA_ARGS__)
#define NAMES(name) ROW(CAGE_NAMES, CAGE_NEED_NAMES, name, )
#define ATTRIBUTE(name) ROW(CAGE_ATTRIBUTES, CAGE_NEED_ATTRIBUTES, name, )
#define SOCKET(name) ROW(CAGE_SOCKETS, CAGE_NEED_SOCKETS, name, )
#define TRACE(name, ...) ROW(CAGE_TRACING, CAGE_NEED_TRACE, name, __VA_ARGS__)
#define REQUEST(value) TRACE(ptrace, BITS(0, INT_BITS, value, #value))
#define IDENTITY(name) ROW(CAGE_IDENTITY, CAGE_NEED_IDS, name, )
#define ENDING(name, ...) ROW(CAGE_ENDING, 0, name, __VA_ARGS__)
#define WORKING(name, ...) ROW(CAGE_WORKING, 0, name, __VA_ARGS__)
#define LAUNCHING(name, ...) ROW(CAGE_LAUNCHING, 0, name, __VA_ARGS__)
#define SANITIZER(name) ROW(CAGE_SANITIZER, CAGE_NEED_SANITIZER, name, )

static const struct cage_row cage_table[] = {
	MEMORY(brk),
	MEMORY(mmap, LACKS(2, PROT_EXEC)),
	MEMORY(mmap2, LACKS(2, PROT_EXEC)),
#ifndef SYS_mmap2
	/* The only one of s390x: its arguments are in memory, where nothing can be seen of them. */
	MEMORY(old_mmap),
#endif
	MEMORY(munmap),
	MEMORY(mremap),
	MEMORY(mprotect, LACKS(2, PROT_EXEC)),
	MEMORY(madvise, IS(2, MADV_DONTNEED)),
	MEMORY(madvise, IS(2, MADV_HUGEPAGE)),
	MEMORY(prctl, BITS(0, INT_BITS, CAGE_PR_SET_VMA, "PR_SET_VMA")),

	LIBC(getpid),
	LIBC(gettid),
	LIBC(getrandom),
	LIBC(futex),
	LIBC(futex_time64),
	LIBC(sysinfo),
	LIBC(clock_gettime),
	LIBC(clock_gettime64),
	LIBC(gettimeofday),
	LIBC(time),
	LIBC(restart_syscall),
	LIBC(rt_sigaction),
	LIBC(rt_sigprocmask),
	LIBC(rt_sigreturn),
	LIBC(sigreturn),
	LIBC(tgkill, HOLDS(0, CAGE_SELF)),
	LIBC(ioctl, IS(1, TCGETS)),
	LIBC(write, IS(0, STDERR_FILENO)),
	LIBC(writev, IS(0, STDERR_FILENO)),
	LIBC(prlimit64, HOLDS(2, CAGE_NULL)),
	LIBC(getrlimit), /* sysconf(), on mips o32 */
	LIBC(ugetrlimit),
	LIBC(exit),
	LIBC(exit_group),

	/* libev makes itself a new one when it hears of a closed descriptor that somebody else had, too. */
	LOOP(epoll_create1),
	LOOP(epoll_ctl),
	LOOP(fcntl, IS(1, F_GETFD)),
	LOOP(fcntl64, IS(1, F_GETFD)),
	LOOP(epoll_wait),
	LOOP(epoll_pwait),
	LOOP(timer_delete),

	LOG(write, HOLDS(0, CAGE_LOG_FD)),
	LOG(pwritev2, HOLDS(0, CAGE_LOG_FD)),

	/* No address: what is connected is ours, unless calls on sockets are answered. */
	CHANNEL(sendto, HAS(3, MSG_NOSIGNAL), HOLDS(4, CAGE_NULL), HOLDS(5, CAGE_NULL)),
	CHANNEL(sendmsg, HAS(2, MSG_NOSIGNAL)),
	/* The C library's way for arm and mips o32. */
	CHANNEL(send, HAS(3, MSG_NOSIGNAL)),
	CHANNEL(recvmsg),
	/* The C library's way for i386 and s390x: the arguments are in memory. */
	CHANNEL(socketcall, IS(0, SYS_SEND)),
	CHANNEL(socketcall, IS(0, SYS_SENDMSG)),
	CHANNEL(socketcall, IS(0, SYS_RECVMSG)),
	CHANNEL(poll),
	CHANNEL(ppoll),
	CHANNEL(ppoll_time64),
	CHANNEL(read),
	CHANNEL(close),
	ROW(CAGE_CALLERS, CAGE_NEED_CALLS, socketpair, IS(0, AF_UNIX)),
	ROW(CAGE_CALLERS, CAGE_NEED_CALLS, socketcall, IS(0, SYS_SOCKETPAIR)),

	ANSWER(SECCOMP_IOCTL_NOTIF_RECV),
	ANSWER(SECCOMP_IOCTL_NOTIF_SEND),
	ANSWER(SECCOMP_IOCTL_NOTIF_ID_VALID),
	ANSWER(SECCOMP_IOCTL_NOTIF_ADDFD),

	CALLER(process_vm_readv),
	CALLER(process_vm_writev),
	REACH(pidfd_open, COOKIES),
	REACH(pidfd_getfd, COOKIES),
	REACH(getsockopt),
	REACH(socketcall, IS(0, SYS_GETSOCKOPT)),
	REACH(tkill, IS(1, SIGXFSZ), COOKIES),
	REACH(tkill, IS(1, SIGPIPE), COOKIES),
	REACH(kcmp),
	/* Around calls that may wait for a moment: core/brief.c. */
	REACH(timer_settime),
	REACH(timer_settime64),
	ROW(CAGE_CALLERS, 0, pidfd_send_signal, COOKIES),

	PATH(openat, LACKS(2, O_ACCMODE | O_CREAT | O_TRUNC)),
	PATH(fstat),
	PATH(fstat64),
	PATH(newfstatat),
	PATH(fstatat64),
	PATH(statx),
	PATH(lseek),
	PATH(_llseek),
	CALLS_PATH(openat),
	CALLS_PATH(openat2, COOKIES),
	CALLS_PATH(readlink),
	CALLS_PATH(readlinkat),
	CALLS_PATH(statfs),
	CALLS_PATH(statfs64),
	CALLS_PATH(fstatfs),
	CALLS_PATH(fstatfs64),
	CALLS_PATH(faccessat2),
	CALLS_PATH(getdents64),
	CALLS_PATH(pread64),
	CALLS_PATH(umask),
	CALLS_PATH(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	CALLS_PATH(fcntl, IS(1, F_SETFD)),
	CALLS_PATH(fcntl, IS(1, F_GETFL)),
	CALLS_PATH(fcntl, IS(1, F_SETFL)),
	CALLS_PATH(fcntl64, IS(1, F_DUPFD_CLOEXEC)),
	CALLS_PATH(fcntl64, IS(1, F_SETFD)),
	CALLS_PATH(fcntl64, IS(1, F_GETFL)),
	CALLS_PATH(fcntl64, IS(1, F_SETFL)),
	CALLS_PATH(ioctl, BITS(1, INT_BITS, CAGE_PROCMAP_QUERY, "PROCMAP_QUERY")),
	CALLS_PATH(prlimit64, IS(0, 0), IS(1, RLIMIT_FSIZE)),
	CALLS_PATH(setrlimit, IS(0, RLIMIT_FSIZE)),
	/* Asks for the one that is. */
	CALLS_PATH(setfsuid, IS(0, -1)),
	CALLS_PATH(setfsuid32, IS(0, -1)),

	NAMES(mkdir),
	NAMES(mkdirat),
	NAMES(mknodat),
	NAMES(symlinkat),
	NAMES(linkat),
	NAMES(unlinkat),
	NAMES(renameat2),

	ATTRIBUTE(chmod),
	ATTRIBUTE(fchmod),
	ATTRIBUTE(fchmodat),
	ATTRIBUTE(fchown),
	ATTRIBUTE(fchown32),
	ATTRIBUTE(fchownat),
	ATTRIBUTE(utimensat),
	ATTRIBUTE(utimensat_time64),
	ATTRIBUTE(ftruncate),
	ATTRIBUTE(ftruncate64),
	ATTRIBUTE(fallocate),
	ATTRIBUTE(getxattr),
	ATTRIBUTE(fgetxattr),
	ATTRIBUTE(listxattr),
	ATTRIBUTE(flistxattr),
	ATTRIBUTE(setxattr),
	ATTRIBUTE(fsetxattr),
	ATTRIBUTE(removexattr),
	ATTRIBUTE(fremovexattr),
	ATTRIBUTE(listxattrat),
	ATTRIBUTE(file_getattr),
	ATTRIBUTE(file_setattr),

	SOCKET(socket),
	SOCKET(connect),
	SOCKET(bind),
	SOCKET(listen),
	SOCKET(accept4),
	SOCKET(sendto),
	SOCKET(send),
	SOCKET(sendmsg),
	SOCKET(shutdown),
	SOCKET(getsockname),
	SOCKET(getpeername),
	SOCKET(setsockopt),
	SOCKET(socketcall),
	SOCKET(chdir),
	SOCKET(fchdir),

	ROW(CAGE_NAMES, CAGE_NEED_WATCHES, inotify_add_watch, ),
	ROW(CAGE_NAMES, CAGE_NEED_WATCHES, fanotify_mark, ),
	ROW(CAGE_NAMES, CAGE_NEED_MEMFD, memfd_secret, ),
	ROW(CAGE_NAMES, CAGE_NEED_MEMFD | CAGE_NEED_TRACE, memfd_create, ),

	ROW(CAGE_STATE, CAGE_NEED_STATE, memfd_create, ),
	ROW(CAGE_STATE, CAGE_NEED_STATE, ftruncate, ),
	ROW(CAGE_STATE, CAGE_NEED_STATE, ftruncate64, ),
	ROW(CAGE_STATE, CAGE_NEED_STATE, fcntl, BITS(1, INT_BITS, CAGE_F_ADD_SEALS, "F_ADD_SEALS")),
	ROW(CAGE_STATE, CAGE_NEED_STATE, fcntl64, BITS(1, INT_BITS, CAGE_F_ADD_SEALS, "F_ADD_SEALS")),

	TRACE(waitid, HAS(3, WNOHANG)),
	TRACE(kill, IS(1, SIGKILL)),
	REQUEST(PTRACE_CONT),
	REQUEST(PTRACE_SYSCALL),
	REQUEST(PTRACE_LISTEN),
	REQUEST(PTRACE_GETEVENTMSG),
	REQUEST(PTRACE_GETREGSET),
	REQUEST(PTRACE_SETREGSET),
	REQUEST(PTRACE_PEEKUSER),
	REQUEST(PTRACE_PEEKDATA),
	REQUEST(PTRACE_POKEUSER),
	REQUEST(PTRACE_GETSIGMASK),
	REQUEST(PTRACE_SETSIGMASK),
	TRACE(ptrace, BITS(0, INT_BITS, CAGE_PTRACE_SET_SYSCALL, "PTRACE_SET_SYSCALL")),
	TRACE(ptrace, BITS(0, INT_BITS, CAGE_PTRACE_GET_INFO, "PTRACE_GET_SYSCALL_INFO")),
	TRACE(ptrace, BITS(0, INT_BITS, CAGE_PTRACE_SET_INFO, "PTRACE_SET_SYSCALL_INFO")),

	IDENTITY(setfsuid),
	IDENTITY(setfsuid32),
	IDENTITY(setfsgid),
	IDENTITY(setfsgid32),
	IDENTITY(setgroups),
	IDENTITY(setgroups32),
	IDENTITY(setresuid),
	IDENTITY(setresuid32),
	IDENTITY(setresgid),
	IDENTITY(setresgid32),
	IDENTITY(capset),

	/* Stopping with the payload; the end, also that of a launcher that was killed. */
	ENDING(kill, HOLDS(0, CAGE_SELF)),
	ENDING(kill, IS(1, SIGKILL)),
	ENDING(wait4),
	ENDING(shutdown),
	ENDING(socketcall, IS(0, SYS_SHUTDOWN)),

	WORKING(getppid),
	WORKING(umask),
	WORKING(openat),
	WORKING(clock_nanosleep),
	WORKING(clock_nanosleep_time64),
	WORKING(nanosleep),
	/* The listener is lent: its number is another each time. */
	WORKING(ioctl, IS(1, SECCOMP_IOCTL_NOTIF_ADDFD)),

	/* Workers inherit this cage, and make one of their own: it holds what they need. */
	LAUNCHING(clone, LACKS(PLAN_ARG_CLONE_FLAGS, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_PTRACE | CLONE_PARENT |
							     CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
							     CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)),
	LAUNCHING(fork),
	LAUNCHING(set_robust_list),
	LAUNCHING(wait4),
	LAUNCHING(kill, IS(1, SIGKILL)),
	LAUNCHING(kill, IS(1, SIGCONT)),
	LAUNCHING(dup3),
	LAUNCHING(close_range),
	LAUNCHING(prctl, IS(0, PR_SET_NAME)),
	LAUNCHING(prctl, IS(0, PR_GET_SECUREBITS)),
	LAUNCHING(prctl, IS(0, PR_CAPBSET_READ)),
	LAUNCHING(seccomp, IS(0, SECCOMP_SET_MODE_FILTER), IS(1, 0)),
	/* Of workers, whose own cage knows which log, and which process. */
	LAUNCHING(write),
	LAUNCHING(pwritev2),
	LAUNCHING(tgkill, IS(2, SIGABRT)),

	/* What the runtimes of ASan, UBSan and LSan do, at the end of a process above all. */
	SANITIZER(open),
	SANITIZER(openat),
	SANITIZER(stat),
	SANITIZER(lstat),
	SANITIZER(access),
	SANITIZER(readlink),
	SANITIZER(mmap),
	SANITIZER(madvise),
	SANITIZER(mprotect),
	SANITIZER(clone),
	SANITIZER(wait4),
	SANITIZER(ptrace),
	SANITIZER(prctl),
	SANITIZER(prlimit64),
	SANITIZER(sigaltstack),
	SANITIZER(sched_yield),
	SANITIZER(sched_getaffinity),
	SANITIZER(getppid),
	SANITIZER(getdents64),
	SANITIZER(kill),
	SANITIZER(tgkill),
	SANITIZER(pipe),
	SANITIZER(write),
	SANITIZER(set_robust_list),
	SANITIZER(getuid),

	UNUSED(open),
	UNUSED(creat),
	UNUSED(stat),
	UNUSED(lstat),
	UNUSED(stat64),
	UNUSED(lstat64),
	UNUSED(oldstat),
	UNUSED(oldlstat),
	UNUSED(oldfstat),
	UNUSED(access),
	UNUSED(faccessat),
	UNUSED(ustat),
};

#define ALL_USERS (CAGE_USER_BIT(CAGE_USER_COUNT) - 1)
#define TAKES_STEPS (CAGE_USER_BIT(CAGE_SUPERVISOR) | CAGE_USER_BIT(CAGE_STEP) | CAGE_USER_BIT(CAGE_LAUNCHER))

static const struct {
	const char *text;
	unsigned users;
} cage_groups[CAGE_GROUP_COUNT] = {
	[CAGE_MEMORY] = { REASON("memory"), ALL_USERS },
	[CAGE_LIBC] = { REASON("libc, time, errors"), ALL_USERS },
	[CAGE_LOOP] = { REASON("the event loop"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_LOG] = { REASON("the log"), TAKES_STEPS },
	[CAGE_CHANNELS] = { REASON("messages between our processes"), ALL_USERS },
	[CAGE_ANSWERS] = { REASON("calls and their answers"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_CALLERS] = { REASON("the caller: memory, signals"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_REACH] = { REASON("the caller: descriptors, what its call raises"), TAKES_STEPS },
	[CAGE_PATHS] = { REASON("files, on behalf of callers"), TAKES_STEPS },
	[CAGE_NAMES] = { REASON("names made, moved and removed for callers"), TAKES_STEPS },
	[CAGE_ATTRIBUTES] = { REASON("attributes and contents changed for callers"), TAKES_STEPS },
	[CAGE_SOCKETS] = { REASON("calls on sockets for callers"), TAKES_STEPS },
	[CAGE_STATE] = { REASON("the state, read from inside"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_TRACING] = { REASON("ptrace stops"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_IDENTITY] = { REASON("acting with the caller's identity"), ALL_USERS },
	[CAGE_ENDING] = { REASON("stopping, and the end"), CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_WORKING] = { REASON("the work of a worker"), ALL_USERS & ~CAGE_USER_BIT(CAGE_SUPERVISOR) },
	[CAGE_LAUNCHING] = { REASON("forking workers, waiting, killing"), CAGE_USER_BIT(CAGE_LAUNCHER) },
	[CAGE_UNUSED] = { REASON("not used: there are newer ones"), ALL_USERS },
	[CAGE_SANITIZER] = { REASON("sanitizers, in this build"), ALL_USERS },
};

const struct cage_row *cage_rows(size_t *count_out)
{
	*count_out = ARRAY_SIZE(cage_table);
	return cage_table;
}

const char *cage_group_text(enum cage_group group)
{
	return cage_groups[group].text;
}

bool cage_row_holds(const struct cage_row *row, enum cage_user user, unsigned needs)
{
	return (cage_groups[row->group].users & CAGE_USER_BIT(user)) && (!row->needs || (row->needs & needs));
}
