/*
 * Tries to get the code of a file into executable memory, one way after the other, and prints a line for each:
 * "way: ok", "way: ERRNO NAME", or "way: skip". Runs nothing of what it maps. Arguments: FILE (readable, not
 * empty) [WAY...].
 */
#include "guest.h"

#include <sys/ipc.h>
#include <sys/personality.h>
#include <sys/shm.h>

#define MAP_PAGE GUEST_PAGE
#define MAP_RX (PROT_READ | PROT_EXEC)
#define MAP_SKIP ((void *)-2L)

typedef void *map_way(int fd);

/* The address where the result is 0, else MAP_FAILED; what was mapped stays. */
static void *map_changed(void *at, long result)
{
	return at != MAP_FAILED && result == 0 ? at : MAP_FAILED;
}

static void *map_private(int fd)
{
	return mmap(NULL, MAP_PAGE, MAP_RX, MAP_PRIVATE, fd, 0);
}

static void *map_shared(int fd)
{
	return mmap(NULL, MAP_PAGE, MAP_RX, MAP_SHARED, fd, 0);
}

static void *map_exec_only(int fd)
{
	return mmap(NULL, MAP_PAGE, PROT_EXEC, MAP_PRIVATE, fd, 0);
}

static void *map_fixed(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? at : mmap(at, MAP_PAGE, MAP_RX, MAP_PRIVATE | MAP_FIXED, fd, 0);
}

static void *map_mprotect_private(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? at : map_changed(at, mprotect(at, MAP_PAGE, MAP_RX));
}

static void *map_mprotect_shared(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, PROT_READ, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? at : map_changed(at, mprotect(at, MAP_PAGE, MAP_RX));
}

/* After the descriptor is gone only the mapping knows the file. */
static void *map_mprotect_closed(int fd)
{
	int copy = dup(fd);
	void *at = mmap(NULL, MAP_PAGE, PROT_READ, MAP_PRIVATE, copy, 0);

	close(copy);
	return at == MAP_FAILED ? at : map_changed(at, mprotect(at, MAP_PAGE, MAP_RX));
}

static void *map_mprotect_changed(int fd)
{
	char *at = mmap(NULL, MAP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return at;
	*(volatile char *)at = 0;
	return map_changed(at, mprotect(at, MAP_PAGE, MAP_RX));
}

/* The kernel changes what lies before the hole, and fails. */
static void *map_mprotect_hole(int fd)
{
	char *at = mmap(NULL, 2 * MAP_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED || munmap(at + MAP_PAGE, MAP_PAGE) < 0)
		return MAP_FAILED;
	return map_changed(at, mprotect(at, 2 * MAP_PAGE, MAP_RX));
}

static void *map_pkey_mprotect(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? at : map_changed(at, syscall(SYS_pkey_mprotect, at, MAP_PAGE, MAP_RX, -1));
}

static void *map_mremap(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, MAP_RX, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? at : mremap(at, MAP_PAGE, 2 * MAP_PAGE, MREMAP_MAYMOVE);
}

static void *map_old_mmap(int fd)
{
	uint32_t *block = mmap(NULL, MAP_PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS
#ifdef MAP_32BIT
			| MAP_32BIT
#endif
		,
		-1, 0);
	uint32_t words[] = { 0, MAP_PAGE, MAP_RX, MAP_PRIVATE, (uint32_t)fd, 0 };
	long result;

	if (block == MAP_FAILED)
		return block;
	memcpy(block, words, sizeof(words));
#if defined(__x86_64__)
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(90L), "b"(block) : "memory", "r8", "r9", "r10", "r11");
	result = (int32_t)result;
#elif defined(__i386__)
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(90), "b"(block) : "memory");
#else
	return MAP_SKIP;
#endif
	if (result >= 0 || result < -4095)
		return (void *)(uintptr_t)(uint32_t)result;
	errno = (int)-result;
	return MAP_FAILED;
}

static void *map_shm_exec(int fd)
{
	int segment = shmget(IPC_PRIVATE, MAP_PAGE, IPC_CREAT | 0700);
	void *at = segment < 0 ? MAP_FAILED : shmat(segment, NULL, SHM_EXEC);
	int saved = errno;

	(void)fd;
	if (segment >= 0)
		shmctl(segment, IPC_RMID, NULL);
	errno = saved;
	return at;
}

static void *map_read_implies_exec(int fd)
{
	return personality(READ_IMPLIES_EXEC) < 0 ? MAP_FAILED : mmap(NULL, MAP_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
}

/* Since 4.0 it maps anew: with the rights of the old mapping, and what the personality adds. */
static void *map_remap_file_pages(int fd)
{
	void *at = mmap(NULL, 2 * MAP_PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED || personality(READ_IMPLIES_EXEC) < 0)
		return MAP_FAILED;
	return map_changed(at, syscall(SYS_remap_file_pages, at, MAP_PAGE, 0, 0, 0));
}

static void *map_anonymous(int fd)
{
	(void)fd;
	return mmap(NULL, MAP_PAGE, MAP_RX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *map_anonymous_mprotect(int fd)
{
	void *at = mmap(NULL, MAP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)fd;
	return at == MAP_FAILED ? at : map_changed(at, mprotect(at, MAP_PAGE, MAP_RX));
}

static int map_memory_file(void)
{
	int memory = (int)syscall(SYS_memfd_create, "map_program", 0);

	return memory >= 0 && ftruncate(memory, MAP_PAGE) == 0 ? memory : -1;
}

static void *map_memfd(int fd)
{
	(void)fd;
	return mmap(NULL, MAP_PAGE, MAP_RX, MAP_PRIVATE, map_memory_file(), 0);
}

static void *map_memfd_mprotect(int fd)
{
	(void)fd;
	return map_mprotect_shared(map_memory_file());
}

static void *map_bad_descriptor(int fd)
{
	(void)fd;
	return mmap(NULL, MAP_PAGE, MAP_RX, MAP_PRIVATE, -1, 0);
}

static void *map_no_length(int fd)
{
	return mmap(NULL, 0, MAP_RX, MAP_PRIVATE, fd, 0);
}

static const struct {
	const char *name;
	map_way *map;
} map_ways[] = {
	{ "mmap private", map_private },
	{ "mmap shared", map_shared },
	{ "mmap exec only", map_exec_only },
	{ "mmap fixed", map_fixed },
	{ "mprotect private", map_mprotect_private },
	{ "mprotect shared", map_mprotect_shared },
	{ "mprotect closed", map_mprotect_closed },
	{ "mprotect changed", map_mprotect_changed },
	{ "mprotect hole", map_mprotect_hole },
	{ "pkey_mprotect", map_pkey_mprotect },
	{ "mremap", map_mremap },
	{ "old_mmap", map_old_mmap },
	{ "shmat", map_shm_exec },
	{ "personality", map_read_implies_exec },
	{ "remap_file_pages", map_remap_file_pages },
	{ "anonymous", map_anonymous },
	{ "anonymous mprotect", map_anonymous_mprotect },
	{ "memfd", map_memfd },
	{ "memfd mprotect", map_memfd_mprotect },
	{ "bad descriptor", map_bad_descriptor },
	{ "no length", map_no_length },
};

/* What the kernel says of the memory itself: a result may pretend. */
static bool map_is_executable(const void *at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end;
	char line[PATH_MAX + 128];
	bool executable = false;
	char rights[5];

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx %4s", &start, &end, rights) == 3 && start <= (uintptr_t)at &&
			(uintptr_t)at < end)
			executable = rights[2] == 'x';
	fclose(maps);
	return executable;
}

/* Each way in a child of its own: some of them end it. */
static _Noreturn void map_child(map_way *map, int fd)
{
	void *at = map(fd);
	int error = errno;

	if (at == MAP_SKIP)
		printf("skip\n");
	else if (at == MAP_FAILED)
		printf("%s\n", strerrorname_np(error));
	else
		printf("%s\n", map_is_executable(at) ? "ok" : "not executable");
	fflush(stdout);
	_exit(0);
}

static void map_try(size_t way, int fd)
{
	pid_t child;
	int status;

	printf("%s: ", map_ways[way].name);
	fflush(stdout);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		map_child(map_ways[way].map, fd);
	status = guest_wait(child);
	if (status != 0)
		printf("died of %d\n", status - 128);
}

static bool map_wanted(const char *name, char *const *ways)
{
	if (!*ways)
		return true;
	for (; *ways; ways++)
		if (strcmp(*ways, name) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 2)
		guest_skip("arguments: FILE [WAY...]");
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	for (size_t way = 0; way < sizeof(map_ways) / sizeof(map_ways[0]); way++)
		if (map_wanted(map_ways[way].name, argv + 2))
			map_try(way, fd);
	return 0;
}
