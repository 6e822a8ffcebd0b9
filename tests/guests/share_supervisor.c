/*
 * A process that makes nothing but traced calls, next to one whose calls are answered another way. Argument: ms.
 * Prints how many each made; 1 when one of them got less than a fiftieth of what the other got.
 */
#include "guest.h"

static _Noreturn void share_loop(volatile long *count, bool traced)
{
	struct stat status;

	for (;;) {
		CHECK(traced ? chdir(".") == 0 : stat("/etc", &status) == 0);
		(*count)++;
	}
}

int main(int argc, char **argv)
{
	volatile long *counts = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[2];

	CHECK((void *)(uintptr_t)counts != MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		CHECK(children[i] >= 0);
		if (children[i] == 0)
			share_loop(&counts[i], i == 0);
	}
	guest_sleep_ms(argc > 1 ? atol(argv[1]) : 1000);
	for (int i = 0; i < 2; i++)
		CHECK(kill(children[i], SIGKILL) == 0 && guest_wait(children[i]) == 128 + SIGKILL);
	printf("traced %ld others %ld\n", counts[0], counts[1]);
	return counts[0] < counts[1] / 50 || counts[1] < counts[0] / 50;
}
