/*
 * i386 calls by int $0x80 from a 64-bit program: reads or writes the file given. With
 * the ABI off the first such call kills; with it on the policy is enforced.
 * Arguments: read|write|stat|ids|map PATH. Strings must lie below 4 GB.
 */
#include "guest.h"

#ifdef __x86_64__
#include <pthread.h>

#define INT80_UPPER 0x5bad5bad00000000L /* which the kernel takes nothing of */

static void *int80_idle(void *unused)
{
	pause();
	return unused;
}

/* mmap2 of a file, to be executed, beside another thread and with something in the upper halves of all registers. */
static int int80_map(int fd)
{
	pthread_t thread;
	long result;

	CHECK(fd >= 0 && pthread_create(&thread, NULL, int80_idle, NULL) == 0);
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "push %%rbp\n\t"
			 "mov %%rbx, %%rbp\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=a"(result)
			 : "a"(192L), "b"(INT80_UPPER), "c"(INT80_UPPER | 4096),
			 "d"(INT80_UPPER | PROT_READ | PROT_EXEC), "S"(INT80_UPPER | MAP_PRIVATE), "D"(INT80_UPPER | fd)
			 : "memory", "r8", "r9", "r10", "r11");
	return (unsigned int)result < (unsigned int)-4096 ? 0 : 1;
}

static long int80_call(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

static char *int80_low(const char *text)
{
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(low != MAP_FAILED && strlen(text) < 4096);
	return strcpy(low, text);
}

int main(int argc, char **argv)
{
	char *path = int80_low(argc > 2 ? argv[2] : "");
	const char *deed = argc > 1 ? argv[1] : "";
	long fd;

	if (strcmp(deed, "ids") == 0)
		return int80_call(20, 0, 0, 0) == getpid() ? 0 : 1;
	if (strcmp(deed, "map") == 0)
		return int80_map(open(argv[2], O_RDONLY));
	if (strcmp(deed, "stat") == 0) {
		CHECK(int80_call(195, (long)path, (long)path + 4096, 0) == 0);
		return 0;
	}
	fd = int80_call(5, (long)path, strcmp(deed, "write") ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		fprintf(stderr, "open: %s\n", strerror(errno));
		return errno == EACCES || errno == ENOENT ? 3 : 1;
	}
	CHECK(read((int)fd, path + 4096, 16) >= 0 || errno == EBADF);
	return 0;
}
#else
int main(void)
{
	guest_skip("int $0x80 from 64-bit code needs a 64-bit build");
}
#endif
