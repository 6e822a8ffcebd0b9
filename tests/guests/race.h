/*
 * Shared by the guests that race with calls which are judged before they run and once more afterwards.
 * Each try is a process of its own, since one that is caught dies. What happened is counted in memory
 * that outlives it, and printed.
 */
#ifndef KENNEL_TESTS_GUESTS_RACE_H
#define KENNEL_TESTS_GUESTS_RACE_H

#include "guest.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

enum { RACE_PAUSE = 200 };

static inline void race_pause(int times)
{
	for (int i = 0; i < times; i++)
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* What a call names: "good/..." and "evil/..." by turns. */
struct race {
	char path[64];
	volatile long tries, good, evil, refused, killed, other, ran;
	volatile bool over;
};

static inline struct race *race_new(const char *path)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (race == MAP_FAILED)
		guest_fail(__FILE__, __LINE__, "mmap", errno);
	snprintf(race->path, sizeof(race->path), "%s", path);
	return race;
}

static inline void race_print(const struct race *race)
{
	printf("tries %ld good %ld evil %ld refused %ld killed %ld other %ld ran %ld\n", race->tries, race->good,
		race->evil, race->refused, race->killed, race->other, race->ran);
}

/* The name changes in one store, so that it is always one or the other; not too fast to be caught. */
static inline void race_flip_name(struct race *race)
{
	uint32_t words[2];

	memcpy(&words[0], "good", 4);
	memcpy(&words[1], "evil", 4);
	race_pause(RACE_PAUSE);
	__atomic_store_n((uint32_t *)(void *)race->path, words[memcmp((const char *)race->path, "good", 4) == 0],
		__ATOMIC_SEQ_CST);
}

static inline void *race_flipper(void *argument)
{
	struct race *race = argument;

	while (!race->over)
		race_flip_name(race);
	return NULL;
}

/* Names "one" and "two" exchange what they are, for as long as the process lives. */
static inline pid_t race_exchanger(struct race *race, const char *one, const char *two)
{
	pid_t child = fork();

	if (child < 0)
		guest_fail(__FILE__, __LINE__, "fork", errno);
	if (child > 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!race->over)
		if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, two, 2 /* RENAME_EXCHANGE */))
			guest_fail(__FILE__, __LINE__, "renameat2", errno);
	_exit(0);
}

static inline void race_count_end(struct race *race, int code)
{
	if (code == 128 + SIGKILL)
		race->killed++;
	else if (code != 0)
		race->other++;
}

/* A process that shares our memory; stacks are used once at a time. */
static inline pid_t race_clone(int (*function)(void *), void *argument, int flags)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child = clone(function, stack + sizeof(stack), flags | SIGCHLD, argument);

	if (child < 0)
		guest_fail(__FILE__, __LINE__, "clone", errno);
	return child;
}

#endif
