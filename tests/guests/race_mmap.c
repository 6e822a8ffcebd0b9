/*
 * Races with mappings that may be executed: between the check and the use, the descriptor or the mapping
 * becomes one of the evil file. Arguments: dup2|mprotect tries ms. It makes good/page and evil/page where they
 * are missing. Counts are printed: evil is how often the caller could run the evil page after its call, ran how
 * often a sibling ran it at any time. Exit code 1 when the caller could.
 */
#include "race.h"
#include "tiny.h"

#include <setjmp.h>

enum { MMAP_FLIP_FD = 50, MMAP_GOOD_FD, MMAP_EVIL_FD };

struct mmaps {
	struct race *race;
	bool remaps; /* the mapping flips, not the descriptor */
	long tries;
	int64_t end;
	void *page;
	volatile bool hold, held;
};

static __thread sigjmp_buf mmap_back;
static __thread volatile bool mmap_guarded;

static void mmap_fault(int signal)
{
	if (mmap_guarded)
		siglongjmp(mmap_back, signal);
	_exit(99);
}

/* What the function on the page returns; 0 when it cannot be run. */
static int mmap_call(const struct mmaps *mmaps)
{
	int (*function)(void);
	int result = 0;

	memcpy(&function, &mmaps->page, sizeof(function));
	mmap_guarded = true;
	if (sigsetjmp(mmap_back, 1) == 0)
		result = function();
	mmap_guarded = false;
	return result;
}

static void *mmap_runner(void *argument)
{
	struct mmaps *mmaps = argument;

	while (!mmaps->race->over) {
		if (mmap_call(mmaps) == TINY_EVIL)
			mmaps->race->ran++;
		guest_sleep_ms(0);
	}
	return NULL;
}

static void mmap_flip(struct mmaps *mmaps, int fd)
{
	if (mmaps->remaps)
		CHECK(mmap(mmaps->page, TINY_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) != MAP_FAILED);
	else
		dup2(fd, MMAP_FLIP_FD);
	race_pause(mmaps->remaps ? 300 * RACE_PAUSE : RACE_PAUSE);
}

/* Stands still, in the state that it happens to have, while the other looks. */
static void *mmap_flipper(void *argument)
{
	struct mmaps *mmaps = argument;

	for (bool evil = true; !mmaps->race->over; evil = !evil) {
		mmap_flip(mmaps, evil ? MMAP_EVIL_FD : MMAP_GOOD_FD);
		while (mmaps->hold && !mmaps->race->over)
			mmaps->held = true;
		mmaps->held = false;
	}
	return NULL;
}

static bool mmap_once(struct mmaps *mmaps)
{
	if (mmaps->remaps)
		return mprotect(mmaps->page, TINY_PAGE, PROT_READ | PROT_EXEC) == 0;
	return mmap(mmaps->page, TINY_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, MMAP_FLIP_FD, 0) !=
	       MAP_FAILED;
}

static void mmap_count(struct race *race, int found)
{
	race->evil += found == TINY_EVIL;
	race->good += found == TINY_GOOD;
}

static void mmap_try(struct mmaps *mmaps)
{
	struct race *race = mmaps->race;

	race->tries++;
	if (!mmap_once(mmaps)) {
		race->refused += errno == EACCES;
		race->other += errno != EACCES;
		return;
	}
	mmaps->hold = mmaps->remaps;
	while (mmaps->hold && !mmaps->held)
		;
	mmap_count(race, mmap_call(mmaps));
	mmaps->hold = false;
	while (mmaps->remaps && mmaps->held)
		;
	if (!mmaps->remaps)
		CHECK(mmap(mmaps->page, TINY_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
			MAP_FAILED);
}

static _Noreturn void mmap_process(struct mmaps *mmaps)
{
	struct sigaction action = { .sa_handler = mmap_fault, .sa_flags = SA_NODEFER };
	struct race *race = mmaps->race;
	pthread_t thread;

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, mmap_flipper, mmaps) == 0);
	CHECK(mmaps->remaps || pthread_create(&thread, NULL, mmap_runner, mmaps) == 0);
	while (race->tries < mmaps->tries && guest_now_ms() < mmaps->end)
		mmap_try(mmaps);
	race->over = true;
	_exit(0);
}

static void mmap_files(void)
{
	mkdir("good", 0755);
	mkdir("evil", 0755);
	tiny_function("good/page", false);
	tiny_function("evil/page", true);
	CHECK(dup2(open("good/page", O_RDONLY), MMAP_GOOD_FD) == MMAP_GOOD_FD);
	CHECK(dup2(open("evil/page", O_RDONLY), MMAP_EVIL_FD) == MMAP_EVIL_FD);
	CHECK(dup2(MMAP_GOOD_FD, MMAP_FLIP_FD) == MMAP_FLIP_FD);
}

int main(int argc, char **argv)
{
	struct mmaps mmaps = { .race = race_new("") };
	struct race *race = mmaps.race;

	if (argc < 4)
		return 2;
	mmaps.remaps = strcmp(argv[1], "mprotect") == 0;
	mmaps.tries = atol(argv[2]);
	mmaps.end = guest_now_ms() + atol(argv[3]);
	mmap_files();
	mmaps.page = mmap(NULL, TINY_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mmaps.page != MAP_FAILED);
	while (!race->over && guest_now_ms() < mmaps.end) {
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0)
			mmap_process(&mmaps);
		race_count_end(race, guest_wait(child));
	}
	race_print(race);
	return race->evil > 0;
}
