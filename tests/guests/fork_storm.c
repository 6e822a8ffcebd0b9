/*
 * Processes that try to outlive their sandbox: double forks in new sessions with a
 * cleared parent-death signal and blocked signals, each making the next for ever.
 * Arguments: how many at once, and "storm" to keep multiplying, else they sleep.
 */
#include "guest.h"

#include <sys/prctl.h>

static void storm_block(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	setsid();
}

/* Even if nobody ends the storm it is over after a while. */
static _Noreturn void storm_child(bool multiply)
{
	int64_t end = guest_now_ms() + guest_limit_ms(20000);

	storm_block();
	while (guest_now_ms() < end) {
		pid_t next;

		if (!multiply) {
			guest_sleep_ms(20000);
			continue;
		}
		guest_sleep_ms(5);
		next = fork();
		if (next > 0)
			_exit(0);
		setsid();
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 4;
	bool multiply = argc > 2 && strcmp(argv[2], "storm") == 0;

	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			if (fork() == 0)
				storm_child(multiply);
			_exit(0);
		}
		CHECK(guest_wait(child) == 0);
	}
	printf("ready\n");
	fflush(stdout);
	if (argc > 3 && strcmp(argv[3], "stay") == 0)
		guest_sleep_ms(20000);
	return 0;
}
