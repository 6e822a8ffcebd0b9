/*
 * The ways in which a system call can be intercepted, each as bare as it gets, for comparison only: runs a command
 * and does with the calls of the open, stat and make families what HOW says. Nothing is ever refused or
 * read: whatever it costs is the price of the mechanism. NOT a sandbox. reference.c is the one that answers calls.
 */
#include "bench/numbers.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"

/* From Linux 6.6, later than the headers of Debian 12; an older kernel refuses the request. */
#define NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define NOTIF_SYNC_WAKE_UP 1UL
#define TRACE_OPTIONS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
		PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD)
#define CALLS (sizeof(intercept_calls) / sizeof(intercept_calls[0]))
/* A filter holds 4,096 instructions; a rule takes two. */
#define RULES_MAX 2000
#define FIRST_NUMBER 1000000u /* of a descriptor: none is ever that high */

enum how {
	HOW_PIN,
	HOW_FILTER,
	HOW_NOTIFY,
	HOW_STOP,
	HOW_STOPS,
};

static const char *const intercept_names[] = {
	[HOW_PIN] = "pin",
	[HOW_FILTER] = "filter",
	[HOW_NOTIFY] = "notify",
	[HOW_STOP] = "stop",
	[HOW_STOPS] = "stops",
};

/* Those that reference.c answers. */
static const int intercept_calls[] = {
	SYS_openat,
	SYS_newfstatat,
	SYS_mkdirat,
	SYS_unlinkat,
	SYS_getdents64,
	SYS_connect,
	SYS_sendto,
#ifdef SYS_open /* younger architectures know only the calls with a directory */
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_mkdir,
	SYS_rmdir,
	SYS_unlink,
#endif
};

static int intercept_install(struct sock_fprog *program, unsigned long flags)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

/* Only the number is compared: those of another ABI come out wrong, but none is measured. */
static int intercept_calls_filter(unsigned action, unsigned long flags)
{
	struct sock_filter code[2 + 2 * CALLS] = { BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { 1, code };

	for (size_t i = 0; i < CALLS; i++) {
		code[program.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)intercept_calls[i], 0, 1);
		code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, action);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
	return intercept_install(&program, flags);
}

/* Rules that look at the first argument; without one the kernel itself knows that the number decides. */
static int intercept_rules_filter(unsigned rules)
{
	static struct sock_filter code[2 + 2 * RULES_MAX];
	struct sock_fprog program = { 0, code };

	if (rules == 0)
		return intercept_calls_filter(SECCOMP_RET_ALLOW, 0);
	code[program.len++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
	for (unsigned i = 0; i < rules && i < RULES_MAX; i++) {
		code[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FIRST_NUMBER + i, 0, 1);
		code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ERRNO | EPERM);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
	return intercept_install(&program, 0);
}

static int intercept_pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static int intercept_error(const char *what)
{
	fprintf(stderr, "intercept: %s: %s\n", what, strerror(errno));
	return 125;
}

static int intercept_exec(char **argv)
{
	execvp(argv[0], argv);
	fprintf(stderr, "intercept: %s: %s\n", argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* In the child: the command starts only after the parent has it in its hands. */
static int intercept_supervised(enum how how, char **argv, int parent)
{
	int listener = -1;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (how == HOW_NOTIFY) {
		listener = intercept_calls_filter(SECCOMP_RET_USER_NOTIF,
			SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
		if (listener < 0 || write(parent, &listener, sizeof(listener)) < 0)
			return intercept_error("a listener");
	}
	if (read(parent, &byte, 1) != 1)
		return 125;
	if (how != HOW_NOTIFY && intercept_calls_filter(SECCOMP_RET_TRACE, 0) < 0)
		return intercept_error("a filter");
	if (listener >= 0)
		close(listener);
	return intercept_exec(argv);
}

static int intercept_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void intercept_continue(int listener)
{
	struct seccomp_notif req = { 0 };
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) != 0)
		return;
	resp.id = req.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static int intercept_notify(pid_t child, int pair)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd fds[2] = { { .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int theirs, status;

	if (pidfd < 0 || read(pair, &theirs, sizeof(theirs)) != sizeof(theirs))
		return 125;
	AUTO_CLOSE int listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);

	ioctl(listener, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
	fds[0].fd = listener;
	if (listener < 0 || write(pair, "", 1) != 1)
		return intercept_error("the listener");
	while (!fds[1].revents && poll(fds, 2, -1) > 0)
		if (fds[0].revents & POLLIN)
			intercept_continue(listener);
	return waitpid(child, &status, 0) == child ? intercept_status(status) : 125;
}

static void intercept_stopped(enum how how, pid_t tid, int status)
{
	struct __ptrace_syscall_info info;
	int request = PTRACE_CONT, signal = 0;

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
		ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info);
		request = how == HOW_STOPS ? PTRACE_SYSCALL : PTRACE_CONT;
	} else if (status >> 16 == PTRACE_EVENT_STOP) {
		request = WSTOPSIG(status) == SIGTRAP ? PTRACE_CONT : PTRACE_LISTEN;
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info);
	} else if (status >> 16 == 0) {
		signal = WSTOPSIG(status);
	}
	ptrace(request, tid, 0, signal);
}

static int intercept_trace(enum how how, pid_t child, int pair)
{
	int status;
	pid_t tid;

	if (ptrace(PTRACE_SEIZE, child, 0, TRACE_OPTIONS) || write(pair, "", 1) != 1)
		return intercept_error("ptrace");
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			intercept_stopped(how, tid, status);
		else if (tid == child)
			return intercept_status(status);
	}
	return 125;
}

static int intercept_supervise(enum how how, char **argv)
{
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || (child = fork()) < 0)
		return 125;
	if (child == 0)
		_exit(intercept_supervised(how, argv, pair[1]));
	close(pair[1]);
	return how == HOW_NOTIFY ? intercept_notify(child, pair[0]) : intercept_trace(how, child, pair[0]);
}

/* What needs nobody to watch: set and gone. */
static int intercept_alone(enum how how, unsigned number, char **argv)
{
	int result = -1;

	if (how == HOW_PIN)
		result = intercept_pin(number);
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		result = intercept_rules_filter(number);
	return result < 0 ? intercept_error(intercept_names[how]) : intercept_exec(argv);
}

int main(int argc, char **argv)
{
	const char *number = argc > 2 ? strchr(argv[1], '=') : NULL;
	size_t length = argc > 2 ? strcspn(argv[1], "=") : 0;
	unsigned value = number ? (unsigned)strtoul(number + 1, NULL, 10) : 0;

	for (enum how how = HOW_PIN; length > 0 && how <= HOW_STOPS; how++)
		if (strlen(intercept_names[how]) == length && !strncmp(intercept_names[how], argv[1], length))
			return how <= HOW_FILTER ? intercept_alone(how, value, argv + 2)
						 : intercept_supervise(how, argv + 2);
	fprintf(stderr, "usage: intercept pin=CPU|filter[=RULES]|notify|stop|stops COMMAND...\n");
	return 125;
}
