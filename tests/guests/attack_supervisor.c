/*
 * What a payload can do against the processes above it: no signal in any form may
 * reach them, no descriptor, memory or trace of them may be taken. Run under Kennel.
 * Other processes of the sandbox can be signalled as ever.
 */
#include "guest.h"

#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef F_SETSIG
#define F_SETSIG 10
#endif
#ifndef F_SETOWN_EX
#define F_SETOWN_EX 15
#endif

static long attack_parent_of(long pid)
{
	char path[64], text[4096];
	char *found;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	if (guest_read(path, text, sizeof(text)) < 0 || !(found = strstr(text, "\nPPid:")))
		return -1;
	return strtol(found + 6, NULL, 10);
}

static void attack_signals(pid_t victim)
{
	static const int signals[] = { SIGKILL, SIGSTOP, SIGTERM, SIGCHLD, SIGUSR1 };
	siginfo_t info = { .si_code = SI_QUEUE };
	long pidfd = syscall(SYS_pidfd_open, victim, 0);

	/* nothing deadly is tried where this harmless one gets through */
	CHECK_ERR(EPERM, kill(victim, 0));
	CHECK_ERR(EPERM, syscall(SYS_tgkill, victim, victim, SIGCONT));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		CHECK_ERR(EPERM, kill(victim, signals[i]));
		CHECK_ERR(EPERM, syscall(SYS_tkill, victim, signals[i]));
		CHECK_ERR(EPERM, syscall(SYS_tgkill, victim, victim, signals[i]));
		CHECK_ERR(EPERM, syscall(SYS_rt_sigqueueinfo, victim, signals[i], &info));
		CHECK_ERR(EPERM, syscall(SYS_rt_tgsigqueueinfo, victim, victim, signals[i], &info));
		if (pidfd >= 0)
			CHECK_ERR(EPERM, syscall(SYS_pidfd_send_signal, pidfd, signals[i], NULL, 0));
	}
	CHECK(pidfd < 0 || close((int)pidfd) == 0);
}

static void attack_memory(pid_t victim)
{
	char path[64];
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)0x400000, 1 };
	static const char *const names[] = { "mem", "environ", "maps", "fd/0", "fd/3", "root/etc/hostname", "cwd/x",
		"exe" };

	CHECK_ERR(EPERM, syscall(SYS_process_vm_readv, victim, &local, 1, &remote, 1, 0));
	CHECK_ERR(EPERM, syscall(SYS_process_vm_writev, victim, &local, 1, &remote, 1, 0));
	CHECK_ERR(EPERM, ptrace(PTRACE_SEIZE, victim, 0, 0));
	CHECK_ERR(EPERM, ptrace(PTRACE_ATTACH, victim, 0, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", victim, names[i]);
		if (open(path, O_RDWR) != -1 || open(path, O_WRONLY) != -1 || open(path, O_RDONLY) != -1)
			guest_fail(__FILE__, __LINE__, path, 0);
	}
}

static void attack_owners(pid_t victim)
{
	struct {
		int type;
		pid_t pid;
	} owner = { 1, victim };
	int pair[2];
	int number = victim;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(fcntl(pair[0], F_SETOWN, getpid()) == 0);
	CHECK_ERR(EPERM, fcntl(pair[0], F_SETOWN, victim));
	CHECK_ERR(EPERM, fcntl(pair[0], F_SETOWN, -getpgrp()));
	CHECK(fcntl(pair[0], F_GETOWN) == getpid());
	CHECK(fcntl(pair[0], F_SETOWN, 0) == 0);
	CHECK_ERR(EPERM, fcntl(pair[0], F_SETOWN_EX, &owner));
	CHECK_ERR(EPERM, fcntl(pair[0], F_SETSIG, SIGKILL));
	CHECK_ERR(EPERM, ioctl(pair[0], FIOSETOWN, &number));
	CHECK_ERR(EPERM, ioctl(pair[0], SIOCSPGRP, &number));
#if !CALL_PAIRS /* the kernel looks at the low 32 bits of the request only */
	CHECK_ERR(EPERM, syscall(SYS_ioctl, pair[0], FIOSETOWN | 1LL << 40, &number));
#endif
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void attack_own_child(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		pause();
		_exit(1);
	}
	CHECK(kill(child, 0) == 0 && kill(child, SIGTERM) == 0 && guest_wait(child) == 128 + SIGTERM);
	CHECK_ERR(ESRCH, kill(child, 0));
	CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR && raise(SIGUSR2) == 0);
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	long above = attack_parent_of(parent);

	/* Without a sandbox around it this would kill whoever started it: our parent is hidden, or we go. */
	if (above >= 0) {
		fprintf(stderr, "no sandbox is around this: not attacking\n");
		return 77;
	}
	attack_own_child();
	attack_signals(parent);
	attack_memory(parent);
	attack_owners(parent);
	for (int i = 1; i < argc; i++)
		if (atoi(argv[i]) > 1) {
			attack_signals(atoi(argv[i]));
			attack_memory(atoi(argv[i]));
			attack_owners(atoi(argv[i]));
		}
	printf("parent %d above %ld\n", parent, above);
	CHECK(kill(-1, SIGCONT) == 0 || errno == EPERM || errno == ESRCH);
	CHECK(getppid() == parent);
	return 0;
}
