/*
 * Wall time of two commands, run one after the other in alternating order: one line per pair,
 * nanoseconds of the first and of the second. Its own part is a vfork and a wait, the same for
 * both, so that differences of a tenth of a millisecond can be seen.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t startup_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The time from spawn to the end of the wait. Minus its exit status when the command did not end with 0. */
static int64_t startup_run(char **argv)
{
	int64_t start_ns = startup_now_ns();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return -127;
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -1;
	return startup_now_ns() - start_ns;
}

/* 0, or the exit status of the one that failed, which has said why itself. */
static int startup_pair(char **command[2], int first, int64_t took_ns[2])
{
	for (int i = 0; i < 2; i++) {
		int which = first ^ i;

		took_ns[which] = startup_run(command[which]);
		if (took_ns[which] < 0)
			return (int)-took_ns[which];
	}
	return 0;
}

/* Cuts argv at the separator; NULL when there is no command on one of its sides. */
static char **startup_second(char **argv)
{
	char **word = argv;

	while (*word && strcmp(*word, ":::"))
		word++;
	if (word == argv || !word[0] || !word[1])
		return NULL;
	*word = NULL;
	return word + 1;
}

int main(int argc, char **argv)
{
	long pairs = argc > 1 ? atol(argv[1]) : 0;
	char **command[2] = { argv + 2, pairs > 0 ? startup_second(argv + 2) : NULL };
	int64_t took_ns[2] = { 0, 0 };
	int status;

	if (!command[1]) {
		fprintf(stderr, "usage: startup PAIRS COMMAND... ::: COMMAND...\n");
		return 2;
	}
	for (int i = 0; i < 3; i++)
		if ((status = startup_pair(command, 0, took_ns)))
			return status;
	for (long i = 0; i < pairs; i++) {
		if ((status = startup_pair(command, (int)(i & 1), took_ns)))
			return status;
		printf("%lld %lld\n", (long long)took_ns[0], (long long)took_ns[1]);
	}
	return 0;
}
