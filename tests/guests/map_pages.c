/*
 * Makes memory executable in each way there is. Arguments: FILE and what is refused: allowed (nothing), file
 * (memory of FILE) or anonymous (memory that is no file).
 */
#include "guest.h"

enum { MAP_SIZE = GUEST_PAGE, MAP_HUGE = 1 << 22 };

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

/* The kernel's own code, which can be changed as a whole only; 0 where there is none. */
static size_t map_find_kernels(char **page_out)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end = 0;
	char line[PATH_MAX + 128];
	size_t size = 0;

	CHECK(maps);
#ifdef __i386__
	/* Each call of the C library goes through it. */
	fclose(maps);
	return 0;
#endif
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]") && sscanf(line, "%llx-%llx", &start, &end) == 2) {
			*page_out = (char *)(uintptr_t)start;
			size = (size_t)(end - start);
		}
	fclose(maps);
	return size;
}

/* A copy of it that was written to is memory that is no file. */
static void map_kernels(const struct maps *maps)
{
	char *page = NULL;
	size_t size = map_find_kernels(&page);

	if (!size)
		return;
	CHECK(mprotect(page, size, PROT_READ | PROT_EXEC) == 0);
	CHECK(mprotect(page, size, PROT_READ | PROT_WRITE) == 0);
	*(volatile char *)page = *(volatile char *)page;
	map_expect(mprotect(page, size, PROT_READ | PROT_EXEC), maps->anonymous_refused, "mprotect of a written vdso");
#ifdef __x86_64__
	/* Another one, where nobody looks; natively there may be one, or none without CONFIG_CHECKPOINT_RESTORE. */
	for (int which = 0x2001; which <= 0x2003; which++)
		CHECK(syscall(SYS_arch_prctl, which, 0) == -1 &&
			(errno == EINVAL || (errno == EEXIST && !maps->anonymous_refused)));
#endif
}

/* Not where there are none; none is needed as long as no page is touched. */
static void map_huge(const struct maps *maps, int flags, int fd, const char *what)
{
	void *page = mmap(NULL, MAP_HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | flags, fd, 0);

	if (page != MAP_FAILED)
		map_expect(mprotect(page, MAP_HUGE, PROT_READ | PROT_EXEC), maps->anonymous_refused, what);
}

static void map_huge_memory(const struct maps *maps)
{
	int memfd = (int)syscall(SYS_memfd_create, "memory", MFD_HUGETLB);

	map_huge(maps, MAP_ANONYMOUS | MAP_HUGETLB, -1, "mprotect of shared huge pages");
	if (memfd >= 0 && ftruncate(memfd, MAP_HUGE) == 0)
		map_huge(maps, 0, memfd, "mprotect of a memfd of huge pages");
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
	map_huge_memory(&maps);
	map_kernels(&maps);
	map_old(&maps);
	return 0;
}
