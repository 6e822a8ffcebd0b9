/*
 * A thread that is not the first replaces the program of all. Arguments: mode repeats threads PROGRAM.
 * Modes: plain; gone (the first thread has ended), busy (it is in chdir at that moment), stopped (it was stopped
 * and goes on while the exec waits). The program must end with 7 each time.
 */
#include "guest.h"

#include <pthread.h>

struct group {
	const char *mode, *program;
	int threads;
	pthread_barrier_t start;
};

static void *group_wait(void *argument)
{
	struct group *group = argument;

	pthread_barrier_wait(&group->start);
	for (;;)
		pause();
	return NULL;
}

static void *group_chdir(void *argument)
{
	struct group *group = argument;

	pthread_barrier_wait(&group->start);
	for (;;)
		CHECK(chdir(".") == 0);
	return NULL;
}

static void *group_exec(void *argument)
{
	struct group *group = argument;
	char *argv[] = { (char *)(uintptr_t)group->program, NULL };

	pthread_barrier_wait(&group->start);
	if (strcmp(group->mode, "plain") != 0)
		guest_sleep_ms(1);
	execv(group->program, argv);
	perror(group->program);
	_exit(100);
}

static _Noreturn void group_run(struct group *group)
{
	bool busy = strcmp(group->mode, "busy") == 0;
	pthread_t thread;

	CHECK(pthread_barrier_init(&group->start, NULL, (unsigned)group->threads + 1) == 0);
	for (int i = 1; i < group->threads; i++)
		CHECK(pthread_create(&thread, NULL, busy && i & 1 ? group_chdir : group_wait, group) == 0);
	CHECK(pthread_create(&thread, NULL, group_exec, group) == 0);
	if (busy)
		group_chdir(group);
	pthread_barrier_wait(&group->start);
	if (strcmp(group->mode, "gone") == 0)
		pthread_exit(NULL);
	for (;;)
		pause();
}

static void group_stop_and_continue(pid_t child)
{
	siginfo_t info = { 0 };

	guest_sleep_ms(1);
	kill(child, SIGSTOP);
	CHECK(waitid(P_PID, (id_t)child, &info, WSTOPPED | WEXITED | WNOWAIT) == 0);
	if (info.si_code == CLD_STOPPED)
		guest_sleep_ms(1);
	kill(child, SIGCONT);
}

int main(int argc, char **argv)
{
	static struct group group; /* the stack of a first thread that has ended is no place */
	int repeats = argc > 2 ? atoi(argv[2]) : 0;

	if (argc < 5)
		return 2;
	group.mode = argv[1];
	group.threads = atoi(argv[3]);
	group.program = argv[4];
	for (int i = 0; i < repeats; i++) {
		pid_t child = fork();
		int code;

		CHECK(child >= 0);
		if (child == 0)
			group_run(&group);
		if (strcmp(group.mode, "stopped") == 0)
			group_stop_and_continue(child);
		code = guest_wait(child);
		if (code != 7) {
			printf("round %d ended with %d\n", i, code);
			return 1;
		}
	}
	printf("replaced %d\n", repeats);
	return 0;
}
