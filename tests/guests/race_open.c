/*
 * Attacks that change something between the check and the use. Every file read this
 * way must begin with "allowed"; one that begins with "secret" is a break-out.
 * Arguments: kind milliseconds. Prints how often each was read; 0 when no secret was.
 * Kinds: path (a second thread rewrites the string), how (the flags of openat2),
 * dirfd (dup2 over the descriptor), cwd, and names (somebody outside flips them).
 */
#include "guest.h"

#include <linux/openat2.h>
#include <pthread.h>

static char race_path[64] = "good/file";
static struct open_how race_how = { .flags = O_RDONLY };
static volatile bool race_over;
static long race_allowed, race_secret, race_refused;

static void race_look(int fd)
{
	char text[8] = "";

	if (fd < 0) {
		race_refused++;
		return;
	}
	if (read(fd, text, sizeof(text) - 1) > 0 && memcmp(text, "secret", 6) == 0)
		race_secret++;
	else
		race_allowed++;
	close(fd);
}

static void *race_flip_path(void *unused)
{
	while (!race_over) {
		memcpy((void *)(uintptr_t)race_path, "evil", 4);
		__asm__ volatile("" ::: "memory");
		memcpy((void *)(uintptr_t)race_path, "good", 4);
		__asm__ volatile("" ::: "memory");
	}
	return unused;
}

/* RDONLY is allowed on the marked file, RDWR with O_TRUNC is not. */
static void *race_flip_how(void *unused)
{
	volatile uint64_t *flags = (volatile uint64_t *)&race_how.flags;

	while (!race_over) {
		*flags = O_RDWR | O_TRUNC;
		*flags = O_RDONLY;
	}
	return unused;
}

static void *race_flip_dirfd(void *unused)
{
	int good = open("good", O_PATH | O_DIRECTORY);
	int evil = open("evil", O_PATH | O_DIRECTORY);

	CHECK(good >= 0 && evil >= 0);
	while (!race_over) {
		dup2(evil, 50);
		dup2(good, 50);
	}
	return unused;
}

static void *race_flip_cwd(void *unused)
{
	int good = open("good", O_PATH | O_DIRECTORY);
	int evil = open("evil", O_PATH | O_DIRECTORY);

	while (!race_over)
		CHECK(fchdir(evil) == 0 && fchdir(good) == 0);
	return unused;
}

static void race_run(const char *kind, void *(*flipper)(void *), int64_t end)
{
	pthread_t thread;

	CHECK(dup2(open("good", O_PATH | O_DIRECTORY), 50) == 50);
	CHECK(!flipper || pthread_create(&thread, NULL, flipper, NULL) == 0);
	while (guest_now_ms() < end) {
		if (strcmp(kind, "dirfd") == 0)
			race_look(openat(50, "file", O_RDONLY));
		else if (strcmp(kind, "how") == 0)
			race_look((int)syscall(SYS_openat2, AT_FDCWD, "fixed", &race_how, sizeof(race_how)));
		else if (strcmp(kind, "cwd") == 0)
			race_look(open("file", O_RDONLY));
		else if (strcmp(kind, "names") == 0)
			race_look(open("flip/one/file", O_RDONLY));
		else
			race_look(open(race_path, O_RDONLY));
	}
	race_over = true;
	CHECK(!flipper || pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*flipper)(void *);
	} kinds[] = {
		{ "path", race_flip_path },
		{ "how", race_flip_how },
		{ "dirfd", race_flip_dirfd },
		{ "cwd", race_flip_cwd },
		{ "names", NULL },
	};
	int64_t end = guest_now_ms() + (argc > 2 ? atoi(argv[2]) : 1000);

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct stat status;

		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		race_run(kinds[i].name, kinds[i].flipper, end);
		if (strcmp(argv[1], "how") == 0 && stat("fixed", &status) == 0 && status.st_size == 0)
			race_secret++;
		printf("allowed %ld secret %ld refused %ld\n", race_allowed, race_secret, race_refused);
		return race_secret > 0;
	}
	return 2;
}
