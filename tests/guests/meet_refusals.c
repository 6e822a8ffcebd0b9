/*
 * Calls that a policy refuses return the errno, and the process goes on unharmed: registers, memory and the next
 * calls are as ever. Arguments: native|int80 chdir|exec TARGET ALLOWED. ALLOWED is a directory or a program
 * (which ends with 7).
 */
#include "guest.h"

struct refusals {
	bool int80, exec;
	char *target, *allowed;
};

#ifdef __x86_64__
static long refusals_int80(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}
#else
static long refusals_int80(long nr, long a, long b, long c)
{
	(void)nr, (void)a, (void)b, (void)c;
	guest_skip("int $0x80 from 64-bit code needs a 64-bit build");
}
#endif

/* Strings and vectors where 32 bits reach them. */
static char *refusals_low(const char *text)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *low;

#ifdef __x86_64__
	flags |= MAP_32BIT;
#endif
	low = mmap(NULL, 2 * GUEST_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	CHECK(low != MAP_FAILED && strlen(text) < 4096);
	return strcpy(low, text);
}

/* The result as the kernel gives it: -errno. */
static long refusals_call(const struct refusals *refusals, char *path)
{
	uint32_t *vector32 = (uint32_t *)(void *)(path + 4096);
	char **vector = (char **)(void *)(path + 4096);
	long result;

	if (refusals->int80 && !refusals->exec)
		return refusals_int80(12, (long)path, 0, 0);
	if (refusals->int80) {
		vector32[0] = (uint32_t)(uintptr_t)path;
		vector32[1] = 0;
		return refusals_int80(11, (long)path, (long)vector32, 0);
	}
	vector[0] = path;
	vector[1] = NULL;
	errno = 0;
	result = refusals->exec ? syscall(SYS_execve, path, vector, NULL) : syscall(SYS_chdir, path);
	return result == -1 ? -errno : result;
}

static void refusals_unharmed(void)
{
	char cwd[PATH_MAX];
	int pipes[2];
	char byte = 'x';

	CHECK(getpid() == syscall(SYS_getpid) && getcwd(cwd, sizeof(cwd)));
	CHECK(pipe(pipes) == 0 && write(pipes[1], &byte, 1) == 1 && read(pipes[0], &byte, 1) == 1 && byte == 'x');
	CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0);
}

static void refusals_expect(const struct refusals *refusals, char *path, long expected)
{
	long result = refusals_call(refusals, path);

	if (result != expected) {
		printf("%s: %ld, expected %ld\n", path, result, expected);
		exit(1);
	}
	refusals_unharmed();
}

int main(int argc, char **argv)
{
	struct refusals refusals;
	char *missing = refusals_low("missing-name");
	pid_t child;

	if (argc < 5)
		return 2;
	refusals.int80 = strcmp(argv[1], "int80") == 0;
	refusals.exec = strcmp(argv[2], "exec") == 0;
	refusals.target = refusals_low(argv[3]);
	refusals.allowed = refusals_low(argv[4]);
	for (int i = 0; i < 3; i++) {
		refusals_expect(&refusals, refusals.target, -EACCES);
		refusals_expect(&refusals, missing, -ENOENT);
	}
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		refusals_expect(&refusals, refusals.target, -EACCES);
		refusals_expect(&refusals, refusals.allowed, 0);
		_exit(7);
	}
	CHECK(guest_wait(child) == 7);
	refusals_expect(&refusals, refusals.target, -EACCES);
	puts("as expected");
	return 0;
}
