/*
 * Attacks on other processes, the supervisor first: signals in every form, limits, memory, descriptors, and outliving
 * it. The first argument says which, the second whom, by its number. Natively that is a process of the test.
 */
#include "attack.h"

#include <linux/ioprio.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef F_SETSIG
#define F_SETSIG 10
#endif

enum { LIFE_DAEMON_MS = 400 };

static int life_kill(const char *pid)
{
	return attack_result(kill(atoi(pid), SIGKILL));
}

static int life_stop(const char *pid)
{
	return attack_result(syscall(SYS_tkill, atoi(pid), SIGSTOP));
}

static int life_thread_kill(const char *pid)
{
	return attack_result(syscall(SYS_tgkill, atoi(pid), atoi(pid), SIGKILL));
}

static int life_queue(const char *pid)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	int result = attack_result(syscall(SYS_rt_sigqueueinfo, atoi(pid), SIGKILL, &info));

	return attack_either(
		result, attack_result(syscall(SYS_rt_tgsigqueueinfo, atoi(pid), atoi(pid), SIGKILL, &info)));
}

static int life_pidfd_kill(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	return fd < 0 ? errno : attack_result(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
}

/* The kernel sends it for us, when a byte arrives. */
static int life_owner(const char *pid)
{
	int ends[2], result;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	result = attack_result(fcntl(ends[0], F_SETOWN, atoi(pid)));
	if (result == ATTACK_WORKS)
		result = attack_result(fcntl(ends[0], F_SETSIG, SIGKILL));
	if (result == ATTACK_WORKS)
		result = attack_result(fcntl(ends[0], F_SETFL, O_ASYNC));
	CHECK(write(ends[1], "x", 1) == 1);
	return result;
}

/* A timer of ours that signals a thread elsewhere: the kernel itself has none of it. */
static int life_timer(const char *pid)
{
	struct {
		union sigval value;
		int signal, notify, thread;
		char rest[64];
	} event = { .signal = SIGKILL, .notify = 4 /* SIGEV_THREAD_ID */, .thread = atoi(pid) };
	int timer;

	return attack_result(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

/* The processes that were started with it. */
static int life_group(const char *pid)
{
	pid_t group = getpgid(atoi(pid));

	if (group <= 1)
		return group < 0 ? errno : ATTACK_NOTHING;
	if (group == getpgrp()) {
		/* Whoever started us would have to live on, and tell how this ended. */
		signal(SIGUSR1, SIG_IGN);
		signal(SIGRTMIN, SIG_IGN);
		return kill(0, SIGUSR1) == 0 && kill(-group, SIGRTMIN) == 0 ? ATTACK_NOTHING : errno;
	}
	return attack_result(kill(-group, SIGKILL));
}

/* It has no time left: the kernel kills it when it has used what the limit says. */
static int life_limit(const char *pid)
{
	struct rlimit64 limit = { 1, 1 };

	return attack_result(syscall(SYS_prlimit64, atoi(pid), RLIMIT_CPU, &limit, NULL));
}

static int life_priorities(const char *text)
{
	struct sched_param parameter = { .sched_priority = 0 };
	uint64_t set = 1;
	uint32_t attr[12] = { 48, SCHED_IDLE };
	int pid = atoi(text), result = attack_result(setpriority(PRIO_PROCESS, (id_t)pid, 19));

	result = attack_either(result, attack_result(sched_setscheduler(pid, SCHED_IDLE, &parameter)));
	result = attack_either(result, attack_result(syscall(SYS_sched_setaffinity, pid, sizeof(set), &set)));
	result = attack_either(result, attack_result(syscall(SYS_sched_setattr, pid, attr, 0)));
	result = attack_either(result, attack_result(syscall(SYS_ioprio_set, 1, pid, 3 << 13)));
	return attack_either(result, attack_result(syscall(SYS_migrate_pages, pid, 64UL, &set, &set)));
}

/* By the group that it is in, and by its user: not by its number. */
static int life_priority_of_group(const char *pid)
{
	pid_t group = getpgid(atoi(pid));
	int result = attack_result(setpriority(PRIO_PGRP, (id_t)group, 19));

	return attack_either(result, attack_result(syscall(SYS_ioprio_set, 2, group, 3 << 13)));
}

static int life_memory(const char *text)
{
	char byte[8];
	struct iovec local = { byte, 8 }, remote = { (void *)0x400000, 8 };
	int pid = atoi(text),
	    result = attack_result(syscall(SYS_process_vm_readv, pid, &local, 1UL, &remote, 1UL, 0UL));

	result = attack_either(result, attack_result(syscall(SYS_kcmp, pid, getpid(), 0, 0, 0)));
	result = attack_either(result, attack_result(ptrace(PTRACE_SEIZE, pid, NULL, NULL)));
	return attack_either(result, attack_result(ptrace(PTRACE_ATTACH, pid, NULL, NULL)));
}

/* Its descriptors, with the listener among them. */
static int life_descriptor(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0), result = ATTACK_NOTHING;

	if (fd < 0)
		return errno;
	for (int i = 0; i < 64; i++) {
		int taken = (int)syscall(SYS_pidfd_getfd, fd, i, 0);

		if (taken >= 0)
			return ATTACK_WORKS;
		result = errno == EBADF ? result : errno;
	}
	return result;
}

/* Something that was open in whoever started us. */
static int life_inherited(const char *number)
{
	char text[8] = "";

	if (read(atoi(number), text, 6) < 0)
		return errno;
	return strcmp(text, "secret") == 0 ? ATTACK_WORKS : ATTACK_NOTHING;
}

/* Nobody's child, in a session of its own, when the first process is gone. */
static int life_daemon(const char *unused)
{
	(void)unused;
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	prctl(PR_SET_PDEATHSIG, 0);
	for (int i = 0; i < 64; i++)
		signal(i, SIG_IGN);
	guest_sleep_ms(LIFE_DAEMON_MS);
	return ATTACK_WORKS;
}

/* Children of the launcher, and one whose end would be its death. */
static int life_sibling(const char *unused)
{
	pid_t parent = getppid(), child = (pid_t)syscall(SYS_clone, CALL_CLONE(CLONE_PARENT | SIGKILL), NULL, NULL, 0);

	(void)unused;
	if (child == 0)
		_exit(7);
	if (child < 0)
		return errno;
	guest_sleep_ms(50);
	return getppid() == parent ? ATTACK_NOTHING : ATTACK_WORKS;
}

/* Commands to the supervisor itself: the rules are changed, and the secret can be read. */
static int life_command(const char *unused)
{
	struct stat status;
	char path[PATH_MAX + 128], here[PATH_MAX];

	(void)unused;
	CHECK(getcwd(here, sizeof(here)));
	stat("/dev/kennel/ghost!", &status);
	stat("/dev/syd/sandbox/all:off", &status);
	stat("/dev/kennel/sandbox/read,walk,stat:off", &status);
	snprintf(path, sizeof(path), "/dev/kennel/allow/all+%s/***", here);
	stat(path, &status);
	stat("/dev/kennel/lock:off", &status);
	return attack_read("evil/file");
}

/* A process that nobody can look into. */
static int life_hidden(const char *unused)
{
	(void)unused;
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	return attack_read("evil/file");
}

/* A name that would forge a line in a log, and a tracer of our choice. */
static int life_name(const char *pid)
{
	prctl(PR_SET_NAME, "\n{\"act\":\"f\"}\033");
	prctl(0x59616d61 /* PR_SET_PTRACER */, atol(pid), 0, 0, 0);
	prctl(PR_SET_MM, PR_SET_MM_ARG_START, 4096UL, 0UL, 0UL);
	return attack_read("evil/file");
}

/* The last thing that a limit leaves: descriptors, memory, processes. */
static int life_limits(const char *unused)
{
	static const int resources[] = { RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK,
		RLIMIT_FSIZE, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK, RLIMIT_CORE };
	struct rlimit limit = { 0, 0 };
	int fd = open("good/file", O_RDONLY | O_CLOEXEC), result;

	(void)unused;
	for (size_t i = 1; i < sizeof(resources) / sizeof(resources[0]); i++)
		setrlimit((__rlimit_resource_t)resources[i], &limit);
	result = attack_read("evil/file");
	CHECK(fd >= 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (attack_read("evil/file") == ATTACK_WORKS)
		attack_wrong("a descriptor above the limit");
	return result;
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "kill", life_kill },
		{ "stop", life_stop },
		{ "thread-kill", life_thread_kill },
		{ "queue", life_queue },
		{ "pidfd-kill", life_pidfd_kill },
		{ "owner", life_owner },
		{ "timer", life_timer },
		{ "group", life_group },
		{ "limit", life_limit },
		{ "priorities", life_priorities },
		{ "priority-of-group", life_priority_of_group },
		{ "memory", life_memory },
		{ "descriptor", life_descriptor },
		{ "inherited", life_inherited },
		{ "daemon", life_daemon },
		{ "sibling", life_sibling },
		{ "command", life_command },
		{ "hidden", life_hidden },
		{ "name", life_name },
		{ "limits", life_limits },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
