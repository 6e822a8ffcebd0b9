/*
 * Stops and what their parent sees: stopped, continued, ended, in this order and once each; threads stand still
 * while the group is stopped; a handler of SIGCONT runs; exit codes and signals are what the parent gets.
 */
#include "guest.h"

#include <pthread.h>
#include <sys/resource.h>

static volatile sig_atomic_t stop_continued;
static volatile unsigned long *stop_counters; /* of two threads; the third: the parent saw that we go on */

static void stop_handler(int signal)
{
	(void)signal;
	stop_continued = 1;
}

static void *stop_count(void *argument)
{
	volatile unsigned long *counter = argument;

	for (;;) {
		(*counter)++;
		CHECK(chdir(".") == 0);
	}
	return NULL;
}

static _Noreturn void stop_child(int signal)
{
	struct sigaction action = { .sa_handler = stop_handler };
	pthread_t thread;

	CHECK(sigaction(SIGCONT, &action, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, stop_count, (void *)(uintptr_t)&stop_counters[0]) == 0);
	CHECK(pthread_create(&thread, NULL, stop_count, (void *)(uintptr_t)&stop_counters[1]) == 0);
	guest_sleep_ms(5);
	raise(signal);
	for (int i = 0; i < 2000 && !(stop_counters[2] && stop_continued); i++)
		guest_sleep_ms(5);
	_exit(stop_continued ? 5 : 6);
}

static int stop_wait(pid_t child, int options)
{
	int status = -1;

	CHECK(waitpid(child, &status, options) == child);
	return status;
}

static void stop_once(int signal)
{
	pid_t child = fork();
	unsigned long before[2];
	int status;

	CHECK(child >= 0);
	if (child == 0)
		stop_child(signal);
	status = stop_wait(child, WUNTRACED);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == signal);
	guest_sleep_ms(10);
	before[0] = stop_counters[0];
	before[1] = stop_counters[1];
	guest_sleep_ms(30);
	CHECK(stop_counters[0] == before[0] && stop_counters[1] == before[1]);
	CHECK(waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
	CHECK(kill(child, SIGCONT) == 0);
	status = stop_wait(child, WCONTINUED | WUNTRACED);
	CHECK(WIFCONTINUED(status));
	stop_counters[2] = 1;
	status = stop_wait(child, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

/* From outside, again and again, and the last word is the end. */
static void stop_often(void)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0)
		stop_count((void *)(uintptr_t)&stop_counters[0]);
	for (int i = 0; i < 50; i++) {
		CHECK(kill(child, SIGSTOP) == 0);
		status = stop_wait(child, WUNTRACED);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		CHECK(kill(child, SIGCONT) == 0);
		status = stop_wait(child, WCONTINUED);
		CHECK(WIFCONTINUED(status));
	}
	CHECK(kill(child, SIGSTOP) == 0 && kill(child, SIGKILL) == 0);
	do
		status = stop_wait(child, WUNTRACED);
	while (WIFSTOPPED(status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void stop_end(int signal)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0) {
		raise(signal);
		_exit(0);
	}
	status = stop_wait(child, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

int main(void)
{
	static const int ends[] = { SIGTERM, SIGSEGV, SIGABRT, SIGTRAP, SIGKILL, SIGSYS, SIGUSR1, SIGALRM, SIGPIPE };
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	stop_counters = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK((void *)(uintptr_t)stop_counters != MAP_FAILED);
	stop_once(SIGSTOP);
	stop_often();
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		stop_end(ends[i]);
	puts("as expected");
	return 0;
}
