/*
 * Many processes at once, each doing many opens. Arguments: processes, opens of each.
 * Every open must succeed, with the same content.
 */
#include "guest.h"

static void many_work(int opens)
{
	char text[8];
	struct stat status;

	for (int i = 0; i < opens; i++) {
		int fd = open("file", O_RDONLY | O_CLOEXEC);

		CHECK(fd == 3);
		CHECK(read(fd, text, sizeof(text)) == 4 && memcmp(text, "text", 4) == 0 && close(fd) == 0);
		if (i % 16 == 0)
			CHECK(stat("file", &status) == 0 && status.st_size == 4);
	}
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 20;
	int opens = argc > 2 ? atoi(argv[2]) : 100;
	int start[2], failed = 0, status;
	char byte;

	guest_write("file", "text");
	CHECK(pipe2(start, O_CLOEXEC) == 0);
	for (int i = 0; i < processes; i++) {
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			close(start[1]);
			CHECK(read(start[0], &byte, 1) == 0 && close(start[0]) == 0);
			many_work(opens);
			_exit(0);
		}
	}
	CHECK(close(start[0]) == 0 && close(start[1]) == 0);
	while (wait(&status) > 0)
		failed += status != 0;
	if (failed)
		fprintf(stderr, "%d of %d processes failed\n", failed, processes);
	return failed > 0;
}
