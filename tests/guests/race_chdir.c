/*
 * Races with chdir and fchdir: between the check and the use, what they name becomes the evil directory.
 * Arguments: kind tries ms; ends with the first that is reached. In the cwd are the directories good and evil.
 * Counts are printed: evil is how often the evil directory was used by the caller afterwards. Exit code 1 when it was.
 */
#include "race.h"

enum { CHDIR_FLIP_FD = 50, CHDIR_GOOD_FD, CHDIR_EVIL_FD };

struct kind {
	const char *name;
	const char *path;               /* NULL: the name in shared memory */
	void (*prepare)(struct race *); /* what flips, for all processes that try */
	void *(*thread)(void *);        /* what flips in each of them */
	int flags;                      /* of the clone for the tries of one process; 0: fork */
};

struct chdirs {
	struct race *race;
	const struct kind *kind;
	long tries;
	int64_t end;
	int base;
	ino_t evil;
};

static void chdir_nothing(struct race *race)
{
	(void)race;
}

static void chdir_flip_memory(struct race *race)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, race_flipper, race) == 0);
}

static void chdir_flip_links(struct race *race)
{
	CHECK(symlink("../good", "flip/one") == 0 && symlink("../evil", "flip/two") == 0);
	race_exchanger(race, "flip/one", "flip/two");
}

static void *chdir_flip_descriptors(void *argument)
{
	struct race *race = argument;

	while (!race->over) {
		dup2(CHDIR_EVIL_FD, CHDIR_FLIP_FD);
		race_pause(RACE_PAUSE);
		dup2(CHDIR_GOOD_FD, CHDIR_FLIP_FD);
		race_pause(RACE_PAUSE);
	}
	return NULL;
}

static const struct kind chdir_kinds[] = {
	{ "thread", NULL, chdir_nothing, race_flipper, 0 },
	{ "memory", NULL, chdir_flip_memory, NULL, CLONE_VM },
	{ "symlink", "flip/one", chdir_flip_links, NULL, 0 },
	{ "fchdir", "", chdir_nothing, chdir_flip_descriptors, 0 },
};

/* Whether the caller is where it may not be; the way back is by a descriptor of what is allowed. */
static void chdir_look(struct chdirs *chdirs, long result)
{
	struct race *race = chdirs->race;
	struct stat status;

	race->tries++;
	if (result) {
		race->refused += errno == EACCES;
		race->other += errno != EACCES;
		return;
	}
	CHECK(stat(".", &status) == 0);
	race->evil += status.st_ino == chdirs->evil;
	race->good += status.st_ino != chdirs->evil;
	CHECK(fchdir(chdirs->base) == 0);
}

static int chdir_try(void *argument)
{
	struct chdirs *chdirs = argument;
	struct race *race = chdirs->race;
	const char *path = chdirs->kind->path ? chdirs->kind->path : race->path;

	while (!race->over && race->tries < chdirs->tries && guest_now_ms() < chdirs->end)
		chdir_look(chdirs, *path ? syscall(SYS_chdir, path) : syscall(SYS_fchdir, CHDIR_FLIP_FD));
	race->over = race->tries >= chdirs->tries || guest_now_ms() >= chdirs->end;
	_exit(0);
}

static pid_t chdir_start(struct chdirs *chdirs)
{
	pthread_t thread;
	pid_t child;

	if (chdirs->kind->flags)
		return race_clone(chdir_try, chdirs, chdirs->kind->flags);
	child = fork();
	CHECK(child >= 0);
	if (child)
		return child;
	CHECK(dup2(CHDIR_GOOD_FD, CHDIR_FLIP_FD) == CHDIR_FLIP_FD);
	CHECK(!chdirs->kind->thread || pthread_create(&thread, NULL, chdirs->kind->thread, chdirs->race) == 0);
	chdir_try(chdirs);
	_exit(1);
}

static void chdir_run(struct chdirs *chdirs)
{
	struct race *race = chdirs->race;

	while (!race->over) {
		int code = guest_wait(chdir_start(chdirs));

		race->tries += code != 0;
		race_count_end(race, code);
	}
}

int main(int argc, char **argv)
{
	struct chdirs chdirs = { .race = race_new("good") };
	struct stat status;

	for (size_t i = 0; argc > 3 && i < sizeof(chdir_kinds) / sizeof(chdir_kinds[0]); i++)
		if (strcmp(argv[1], chdir_kinds[i].name) == 0)
			chdirs.kind = &chdir_kinds[i];
	if (!chdirs.kind)
		return 2;
	chdirs.tries = atol(argv[2]);
	chdirs.end = guest_now_ms() + atol(argv[3]);
	CHECK((chdirs.base = open(".", O_PATH | O_DIRECTORY)) >= 0 && mkdir("flip", 0755) == 0);
	CHECK(dup2(open("good", O_PATH | O_DIRECTORY), CHDIR_GOOD_FD) == CHDIR_GOOD_FD);
	CHECK(dup2(open("evil", O_PATH | O_DIRECTORY), CHDIR_EVIL_FD) == CHDIR_EVIL_FD);
	CHECK(stat("evil", &status) == 0);
	chdirs.evil = status.st_ino;
	chdirs.kind->prepare(chdirs.race);
	chdir_run(&chdirs);
	race_print(chdirs.race);
	return chdirs.race->evil > 0;
}
