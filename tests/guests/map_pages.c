/*
 * Makes memory executable in each way there is. Arguments: FILE and what is refused: allowed (nothing), file
 * (memory of FILE) or anonymous (memory that is no file).
 */
#include "guest.h"

enum { MAP_SIZE = GUEST_PAGE };

struct maps {
	int fd;
	bool refused, anonymous_refused;
};

/* The call is refused, or it works. */
static void map_expect(long result, bool refused, const char *what)
{
	if (refused ? result != -1 || errno != EACCES : result == -1)
		guest_fail(__FILE__, __LINE__, what, errno);
}

/* Where the processor has no protection keys it is no call at all; the rules come before that. */
static void map_expect_keyed(char *page, int protection, bool refused)
{
	long result = syscall(SYS_pkey_mprotect, page, MAP_SIZE, protection, -1);

	if (refused || result == 0 || errno != ENOSYS)
		map_expect(result, refused, "pkey_mprotect of a file");
}

static char *map_new(int protection, int flags, int fd)
{
	char *page;

	errno = 0;
	page = mmap(NULL, MAP_SIZE, protection, flags, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

static void map_file(const struct maps *maps, int flags)
{
	static const int protections[] = { PROT_EXEC, PROT_READ | PROT_EXEC };
	/* What is private may have been written to, and is then memory that is no file. */
	bool later_refused = maps->refused || (maps->anonymous_refused && flags == MAP_PRIVATE);
	char *page;

	for (size_t i = 0; i < 2; i++) {
		page = map_new(protections[i], flags, maps->fd);
		map_expect(page ? 0 : -1, maps->refused, "mmap of a file");
		page = map_new(PROT_READ, flags, maps->fd);
		CHECK(page && page[0] == 'a');
		map_expect(mprotect(page, MAP_SIZE, protections[i]), later_refused, "mprotect of a file");
		map_expect_keyed(page, protections[i], later_refused);
		CHECK(mprotect(page, MAP_SIZE, PROT_READ) == 0 && page[0] == 'a' && munmap(page, MAP_SIZE) == 0);
	}
}

static void map_memory(const struct maps *maps)
{
	int memfd = (int)syscall(SYS_memfd_create, "memory", 0);
	char *page = map_new(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	map_expect(page ? 0 : -1, maps->anonymous_refused, "mmap of memory");
	page = map_new(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	CHECK(page);
	page[0] = 'x';
	map_expect(mprotect(page, MAP_SIZE, PROT_READ | PROT_EXEC), maps->anonymous_refused, "mprotect of memory");
	CHECK(memfd >= 0 && ftruncate(memfd, MAP_SIZE) == 0);
	page = map_new(PROT_READ | PROT_EXEC, MAP_SHARED, memfd);
	map_expect(page ? 0 : -1, maps->anonymous_refused, "mmap of a memfd");
}

#ifdef __i386__
/* The arguments of the old call are in memory. */
static void map_old(const struct maps *maps)
{
	uint32_t block[6] = { 0, MAP_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, (uint32_t)maps->fd, 0 };
	long result = syscall(SYS_mmap, block);

	map_expect(result, maps->refused, "old mmap");
	block[2] = PROT_READ;
	CHECK(syscall(SYS_mmap, block) != -1);
	CHECK_ERR(EFAULT, syscall(SYS_mmap, 8));
}
#else
static void map_old(const struct maps *maps)
{
	(void)maps;
}
#endif

int main(int argc, char **argv)
{
	struct maps maps;

	if (argc < 3)
		return 2;
	maps.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	CHECK(maps.fd >= 0);
	maps.refused = strcmp(argv[2], "file") == 0;
	maps.anonymous_refused = strcmp(argv[2], "anonymous") == 0;
	map_file(&maps, MAP_PRIVATE);
	map_file(&maps, MAP_SHARED);
	map_memory(&maps);
	map_old(&maps);
	return 0;
}
