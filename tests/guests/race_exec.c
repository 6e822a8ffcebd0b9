/*
 * Races with execve: between the check and the use, something that it names becomes an evil program.
 * Arguments: kind tries ms; ends with the first that is reached. In the cwd are good/prog and evil/prog,
 * and it makes what else it needs. Every try begins when all names lead to good. Counts are printed: evil is how
 * often the evil program ran (its marks in a pipe). Exit code 1 when it did.
 */
#include "race.h"
#include "tiny.h"

struct kind {
	const char *name;
	const char *path;               /* what is executed; NULL: the name in shared memory */
	void (*prepare)(struct race *); /* what flips, for all tries */
	bool (*is_good)(struct race *); /* what the racer itself sees */
	int flags;                      /* of the clone for a try; 0: fork and a flipping thread */
};

struct
try {
	struct race *race;
	const struct kind *kind;
};

static char exec_folder[PATH_MAX];

static bool exec_name_is_good(struct race *race)
{
	return memcmp(race->path, "good", 4) == 0;
}

static bool exec_text_is_good(const char *path, bool link)
{
	char text[64] = "";
	ssize_t got = link ? readlink(path, text, sizeof(text) - 1) : guest_read(path, text, sizeof(text));

	return got > 0 && strstr(text, "good");
}

static bool exec_link_is_good(struct race *race)
{
	(void)race;
	return exec_text_is_good("flip/one", true);
}

static bool exec_script_is_good(struct race *race)
{
	(void)race;
	return exec_text_is_good("flip/one", false);
}

static bool exec_cwd_is_good(struct race *race)
{
	(void)race;
	return exec_text_is_good("/proc/self/cwd", true);
}

static void exec_flip_memory(struct race *race)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, race_flipper, race) == 0);
}

static void exec_nothing(struct race *race)
{
	(void)race;
}

static void exec_flip_links(struct race *race)
{
	CHECK(symlink("../good/prog", "flip/one") == 0 && symlink("../evil/prog", "flip/two") == 0);
	race_exchanger(race, "flip/one", "flip/two");
}

static void exec_script(const char *path, const char *folder)
{
	char line[PATH_MAX + 64];

	snprintf(line, sizeof(line), "#!%s/%s/prog\n", exec_folder, folder);
	tiny_write(path, line, strlen(line));
}

static void exec_flip_scripts(struct race *race)
{
	exec_script("flip/one", "good");
	exec_script("flip/two", "evil");
	race_exchanger(race, "flip/one", "flip/two");
}

/* The same file, another interpreter; a file that is being executed cannot be opened for writing. */
static void exec_rewrite(const char *folder)
{
	int fd = open("flip/one", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		pwrite(fd, folder, 4, (off_t)strlen(exec_folder) + 3);
	close(fd);
	race_pause(10 * RACE_PAUSE);
}

static void exec_rewrite_script(struct race *race)
{
	pid_t child;

	exec_script("flip/one", "good");
	child = fork();
	CHECK(child >= 0);
	if (child > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!race->over) {
		exec_rewrite("evil");
		exec_rewrite("good");
	}
	_exit(0);
}

static int exec_flip_cwd_loop(void *argument)
{
	struct race *race = argument;
	int good = open("good", O_PATH | O_DIRECTORY), evil = open("evil", O_PATH | O_DIRECTORY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!race->over) {
		syscall(SYS_fchdir, evil);
		syscall(SYS_fchdir, good);
	}
	return 0;
}

/* A process that shares the cwd, and only it. */
static void exec_flip_cwd(struct race *race)
{
	tiny_write("flip/one", "#!./prog\n", 9);
	race_clone(exec_flip_cwd_loop, race, CLONE_FS);
}

static void exec_flip_interpreters(struct race *race)
{
	char interpreter[PATH_MAX + 16];

	snprintf(interpreter, sizeof(interpreter), "%s/flip/one", exec_folder);
	CHECK(strlen(interpreter) < 250);
	tiny_program("dynamic", false, interpreter);
	exec_flip_links(race);
}

static const struct kind exec_kinds[] = {
	{ "thread", NULL, exec_nothing, exec_name_is_good, 0 },
	{ "memory", NULL, exec_flip_memory, exec_name_is_good, CLONE_VM | CLONE_VFORK },
	{ "symlink", "flip/one", exec_flip_links, exec_link_is_good, CLONE_VM | CLONE_VFORK },
	{ "script", "flip/one", exec_flip_scripts, exec_script_is_good, CLONE_VM | CLONE_VFORK },
	{ "rewrite", "flip/one", exec_rewrite_script, exec_script_is_good, CLONE_VM | CLONE_VFORK },
	{ "cwd", "/flip/one", exec_flip_cwd, exec_cwd_is_good, CLONE_VM | CLONE_VFORK | CLONE_FS },
	{ "interpreter", "dynamic", exec_flip_interpreters, exec_link_is_good, CLONE_VM | CLONE_VFORK },
};

/* 0 is not a result of a program: what did not run ends with 100 (refused) or 101. */
static int exec_once(void *argument)
{
	struct try *try = argument;
	static char full[PATH_MAX * 2];
	const char *path = try->kind->path ? try->kind->path : try->race->path;
	char *argv[] = { full, NULL };

	if (*path == '/') {
		snprintf(full, sizeof(full), "%s%s", exec_folder, path);
		path = full;
	}
	for (int i = 0; i < 100000 && !try->kind->is_good(try->race); i++)
		;
	syscall(SYS_execve, path, argv, NULL);
	_exit(errno == EACCES ? 100 : 101);
}

static pid_t exec_start(struct try *try)
{
	pthread_t thread;
	pid_t child;

	if (try->kind->flags)
		return race_clone(exec_once, try, try->kind->flags);
	child = fork();
	CHECK(child >= 0);
	if (child)
		return child;
	CHECK(pthread_create(&thread, NULL, race_flipper, try->race) == 0);
	exec_once(try);
	_exit(101);
}

static void exec_run(struct try *try, int marks, long tries, int64_t end)
{
	struct race *race = try->race;
	char byte[16];

	while (race->tries < tries && guest_now_ms() < end) {
		int code = guest_wait(exec_start(try));
		ssize_t got = read(marks, byte, sizeof(byte));

		race->tries++;
		race->evil += got > 0 ? got : 0;
		race->good += code == TINY_GOOD;
		race->refused += code == 100;
		race_count_end(race, code == TINY_GOOD || code == TINY_EVIL || code == 100 ? 0 : code);
	}
	race->over = true;
}

int main(int argc, char **argv)
{
	struct try try = { race_new("good/prog"), NULL };
	int pipes[2];

	for (size_t i = 0; argc > 3 && i < sizeof(exec_kinds) / sizeof(exec_kinds[0]); i++)
		if (strcmp(argv[1], exec_kinds[i].name) == 0)
			try.kind = &exec_kinds[i];
	if (!try.kind)
		return 2;
	CHECK(getcwd(exec_folder, sizeof(exec_folder)) && pipe2(pipes, O_NONBLOCK | O_CLOEXEC) == 0);
	CHECK(dup2(pipes[1], TINY_MARK) == TINY_MARK && mkdir("flip", 0755) == 0);
	try.kind->prepare(try.race);
	exec_run(&try, pipes[0], atol(argv[2]), guest_now_ms() + atol(argv[3]));
	race_print(try.race);
	return try.race->evil > 0;
}
