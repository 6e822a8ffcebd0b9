/*
 * Waits for a semaphore by the multiplexer of old ABIs, for ever: signals that are ignored do not end that, one that is
 * handled does. Exit code 0 when it is so.
 */
#include "guest.h"

#include <signal.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#ifdef SYS_ipc
enum { IPC_CALL_SEMOP = 1, IGNORED_MS = 100 };

static void on_signal(int number)
{
	(void)number;
}

/* Ignored signals for a while, then one that is handled until it was heard. */
static pid_t send_signals(void)
{
	int64_t end = guest_now_ms() + IGNORED_MS;
	pid_t parent = getpid(), child = fork();

	CHECK(child >= 0);
	if (child)
		return child;
	for (;;) {
		kill(parent, guest_now_ms() < end ? SIGUSR1 : SIGTERM);
		guest_sleep_ms(10);
	}
}

int main(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct sembuf down = { .sem_op = -1 };
	int set = semget(IPC_PRIVATE, 1, 0600);
	int64_t begun = guest_now_ms();
	long result;
	int error;
	pid_t child;

	CHECK(set >= 0 && signal(SIGUSR1, SIG_IGN) != SIG_ERR && sigaction(SIGTERM, &action, NULL) == 0);
	child = send_signals();
	result = syscall(SYS_ipc, IPC_CALL_SEMOP, set, 1, 0, &down, 0);
	error = errno;
	kill(child, SIGKILL);
	guest_wait(child);
	CHECK(semctl(set, 0, IPC_RMID) == 0);
	CHECK(result == -1 && error == EINTR && guest_now_ms() >= begun + IGNORED_MS);
	return 0;
}
#else
int main(void)
{
	guest_skip("this ABI has no ipc");
}
#endif
