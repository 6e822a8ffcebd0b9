/*
 * Groups of processes and threads that do whatever stops a traced thread, killed at random moments.
 * Arguments: how many groups, the program to execute. Prints how many died so.
 */
#include "guest.h"

#include <pthread.h>
#include <sys/prctl.h>

static const char *die_program;

static void *die_chdir(void *unused)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	for (;;) {
		CHECK(chdir(".") == 0 || errno == EACCES);
		fchdir(fd);
		chdir("missing");
	}
	return unused;
}

static void *die_mmap(void *unused)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	for (;;) {
		void *page = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

		if (page != MAP_FAILED)
			munmap(page, GUEST_PAGE);
	}
	return unused;
}

/* Signals that are ignored by default: one may arrive just after an exec. */
static void die_handler(int signal)
{
	(void)signal;
}

static void *die_signals(void *unused)
{
	for (;;) {
		kill(getpid(), SIGWINCH);
		pthread_kill(pthread_self(), SIGURG);
	}
	return unused;
}

static void *die_nothing(void *unused)
{
	return unused;
}

static void *die_threads(void *unused)
{
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, die_nothing, NULL) == 0)
			pthread_join(thread, NULL);
	}
	return unused;
}

static void *die_children(void *unused)
{
	char *argv[] = { (char *)(uintptr_t)die_program, NULL };

	for (;;) {
		pid_t child = vfork();

		if (child == 0) {
			execv(die_program, argv);
			_exit(1);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	return unused;
}

static void *die_stops(void *unused)
{
	for (;;) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			raise(SIGSTOP);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, WUNTRACED) != child)
			continue;
		kill(child, SIGCONT);
		waitpid(child, &status, 0);
	}
	return unused;
}

/* The exec of a thread that is not the first ends the group: with its siblings in every stop. */
static void *die_exec(void *unused)
{
	char *argv[] = { (char *)(uintptr_t) "die_stopped", (char *)(uintptr_t) "group", (char *)(uintptr_t)die_program,
		NULL };

	guest_sleep_ms(5);
	execv("/proc/self/exe", argv);
	return unused;
}

static _Noreturn void die_group(void)
{
	static void *(*const deeds[])(
		void *) = { die_chdir, die_mmap, die_signals, die_threads, die_children, die_stops, die_exec };
	struct sigaction action = { .sa_handler = die_handler, .sa_flags = SA_RESTART };
	pthread_t thread;

	/* Nothing of it outlives whoever was to end it, nor this time. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(20);
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGURG, &action, NULL);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		pthread_create(&thread, NULL, deeds[i], NULL);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, killed = 0, code;

	if (argc < 3)
		return 2;
	die_program = argv[2];
	if (strcmp(argv[1], "group") == 0)
		die_group();
	srand(4);
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		struct timespec moment = { 0, rand() % 25000000L };

		CHECK(child >= 0);
		if (child == 0) {
			setpgid(0, 0);
			die_group();
		}
		setpgid(child, child);
		nanosleep(&moment, NULL);
		kill(-child, SIGKILL);
		code = guest_wait(child);
		if (code != 128 + SIGKILL)
			printf("group %d ended with %d\n", i, code);
		killed += code == 128 + SIGKILL;
	}
	printf("killed %d\n", killed);
	return killed != count;
}
