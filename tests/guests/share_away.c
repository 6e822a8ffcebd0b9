/*
 * A thread makes a page executable; another one puts memory that is no file there in that moment, runs it, and puts the
 * file back, not executable, before anybody looks. Arguments: tries ms lives_ms. Counts are printed: how many tries
 * ran that code, and how many lived on so long. Exit code 1 when one did.
 */
#include "race.h"
#include "tiny.h"

enum { AWAY_POLLS = 200, AWAY_SPARE = 100 };

struct away {
	char *page;
	int good, evil, zero;
	unsigned seed;
	unsigned lives_ms;
	volatile long *ran;
};

static void *away_make_executable(void *argument)
{
	const struct away *away = argument;

	for (;;)
		mprotect(away->page, TINY_PAGE, PROT_READ | PROT_EXEC);
	return NULL;
}

static void away_put_file(const struct away *away)
{
	CHECK(mmap(away->page, TINY_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, away->good, 0) == away->page);
}

/* Nothing can be read into a page that was made executable. Where nothing was before, it is the file's still. */
static bool away_is_executable(const struct away *away)
{
	for (int i = 0; i < AWAY_POLLS; i++)
		if (read(away->zero, away->page + AWAY_SPARE, 1) < 0)
			return i > 0;
	return false;
}

static bool away_runs(struct away *away)
{
	int result = 0;

	away_put_file(away);
	away->seed = away->seed * 1103515245 + 12345;
	race_pause((int)(away->seed >> 16) % 20000);
	CHECK(mmap(away->page, TINY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, away->evil, 0) ==
		away->page);
	if (away_is_executable(away))
		result = ((int (*)(void))(uintptr_t)away->page)();
	away_put_file(away);
	return result == TINY_EVIL;
}

static void away_try(struct away *away, int64_t end)
{
	pthread_t thread;

	away->seed = (unsigned)getpid() * 7919;
	away->page = mmap(NULL, TINY_PAGE, PROT_READ, MAP_SHARED, away->good, 0);
	CHECK(away->page != MAP_FAILED && pthread_create(&thread, NULL, away_make_executable, away) == 0);
	while (guest_now_ms() < end && !away_runs(away))
		;
	if (guest_now_ms() >= end)
		_exit(1);
	++*away->ran;
	guest_sleep_ms(away->lives_ms);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct race *race = race_new("");
	struct away away = { .ran = &race->ran };
	long lived = 0;

	if (argc < 4)
		return 2;
	away.lives_ms = (unsigned)atol(argv[3]);
	tiny_function("good-page", false);
	tiny_function("evil-page", true);
	away.good = open("good-page", O_RDWR | O_CLOEXEC);
	away.evil = open("evil-page", O_RDONLY | O_CLOEXEC);
	away.zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	for (; race->tries < atol(argv[1]); race->tries++) {
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0)
			away_try(&away, guest_now_ms() + atol(argv[2]));
		lived += guest_wait(child) == 0;
	}
	printf("tries %ld ran %ld lived %ld\n", race->tries, race->ran, lived);
	return lived > 0;
}
