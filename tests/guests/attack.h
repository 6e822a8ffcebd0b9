/*
 * Shared by the guests that attack: each names its attacks in a table, runs the one it is told, and prints one line:
 * "works", "refused ERRNO", "nothing" (the calls went through and the attack had no effect), or, where an attack finds
 * out something else, "wrong WHAT". In the cwd are the directories good and evil, and evil/file holds "secret"; what
 * else an attack needs is its argument. Natively an attack harms only what belongs to the test.
 */
#ifndef KENNEL_TESTS_GUESTS_ATTACK_H
#define KENNEL_TESTS_GUESTS_ATTACK_H

#include "guest.h"

#include <stdarg.h>

enum { ATTACK_WORKS = 0, ATTACK_NOTHING = -1 };

/* An errno where it is refused, or one of the values above. */
struct attack {
	const char *name;
	int (*run)(const char *argument);
};

static inline _Noreturn __attribute__((format(printf, 1, 2))) void attack_wrong(const char *format, ...)
{
	va_list list;

	printf("wrong ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	puts("");
	fflush(stdout);
	_exit(0);
}

/* The result of a call whose success is the attack's. */
static inline int attack_result(long result)
{
	return result == -1 ? errno : ATTACK_WORKS;
}

/* Of several ways: it works when one does. */
static inline int attack_either(int one, int other)
{
	return one == ATTACK_WORKS || other == ATTACK_WORKS ? ATTACK_WORKS : other;
}

/* Whether what the descriptor gives is the secret; closes it. */
static inline int attack_steal(int fd)
{
	char text[8] = "";
	int result = ATTACK_NOTHING;

	if (fd < 0)
		return errno;
	if (read(fd, text, 6) < 0)
		result = errno;
	else if (strcmp(text, "secret") == 0)
		result = ATTACK_WORKS;
	close(fd);
	return result;
}

static inline int attack_read(const char *path)
{
	int result = attack_steal(open(path, O_RDONLY | O_CLOEXEC));

	if (result == ATTACK_WORKS)
		fprintf(stderr, "read through %s\n", path);
	return result;
}

/* Success is enough: nothing is read or written. */
static inline int attack_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	fprintf(stderr, "opened %s\n", path);
	close(fd);
	return ATTACK_WORKS;
}

/* What a child of this attack tells: its exit status is a result. */
static inline int attack_child(int (*run)(const char *argument), const char *argument)
{
	pid_t child = fork();
	int code;

	CHECK(child >= 0);
	if (child == 0) {
		code = run(argument);
		_exit(code == ATTACK_NOTHING ? 255 : code);
	}
	code = guest_wait(child);
	return code == 255 ? ATTACK_NOTHING : code;
}

static inline void attack_print(int result)
{
	if (result == ATTACK_WORKS)
		puts("works");
	else if (result == ATTACK_NOTHING)
		puts("nothing");
	else
		printf("refused %s\n", strerrorname_np(result) ? strerrorname_np(result) : "?");
}

static inline int attack_main(int argc, char **argv, const struct attack *attacks, size_t count)
{
	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], attacks[i].name) != 0)
			continue;
		attack_print(attacks[i].run(argc > 2 ? argv[2] : ""));
		return 0;
	}
	return 2;
}

#endif
