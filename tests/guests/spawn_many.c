/*
 * Many programs at once, started by posix_spawn (which shares memory until the exec) and by vfork.
 * Arguments: how many, the program. Prints how many ended well.
 */
#include "guest.h"

#include <spawn.h>

static pid_t spawn_one(const char *program, bool by_vfork)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	pid_t child = -1;

	if (!by_vfork) {
		CHECK(posix_spawn(&child, program, NULL, NULL, argv, environ) == 0);
		return child;
	}
	child = vfork();
	if (child == 0) {
		execv(program, argv);
		_exit(100);
	}
	return child;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, good = 0, started = 0;

	if (argc < 3)
		return 2;
	for (int i = 0; i < count; i++)
		started += spawn_one(argv[2], i & 1) > 0;
	for (int i = 0; i < started; i++) {
		int status = -1;

		CHECK(waitpid(-1, &status, 0) > 0);
		good += status == 0;
	}
	printf("started %d good %d\n", started, good);
	return good != count;
}
