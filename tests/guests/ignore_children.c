/*
 * Calls with effects while children end: SIGCHLD, which is ignored by default, disturbs none of them. Each must
 * succeed, and have happened.
 */
#include "guest.h"
#include "guest_time.h"

enum { IGNORE_CHILDREN = 8, IGNORE_ROUNDS = 100 };

/* A child that ends within the next milliseconds, whose end nobody waits for. */
static void ignore_child(unsigned number)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		usleep(number * 300);
		_exit(0);
	}
}

static void ignore_calls(const char *name)
{
	struct stat status;

	CHECK(mkdir(name, 0700) == 0);
	CHECK(stat(name, &status) == 0);
	CHECK(rmdir(name) == 0);
	CHECK_ERR(ENOENT, stat(name, &status));
	CHECK(kill(getpid(), 0) == 0);
}

int main(void)
{
	for (unsigned round = 0; round < guest_rounds(IGNORE_ROUNDS); round++) {
		char name[32];

		for (unsigned i = 0; i < IGNORE_CHILDREN; i++)
			ignore_child(i);
		for (unsigned i = 0; i < IGNORE_CHILDREN; i++) {
			snprintf(name, sizeof(name), "d%u-%u", round, i);
			ignore_calls(name);
		}
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	puts("ignored");
	return 0;
}
